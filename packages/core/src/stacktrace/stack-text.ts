import { Recent } from "../model/recent.js";
import { findHead, lineEnd, type StackHead } from "./stack-head.js";

/** Most frame lines of one stack, and most characters of one line. */
export const MAX_FRAME_LINES = 50;
export const MAX_LINE_LENGTH = 1024;

/** Of a longer stack: always these from the throwing end and from the other; the rest goes to the application's own. */
const KEEP_TOP = 20;
const KEEP_BOTTOM = 10;
/** How many lines below the top are looked at when choosing the rest. */
const CHOICE = 200;
const MAX_SCANNED_LINES = 25_000;
/** V8 keeps a whole text alive for each piece cut from it: lines of a longer one are copied. */
const LONGEST_SHARED = 16_384;

/**
 * The frame lines of a stack, without the `name: message` head; throwing frame first, as V8 writes them.
 *
 * At most 50 lines of at most 1024 characters, with V8's indentation whatever theirs was: of a longer stack both ends are kept and, between them, the lines of the
 * application before those of packages; a longer line loses its middle, never its line and column.
 *
 * A message that imitates frame lines yields none, because the head is cut off by the message itself. When the message
 * was changed after the stack was made, or the text holds several blocks of frame lines, the rule is: lines the text
 * shares with the message belong to the head; of the blocks behind it the **last** one is the stack. Only behind an
 * exactly matched head a `Caused by:` ends the stack, and separators of long stack traces join their blocks. The one
 * imitation that text alone cannot tell is of a message that ended in frame lines and was replaced by an unrelated one.
 *
 * @param stack - the `stack` property, whatever it is; anything but text yields `[]`
 */
export function frameLines(stack: unknown, name: string, message: string): readonly string[] {
  if (typeof stack !== "string" || stack === "") return [];
  const head = findHead(stack, name, message);
  let starts = blockOf(stack, head, isFrameLine);
  if (starts.length === 0) starts = blockOf(stack, head, isIndentedOtherwise);
  const lines = chosen(stack, starts);
  const place = name === "SyntaxError" ? parsedPlace(stack) : undefined;
  if (place !== undefined && !lines[0]?.includes(place.slice("    at ".length))) lines.unshift(place);
  return stack.length > LONGEST_SHARED ? (JSON.parse(JSON.stringify(lines)) as string[]) : lines;
}

function blockOf(stack: string, { end, isCertain }: StackHead, isFrame: IsFrame): number[] {
  return isCertain ? blockBehind(stack, end, isFrame) : lastBlock(stack, end, isFrame);
}

/** Node puts the place in front of a SyntaxError: `file:line`, the line, and marks below it. */
function parsedPlace(stack: string): string | undefined {
  const place = /^([^\n]{1,1000}:\d{1,9})\n[^\n]*\n[ \t]*\^+[ \t]*\n/.exec(stack)?.[1];
  return place === undefined ? undefined : `    at ${place}`;
}

/** Whether a frame line stands for the application's own code. */
export type OwnCode = (line: string) => boolean;

/** The topmost positions of a stack. */
export interface TopPositions {
  /** Joined by `|`, as V8 printed them; `""` for none. */
  readonly text: string;
  /** Whether they are in-app lines. */
  readonly areOwn: boolean;
}

/**
 * The positions of the topmost in-app lines: part of the key by which repeats are recognised. Without any in-app line
 * the topmost of all serve.
 *
 * @param lines - what {@link frameLines} gave
 * @param isOwn - which lines are in-app. Default: those neither of Node nor in `node_modules`
 */
export function topPositions(
  lines: readonly string[],
  count: number,
  isOwn: OwnCode = isOwnCode,
): TopPositions {
  let positions = "";
  let found = 0;
  for (let i = 0; i < lines.length && found < count; i++) {
    const line = lines[i] as string;
    if (!hasPosition(line) || !isOwn(line)) continue;
    positions += found++ === 0 ? position(line) : `|${position(line)}`;
  }
  if (found > 0) return { text: positions, areOwn: true };
  return { text: lines.filter(hasPosition).slice(0, count).map(position).join("|"), areOwn: false };
}

/** Stacks that came lately, without their heads, and what {@link topPositions} are theirs. */
const recentPositions = new Recent<{
  readonly tail: string;
  readonly count: number;
  readonly isOwn: OwnCode;
  readonly positions: TopPositions;
}>();

/**
 * {@link topPositions} of a stack text, quick when the last few stacks had the same frames: failures of one place differ
 * in their messages alone. What is remembered holds a text's own characters only, and of long texts nothing.
 *
 * @param stack - as {@link frameLines} takes it
 * @param isOwn - as {@link topPositions} takes it; the same function each time
 */
export function stackPositions(
  stack: string,
  name: string,
  message: string,
  count: number,
  isOwn: OwnCode = isOwnCode,
): TopPositions {
  const head = findHead(stack, name, message);
  // Only behind a certain head do the lines depend on nothing else.
  if (!head.isCertain || stack.length - head.end > LONGEST_REMEMBERED)
    return topPositions(frameLines(stack, name, message), count, isOwn);
  const tail = stack.slice(head.end);
  for (const known of recentPositions.items)
    if (known.tail === tail && known.count === count && known.isOwn === isOwn) return known.positions;
  const positions = topPositions(chosen(stack, blockBehind(stack, head.end, isFrameLine)), count, isOwn);
  recentPositions.add({ tail, count, isOwn, positions });
  return positions;
}

const LONGEST_REMEMBERED = 8192;

function position(line: string): string {
  const open = line.charCodeAt(line.length - 1) === CLOSING ? line.indexOf(" (") : -1;
  return open === -1 ? line.slice(line.startsWith("async ", 7) ? 13 : 7) : line.slice(open + 2, -1);
}

/** A guess on the raw line, for choosing only: neither Node's own, nor a package's, and with a position. */
function isOwnCode(line: string): boolean {
  return hasPosition(line) && !line.includes("node_modules") && !line.includes("node:");
}

/** Ends in digits; those of `Promise.all (index 3)` change from failure to failure. */
function hasPosition(line: string): boolean {
  const isClosed = line.charCodeAt(line.length - 1) === CLOSING;
  const last = line.charCodeAt(line.length - (isClosed ? 2 : 1));
  return last >= 48 && last <= 57 && !line.includes("(index ");
}

const CLOSING = ")".charCodeAt(0);

/** Behind a certain head: usually everything up to the end of the text. Offsets of the lines' beginnings. */
function blockBehind(stack: string, from: number, isFrame: IsFrame): number[] {
  let starts: number[] = [];
  let isBroken = false;
  let scanned = 0;
  for (let start = lineEnd(stack, from) + 1; start < stack.length && scanned++ < MAX_SCANNED_LINES; ) {
    const end = lineEnd(stack, start);
    if (isFrame(stack, start)) {
      if (isBroken) starts = [];
      isBroken = false;
      starts.push(start);
    } else {
      const line = stack.slice(start, Math.min(end, start + MAX_LINE_LENGTH));
      if (starts.length > 0 && CAUSE.test(line)) break;
      isBroken ||= !JOINT.test(line);
    }
    start = end + 1;
  }
  return starts;
}

/** Behind an uncertain head: the last block of the text, searched from its end, so that a long head costs nothing. */
function lastBlock(stack: string, from: number, isFrame: IsFrame): number[] {
  const starts: number[] = [];
  let end = stack.length;
  for (let scanned = 0; end > from && scanned < MAX_SCANNED_LINES; scanned++) {
    const start = Math.max(stack.lastIndexOf("\n", end - 1) + 1, from);
    if (isFrame(stack, start)) starts.push(start);
    else if (starts.length > 0 && !ARROW.test(stack.slice(start, Math.min(end, start + MAX_LINE_LENGTH))))
      break;
    end = start - 1;
  }
  return starts.reverse();
}

/** How other libraries introduce the stack of a cause within a stack. */
const CAUSE = /^\s{0,16}(?:\[cause\]|caused by|cause)\b|^\s{0,16}\[cause\]/i;
/** What source-map support prints below a frame. */
const ARROW = /^\s{0,16}->/;
/** Blank lines, arrows, and the separators of long stack traces: the stack goes on behind them. */
const JOINT = /^\s{0,16}(?:$|->|-{8,}|From previous event:)/;

type IsFrame = (stack: string, start: number) => boolean;

function isFrameLine(stack: string, start: number): boolean {
  return stack.startsWith("    at ", start);
}

/** As other engines and libraries write them, with a place at the end. */
function isIndentedOtherwise(stack: string, start: number): boolean {
  OTHERWISE.lastIndex = start;
  return OTHERWISE.test(stack);
}

const OTHERWISE = /[ \t]{0,16}at [^\n]{0,1024}?(?:\)|:\d{1,9})\r?(?:\n|$)/y;

function chosen(stack: string, starts: readonly number[]): string[] {
  const line = (start: number): string => shortened(stack, start, lineEnd(stack, start));
  if (starts.length <= MAX_FRAME_LINES) return starts.map(line);

  const top = starts.slice(0, KEEP_TOP).map(line);
  const bottom = starts.slice(-KEEP_BOTTOM).map(line);
  const between = starts.slice(KEEP_TOP, Math.min(CHOICE, starts.length - KEEP_BOTTOM)).map(line);
  const room = MAX_FRAME_LINES - KEEP_TOP - KEEP_BOTTOM;
  const own = between.filter(isOwnCode).length;
  let others = Math.max(0, room - own);
  const rest = between.filter((text) => isOwnCode(text) || others-- > 0);
  return [...top, ...rest.slice(0, room), ...bottom];
}

/** A long line keeps its beginning (function, root of the path) and, twice as long, its end (file, line, column). */
function shortened(stack: string, start: number, lineFeed: number): string {
  const end = stack.charCodeAt(lineFeed - 1) === 13 ? lineFeed - 1 : lineFeed;
  if (!isFrameLine(stack, start)) {
    const line = `    ${stack.slice(start, end).trimStart()}`;
    return line.length <= MAX_LINE_LENGTH ? line : shortened(line, 0, line.length);
  }
  if (end - start <= MAX_LINE_LENGTH) return stack.slice(start, end);
  const front = Math.floor(MAX_LINE_LENGTH / 3);
  return `${stack.slice(start, start + front)}…${stack.slice(end - (MAX_LINE_LENGTH - front - 1), end)}`;
}
