import { performance } from "node:perf_hooks";
import type { Clock } from "../../model/clock.js";
import type { Frame } from "../../model/event.js";
import { systemClock } from "../clock.js";
import { createSourceCache } from "./source-cache.js";
import { createSourceFile, MAX_SOURCE_LINE, type SourceContext, type SourceFile } from "./source-file.js";
import {
  nodeFileSystem,
  type ReadRules,
  readScript,
  readScriptSync,
  type SourceFileSystem,
} from "./source-reader.js";

/** Adds source lines to frames: `context_line`, `pre_context` and `post_context`, in place. Never throws. */
export interface SourceLines {
  /**
   * Reads what is needed off the caller's time, files of in-app frames first. Resolves in at most `timeoutMs`, with the
   * lines found until then. Frames must already have their final positions (source maps come before).
   */
  addTo(frames: readonly Frame[]): Promise<void>;
  /** For the last moment of a process: what is remembered, and a few files read synchronously. */
  addToSync(frames: readonly Frame[]): void;
}

export interface SourceLinesOptions {
  /** Lines on either side of the frame's own; 0 turns source lines off. */
  readonly contextLines: number;
  /**
   * What is remembered of files, in bytes. Default 4 MiB: each file is read once as long as all in use fit. Of a file
   * larger than half of it only the places shown are remembered.
   */
  readonly maxCacheBytes?: number;
  /** Larger files are not read. Default 16 MiB. */
  readonly maxFileBytes?: number;
  /**
   * A file changed after this time (milliseconds since the Unix epoch) is not shown: no line is better than that of
   * another release. Default: the start of the process.
   */
  readonly trustedUntilMs?: number;
  /** Longest wait of one `addTo`. Default 1000. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly fileSystem?: SourceFileSystem;
}

/** What is remembered of a file: all of it, or the places shown of one too large to keep; neither for a missing one. */
interface Known {
  readonly file?: SourceFile;
  readonly places: ReadonlyMap<string, Shown>;
  /** How often it was read; `Infinity` when it is not to be read again. */
  readonly reads: number;
  readonly bytes: number;
}

/** `undefined` when there is nothing to show. */
type Shown = SourceContext | undefined;

type FramesOfFile = readonly [path: string, frames: Frame[]];

const MISSING: Known = { places: new Map(), reads: Number.POSITIVE_INFINITY, bytes: 0 };
/** A file too large to keep is read again for a new place, but not for ever. */
const MAX_READS_OF_LARGE = 8;
const MAX_PARALLEL_READS = 2;
/** A disk that hangs must not gather readers. */
const MAX_WAITING_READS = 200;
const MAX_SYNC_READS = 5;
const MAX_CONTEXT_LINES = 50;

/** Makes the source lines of one client. */
export function createSourceLines(options: SourceLinesOptions): SourceLines {
  const { clock = systemClock, fileSystem = nodeFileSystem, timeoutMs = 1000 } = options;
  const around = Math.min(options.contextLines, MAX_CONTEXT_LINES);
  const maxCacheBytes = options.maxCacheBytes ?? 4 * 1024 * 1024;
  const rules: ReadRules = {
    maxFileBytes: options.maxFileBytes ?? 16 * 1024 * 1024,
    trustedUntilMs: options.trustedUntilMs ?? performance.timeOrigin,
  };
  const cache = createSourceCache<Known>(maxCacheBytes);
  const reading = new Map<string, Promise<SourceFile | undefined>>();
  const inTurn = createTurns(MAX_PARALLEL_READS);

  /** `true` when everything that can be known of these frames is known. */
  const showKnown = ([path, frames]: FramesOfFile): boolean => {
    const known = cache.get(path);
    if (known === undefined) return false;
    const isComplete = known.file !== undefined || known.reads >= MAX_READS_OF_LARGE;
    if (!isComplete && frames.some((frame) => !known.places.has(placeOf(frame)))) return false;
    for (const frame of frames) {
      show(frame, known.file ? contextOf(known.file, frame, around) : known.places.get(placeOf(frame)));
    }
    if (known.file !== undefined) remember(path, known.file);
    return true;
  };
  const showRead = ([path, frames]: FramesOfFile, file: SourceFile | undefined): void => {
    const contexts = frames.map((frame) => file && contextOf(file, frame, around));
    if (file === undefined) cache.set(path, MISSING);
    else if (file.bytes <= maxCacheBytes / 2) remember(path, file);
    else rememberPlaces(path, frames, contexts);
    frames.forEach((frame, i) => {
      show(frame, contexts[i]);
    });
  };
  /** Weighed anew each time, for a file in memory grows as its lines are found. */
  const remember = (path: string, file: SourceFile): void => {
    cache.set(path, { file, places: MISSING.places, reads: 1, bytes: file.bytes });
  };
  const rememberPlaces = (path: string, frames: readonly Frame[], contexts: readonly Shown[]): void => {
    const before = cache.get(path);
    const places = new Map(before?.places);
    frames.forEach((frame, i) => {
      places.set(placeOf(frame), contexts[i]);
    });
    const bytes = places.size * (2 * around + 1) * MAX_SOURCE_LINE;
    cache.set(path, { places, reads: (before?.reads ?? 0) + 1, bytes });
  };
  const read = (path: string): Promise<SourceFile | undefined> => {
    const underWay = reading.get(path);
    if (underWay !== undefined) return underWay;
    const started = inTurn(() => readScript(fileSystem, path, rules))
      .then((content) => content && createSourceFile(content))
      .finally(() => reading.delete(path));
    reading.set(path, started);
    return started;
  };

  const addNow = async (frames: readonly Frame[]): Promise<void> => {
    const unknown = framesByFile(frames).filter((group) => !showKnown(group));
    if (unknown.length === 0) return;
    let isOver = false;
    const work = unknown.map(async (group) => {
      if (reading.size >= MAX_WAITING_READS && !reading.has(group[0])) return;
      const file = await read(group[0]);
      if (!isOver) showRead(group, file);
    });
    const isDone = await isSettledWithin(Promise.allSettled(work), timeoutMs, clock);
    isOver = true;
    if (isDone) return;
    // What hangs now would hang again for the next event.
    for (const [path] of unknown) if (reading.has(path)) cache.set(path, MISSING);
  };

  return {
    async addTo(frames) {
      try {
        if (around > 0) await addNow(frames);
      } catch {
        // Frames that cannot be read or written: they stay as they are.
      }
    },
    addToSync(frames) {
      try {
        if (!(around > 0)) return;
        let reads = 0;
        for (const group of framesByFile(frames)) {
          if (showKnown(group) || reads++ >= MAX_SYNC_READS) continue;
          const content = readScriptSync(fileSystem, group[0], rules);
          showRead(group, content && createSourceFile(content));
        }
      } catch {
        // As above.
      }
    },
  };
}

/** The frames that have a place in a file and no lines yet: in-app ones first, the throwing end first. */
function framesByFile(frames: readonly Frame[]): FramesOfFile[] {
  const groups = new Map<string, Frame[]>();
  const wanted = frames
    .filter((frame) => typeof frame.abs_path === "string" && frame.lineno && frame.context_line === undefined)
    .reverse();
  for (const frame of [...wanted.filter((one) => one.in_app), ...wanted.filter((one) => !one.in_app)]) {
    const path = frame.abs_path as string;
    const group = groups.get(path);
    if (group === undefined) groups.set(path, [frame]);
    else group.push(frame);
  }
  return [...groups];
}

function placeOf(frame: Frame): string {
  return `${frame.lineno}:${frame.colno ?? ""}`;
}

function contextOf(file: SourceFile, frame: Frame, around: number): SourceContext | undefined {
  return file.contextAt(frame.lineno as number, frame.colno, around);
}

function show(frame: Frame, context: Shown): void {
  if (context === undefined) return;
  frame.context_line = context.context_line;
  frame.pre_context = [...context.pre_context];
  frame.post_context = [...context.post_context];
}

/** Runs at most `limit` works at a time, the others in the order they came. */
function createTurns(limit: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let active = 0;
  return async (work) => {
    if (active < limit) active++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) active--;
      else next();
    }
  };
}

async function isSettledWithin(work: Promise<unknown>, timeoutMs: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.schedule(() => resolve(false), timeoutMs);
    const settle = (): void => {
      timer.cancel();
      resolve(true);
    };
    work.then(settle, settle);
  });
}
