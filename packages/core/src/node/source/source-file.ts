import { isAscii } from "node:buffer";
import { createLineIndex } from "./source-line-index.js";

/** What a frame shows of its source. */
export interface SourceContext {
  readonly context_line: string;
  readonly pre_context: readonly string[];
  readonly post_context: readonly string[];
}

/** A source file in memory, with its lines found as far as they were needed. */
export interface SourceFile {
  /** What it weighs, in bytes; grows as lines are found. */
  readonly bytes: number;
  /**
   * The line at `lineno` with `around` lines before and after; long lines are cut, the line itself around its column.
   *
   * @returns `undefined` when the file has no such place: then it is not the file that was running
   */
  contextAt(lineno: number, colno: number | undefined, around: number): SourceContext | undefined;
}

/** Most characters shown of one line, marks included. */
export const MAX_SOURCE_LINE = 240;
const MARK = "…";
/** A line of more bytes is decoded once for all frames on it. */
const LONG_LINE_BYTES = 65_536;

/** Of a neighbouring line no more bytes are decoded than its first characters may take. */
const MOST_DECODED = 4 * MAX_SOURCE_LINE;
/** Places of one file whose neighbours are remembered: failures come from few of them, again and again. */
const MOST_KNOWN = 50;

type CaptureContext = Pick<SourceContext, "pre_context" | "post_context">;

/** Wraps the bytes of a source file, UTF-8. */
export function createSourceFile(content: Buffer): SourceFile {
  const lines = createLineIndex(content);
  const isPlain = isAscii(content);
  const known = new Map<string, CaptureContext>();
  let knownBytes = 0;
  let longLine: { readonly lineno: number; readonly text: string } | undefined;

  /** The text around a column, without decoding megabytes when each byte is a character. */
  const windowAt = (lineno: number, colno: number): string | undefined => {
    const range = lines.rangeOf(lineno);
    if (range === undefined) return undefined;
    if (isPlain) {
      const slice = (from: number, to: number): string =>
        content.toString("latin1", range.start + from, range.start + to);
      return cut(slice, range.end - range.start, colno);
    }
    const text =
      longLine?.lineno === lineno ? longLine.text : content.toString("utf8", range.start, range.end);
    if (range.end - range.start > LONG_LINE_BYTES) longLine = { lineno, text };
    return cutText(lineno, text, colno);
  };
  const neighbours = (first: number, last: number): string[] => {
    const found: string[] = [];
    for (let lineno = Math.max(1, first); lineno <= last; lineno++) {
      const text = beginning(lineno);
      if (text === undefined) break;
      found.push(text);
    }
    return found;
  };
  /** Neighbours are shown from their start. */
  const beginning = (lineno: number): string | undefined => {
    const range = lines.rangeOf(lineno);
    if (range === undefined) return undefined;
    const text = content.toString("utf8", range.start, Math.min(range.end, range.start + MOST_DECODED));
    return cutText(lineno, text, 1);
  };
  const surroundingsOf = (lineno: number, around: number): CaptureContext => {
    const place = `${lineno}:${around}`;
    const before = known.get(place);
    if (before !== undefined) return before;
    if (known.size >= MOST_KNOWN) {
      known.clear();
      knownBytes = 0;
    }
    const found = {
      pre_context: neighbours(lineno - around, lineno - 1),
      post_context: neighbours(lineno + 1, lineno + around),
    };
    known.set(place, found);
    for (const text of [...found.pre_context, ...found.post_context]) knownBytes += textBytes(text);
    return found;
  };

  return {
    get bytes() {
      return content.length + lines.bytes + knownBytes + (longLine?.text.length ?? 0) * 2;
    },
    contextAt(lineno, colno, around) {
      const context_line = windowAt(lineno, colno ?? 1);
      return context_line === undefined ? undefined : { context_line, ...surroundingsOf(lineno, around) };
    },
  };
}

/** What the text of a line keeps in memory: of one that was cut, all that was decoded. */
function textBytes({ length }: string): number {
  return 2 * (length < MAX_SOURCE_LINE - 2 ? length : MOST_DECODED);
}

/** V8 does not count a byte order mark. */
function cutText(lineno: number, text: string, colno: number): string | undefined {
  const line = lineno === 1 && text.startsWith("\uFEFF") ? text.slice(1) : text;
  return cut((from, to) => line.slice(from, to), line.length, colno);
}

/** `undefined` when the column lies behind the end of the line. */
function cut(slice: (from: number, to: number) => string, length: number, colno: number): string | undefined {
  if (colno > length + 1) return undefined;
  if (length <= MAX_SOURCE_LINE) return slice(0, length);
  const room = MAX_SOURCE_LINE - 2 * MARK.length;
  const start = Math.max(0, Math.min(colno - 1 - room / 2, length - room));
  const end = start + room;
  return `${start > 0 ? MARK : ""}${whole(slice(start, end))}${end < length ? MARK : ""}`;
}

/** Without the half of a character that a cut left at either end. */
function whole(text: string): string {
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  return text.slice(
    first >= 0xdc00 && first <= 0xdfff ? 1 : 0,
    last >= 0xd800 && last <= 0xdbff ? -1 : undefined,
  );
}
