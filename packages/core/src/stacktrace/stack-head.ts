/** Where the first line of a stack text ends, and how sure that is. */
export interface StackHead {
  /** Index of the first character behind the head. */
  readonly end: number;
  /** The head ends exactly where the error's message does. */
  readonly isCertain: boolean;
}

const STARTS_WITH_FRAME = /^[ \t]{1,16}at /;

/** How far into a stack its message may begin: parsers put an excerpt of the source before it. */
const EXCERPT = 8192;
const PROBE = 64;
const COMPARISONS = 4;

/**
 * Finds the end of the `name: message` head, whatever the message imitates.
 *
 * The name is not relied on: it is often set after the text was made, and Node writes codes behind it
 * (`TypeError [ERR_X]: …`). When the message was changed since the text was made, the part both still share marks the
 * head as far as it goes; when they share nothing, the first line is the head. In both cases `isCertain` is `false`.
 */
export function findHead(stack: string, name: string, message: string): StackHead {
  if (message === "") {
    const end = lineEnd(stack, 0);
    const isName = end === 0 || (end < 256 && stack.startsWith(name) && !stack.slice(0, end).includes(": "));
    return STARTS_WITH_FRAME.test(stack) ? { end: 0, isCertain: false } : { end, isCertain: isName };
  }
  const start = exactStart(stack, name, message);
  if (start !== undefined) return { end: start + message.length, isCertain: true };
  return { end: changedEnd(stack, message), isCertain: false };
}

/** Index of the next line feed, or the length of the text. */
export function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

/** `startsWith` goes by single characters; comparing slices is native, and many times faster for megabytes. */
function isAt(text: string, start: number, part: string): boolean {
  return text.slice(start, start + part.length) === part;
}

function exactStart(stack: string, name: string, message: string): number | undefined {
  const endsLine = (start: number): boolean => {
    const end = start + message.length;
    return end === stack.length || (end < stack.length && stack.charCodeAt(end) === 10);
  };
  const usual = name.length + 2;
  if (stack.startsWith(": ", name.length) && endsLine(usual) && isAt(stack, usual, message)) return usual;

  const probe = message.slice(0, PROBE);
  const beginning = stack.slice(0, EXCERPT);
  let comparisons = 0;
  for (let at = beginning.indexOf(probe); at !== -1; at = beginning.indexOf(probe, at + 1)) {
    const opens = at === 0 || stack.charCodeAt(at - 1) === 10 || stack.startsWith(": ", at - 2);
    if (!opens || !endsLine(at)) continue;
    if (isAt(stack, at, message)) return at;
    if (++comparisons === COMPARISONS) break;
  }
  return undefined;
}

/** The message was wrapped, extended or cut after the text was made: skip every line both have in common. */
function changedEnd(stack: string, message: string): number {
  const end = lineEnd(stack, 0);
  if (STARTS_WITH_FRAME.test(stack)) return 0;
  const line = stack.slice(0, Math.min(end, 256));
  const colon = line.indexOf(": ");
  const start = colon === -1 ? 0 : colon + 2;
  const known = line.slice(start, start + PROBE);
  const shared = known === "" ? -1 : message.slice(0, EXCERPT).indexOf(known);
  return shared === -1 ? end : lineEnd(stack, start + sharedLength(stack, start, message, shared));
}

const CHUNK = 4096;

/** How many characters two texts have in common from the given places on; by chunks, because that is native. */
function sharedLength(left: string, leftStart: number, right: string, rightStart: number): number {
  const most = Math.min(left.length - leftStart, right.length - rightStart);
  let length = 0;
  while (length + CHUNK <= most) {
    const next = right.slice(rightStart + length, rightStart + length + CHUNK);
    if (!isAt(left, leftStart + length, next)) break;
    length += CHUNK;
  }
  while (length < most && left[leftStart + length] === right[rightStart + length]) length++;
  return length;
}
