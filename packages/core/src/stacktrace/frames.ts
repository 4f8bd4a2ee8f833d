import type { Frame } from "../model/event.js";
import { isCorvidLine } from "./corvid-code.js";
import { insideRoot, isWindowsPath, sourcePath } from "./source-path.js";
import { parseStackLine, type StackLine } from "./stack-line.js";
import type { OwnCode } from "./stack-text.js";

/** What decides which frames are the application's own, and what their paths are relative to. */
export interface FrameOptions {
  /** Absolute path of the project, with or without a slash at its end; `""` when unknown. */
  readonly projectRoot: string;
  /** Paths that are the application's own in spite of everything: a text they contain, or an expression they match. */
  readonly inAppInclude: readonly (string | RegExp)[];
  /** Paths that are not the application's own, unless included. */
  readonly inAppExclude: readonly (string | RegExp)[];
}

/**
 * Frames of frame lines; of the lines V8 writes (throwing frame first), in the order the wire wants (oldest first).
 *
 * `in_app` is `true` when `inAppInclude` matches; else `false` when `inAppExclude` matches, and for Node's own code,
 * packages in `node_modules`, native and anonymous code, WebAssembly and `data:` URLs; else `true`. Code made by `eval`
 * counts as the place that called `eval`.
 *
 * @param lines - what `frameLines` gave; anything that is no frame is left out
 * @returns `[]` for no frames; never throws
 */
export function framesFromLines(lines: readonly string[], options: FrameOptions): Frame[] {
  const known = framesKnownBy(options);
  const frames: Frame[] = [];
  for (let i = lines.length - 1; i >= 0; i--) {
    const frame = known.get(lines[i]!) ?? learn(lines[i]!, options, known);
    // A copy, because hooks may change the frames of their event.
    if (frame !== undefined && frame !== CORVID) frames.push({ ...frame });
  }
  return frames;
}

/** Frames by their lines: an application fails in few places, and taking a line apart takes long. */
type KnownFrames = Map<string, Frame>;

const MOST_KNOWN = 500;
/** Stands for a frame of Corvid's, which no event shows. */
const CORVID: Frame = {};
const knownFrames = new WeakMap<FrameOptions, KnownFrames>();

function framesKnownBy(options: FrameOptions): KnownFrames {
  let known = knownFrames.get(options);
  if (known === undefined) {
    known = new Map();
    knownFrames.set(options, known);
  }
  return known;
}

function learn(text: string, options: FrameOptions, known: KnownFrames): Frame | undefined {
  try {
    const line = parseStackLine(text);
    if (line === undefined) return undefined;
    const frame = isCorvidLine(text) ? CORVID : frameFromLine(line, options);
    if (known.size >= MOST_KNOWN) known.clear();
    // Copied, because each piece of a stack's text would keep all of it alive.
    const [ownText, ownFrame] = JSON.parse(JSON.stringify([text, frame])) as [string, Frame];
    known.set(ownText, frame === CORVID ? CORVID : ownFrame);
    return frame === CORVID ? CORVID : ownFrame;
  } catch {
    // One odd line, or a pattern of the user's that throws, must not cost the other frames.
    return undefined;
  }
}

function frameFromLine(line: StackLine, options: FrameOptions): Frame {
  const name = line.function === undefined || line.function === "<anonymous>" ? "?" : line.function;
  const frame: Frame = { function: name.slice(0, LONGEST_NAME) };
  if (line.source !== undefined) Object.assign(frame, sourcePath(line.source, options.projectRoot));
  if (line.line !== undefined && line.line > 0) frame.lineno = line.line;
  if (line.column !== undefined && line.column > 0) frame.colno = line.column;
  frame.in_app = isInApp(frame.abs_path, options);
  return frame;
}

/**
 * The same rule for lines that are not read into frames, where the application has a say in it; `undefined` where it has
 * none, and a look at the line will do.
 */
export function ownCodeRule(options: FrameOptions): OwnCode | undefined {
  const { inAppInclude, inAppExclude, projectRoot } = options;
  if (inAppInclude.length === 0 && inAppExclude.length === 0 && !FOREIGN.test(`${projectRoot}/`))
    return undefined;
  return (line) => {
    try {
      const source = parseStackLine(line)?.source;
      return source !== undefined && isInApp(sourcePath(source, "").abs_path, options);
    } catch {
      return false; // A pattern of the user's that throws.
    }
  };
}

function isInApp(path: string | undefined, options: FrameOptions): boolean {
  if (path === undefined) return false;
  const matches = (pattern: string | RegExp): boolean => isMatch(path, pattern);
  if (options.inAppInclude.some(matches)) return true;
  if (options.inAppExclude.some(matches)) return false;
  // The application itself may be installed as a package: a command.
  return !FOREIGN.test(insideRoot(path, options.projectRoot) ?? path);
}

const LONGEST_NAME = 256;

/** Node's own, WebAssembly, inline modules, unnamed scripts, packages. */
const FOREIGN = /^(?:node|wasm|data):|<anonymous>|(?:^|[\\/])node_modules[\\/]/;

/** On Windows a pattern may be written with either separator. `search` ignores the state of `g` and `y` expressions. */
function isMatch(path: string, pattern: string | RegExp): boolean {
  const found = (text: string): boolean =>
    typeof pattern === "string" ? pattern !== "" && text.includes(pattern) : text.search(pattern) !== -1;
  return found(path) || (isWindowsPath(path) && found(path.replaceAll("\\", "/")));
}
