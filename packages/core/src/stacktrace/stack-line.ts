import ErrorStackParser from "error-stack-parser";
import { MAX_LINE_LENGTH } from "./stack-text.js";

/** One frame line taken apart, nothing interpreted yet. */
export interface StackLine {
  /** As V8 names it, without `async ` and ` [as alias]`; absent when it has no name. */
  readonly function?: string;
  /** Path, URL or script name as printed; absent for native and anonymous code. */
  readonly source?: string;
  readonly line?: number;
  readonly column?: number;
}

/**
 * Takes one frame line apart.
 *
 * error-stack-parser reads the ordinary lines. It drops lines without a number (`Array.map (<anonymous>)`,
 * `Promise.all (index 0)`) and garbles evals, parentheses and WebAssembly: those are read here. Its expressions are
 * quadratic, so it is shown bounded lines that it is known to read right, and no others.
 *
 * @returns `undefined` for text that is no frame
 */
export function parseStackLine(text: string): StackLine | undefined {
  if (!text.startsWith("    at ") || text.length > MAX_LINE_LENGTH) return undefined;
  const call = text.startsWith("async ", 7) ? text.slice(13) : text.slice(7);
  const parsed =
    text.length <= LONGEST_ORDINARY && ORDINARY.test(call) ? parseOrdinary(call) : parsePeculiar(call);
  return parsed?.function === undefined && parsed?.source === undefined && parsed?.line === undefined
    ? undefined
    : parsed;
}

/** Beyond it the parser's expressions take too long. */
const LONGEST_ORDINARY = 256;

/** `name (source:1:2)` or `source:1:2` without further parentheses, evals and placeholders. */
const ORDINARY =
  /^(?!eval at |eval:|<anonymous>)[^()\s][^()]*(?: \((?!eval:|<anonymous>|\s)[^()]+:\d{1,9}:\d{1,9}\)|:\d{1,9}:\d{1,9})$/;

function parseOrdinary(call: string): StackLine {
  const [frame] = ErrorStackParser.parse({ name: "", message: "", stack: `    at ${call}` });
  return stackLine(frame?.functionName, frame?.fileName, frame?.lineNumber, frame?.columnNumber);
}

/** No spreads here: they would cost more than the parsing. The parser gives numbers as text. */
function stackLine(
  name: string | undefined,
  source: string | undefined,
  line?: string | number,
  column?: string | number,
): StackLine {
  const parsed: { -readonly [Key in keyof StackLine]: StackLine[Key] } = {};
  if (name) parsed.function = withoutAlias(name);
  if (source) parsed.source = source;
  if (line !== undefined) parsed.line = Number(line);
  if (column !== undefined) parsed.column = Number(column);
  return parsed;
}

function withoutAlias(name: string): string {
  const alias = name.endsWith("]") ? name.lastIndexOf(" [as ") : -1;
  return alias > 0 ? name.slice(0, alias) : name;
}

function parsePeculiar(call: string): StackLine | undefined {
  if (call === "<anonymous>") return { function: call };
  const isNamed = call.endsWith(")") && !call.startsWith("eval at ");
  if (!isNamed) return PLACED.test(call) ? located(undefined, call) : undefined;
  const open = openOfLocation(call);
  return open === -1 ? undefined : located(call.slice(0, open), call.slice(open + 2, -1));
}

/** A line without a name must at least say where it is, or any words would be a frame. */
const PLACED = /:\d{1,9}$|^wasm:/;

/** Where a location can begin: a path, a URL, an eval, or one of V8's words for native code. */
const LOCATION = / \((?=[/\\]|[A-Za-z]:[\\/]|[a-z][a-z+.-]{1,30}:|eval at |<anonymous>|native\)|index \d)/;

/** Index of the ` (` that opens the location. Names and paths may both hold parentheses. */
function openOfLocation(call: string): number {
  const clear = call.search(LOCATION);
  if (clear !== -1) return clear;
  let depth = 0;
  for (let i = call.length - 1; i > 0; i--) {
    if (call[i] === ")") depth++;
    else if (call[i] === "(" && --depth === 0) return call[i - 1] === " " ? i - 1 : -1;
  }
  return -1;
}

function located(name: string | undefined, location: string): StackLine {
  if (location.startsWith("eval at ")) return located(name, evalOrigin(location));
  if (NOWHERE.test(location)) return stackLine(name, undefined);
  const wasm = WASM.exec(location);
  if (wasm !== null) return stackLine(name || wasm[2], wasm[1]);
  const place = PLACE.exec(location);
  const source = place?.[1] === "<anonymous>" || place?.[1] === "eval" ? undefined : place?.[1];
  return stackLine(name, source, place?.[2], place?.[3]);
}

const NOWHERE = /^(?:<anonymous>|native|index \d+)$/;
const WASM = /^(wasm:.*?):(wasm-function\[\d{1,9}\])(?::0x[0-9a-f]{1,9})?$/;
const PLACE = /^(.*?)(?::(\d{1,9}))?(?::(\d{1,9}))?$/s;

/** `eval at f (eval at g (/x.js:1:2), <anonymous>:3:4), <anonymous>:5:6`: the innermost origin is in a file. */
function evalOrigin(location: string): string {
  let origin = location;
  while (origin.startsWith("eval at ")) {
    const open = origin.search(LOCATION);
    if (open === -1) return "<anonymous>";
    origin = origin.slice(open + 2);
  }
  return /^.*?:\d{1,9}:\d{1,9}(?=\))/s.exec(origin)?.[0] ?? "<anonymous>";
}
