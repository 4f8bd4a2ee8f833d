import { linesOf, type StackText, stackBytes } from "../capture/stack.js";
import { Recent } from "../recent.js";
import { type OwnCode, stackPositions, topPositions } from "../stacktrace/stack-text.js";

const TOP_FRAMES = 3;
const MESSAGE_LENGTH = 200;

/**
 * The key by which repeats are recognised: type, normalised message and the positions of the topmost in-app frames,
 * taken from the raw stack text. Two different failures under one key are worse than one failure under two, so only
 * what surely varies within one failure is normalised (see {@link normaliseMessage}).
 *
 * @param fingerprint - what the application gave instead; `{{ default }}` stands for the key it would have without
 * @param isOwn - which frames are in-app, where the application says so; the same function each time
 */
export function repeatKey(
  type: string,
  message: string,
  stack: StackText,
  fingerprint?: readonly string[],
  isOwn?: OwnCode,
): string {
  if (fingerprint === undefined) return ownKey(type, message, stack, isOwn);
  const parts = fingerprint.map((part) =>
    /^\{\{\s*default\s*\}\}$/.test(part) ? ownKey(type, message, stack, isOwn) : part,
  );
  return `fingerprint\n${parts.join("\n")}`;
}

/** A failure as it was told, and its key. */
interface KnownKey {
  readonly type: string;
  readonly message: string;
  readonly stack: StackText;
  readonly isOwn: OwnCode | undefined;
  readonly key: string;
}

/** In a storm the same texts come again and again; comparing them takes a hundredth of reading them. */
const recentKeys = new Recent<KnownKey>();

function ownKey(type: string, message: string, stack: StackText, isOwn: OwnCode | undefined): string {
  for (const known of recentKeys.items)
    if (
      known.message === message &&
      known.type === type &&
      known.isOwn === isOwn &&
      isSameStack(known.stack, stack)
    )
      return known.key;
  const key = `${type}\n${normaliseMessage(message)}\n${positionsOf(stack, isOwn)}`;
  if (stackBytes(stack) + message.length <= LONGEST_REMEMBERED)
    recentKeys.add({ type, message, stack, isOwn, key });
  return key;
}

/** So that what is remembered of the largest texts weighs little, too. */
const LONGEST_REMEMBERED = 8192;

function positionsOf(stack: StackText, isOwn: OwnCode | undefined): string {
  return "lines" in stack
    ? topPositions(linesOf(stack), TOP_FRAMES, isOwn)
    : stackPositions(stack.raw, stack.name, stack.message, TOP_FRAMES, isOwn);
}

function isSameStack(left: StackText, right: StackText): boolean {
  if ("lines" in left || "lines" in right) return left === right;
  return left.raw === right.raw && left.message === right.message && left.name === right.name;
}

/**
 * A message without what differs from one occurrence to the next: UUIDs and hexadecimal ids of 8 digits and more become
 * `<id>`, other numbers `<n>`, text in quotes `<text>`, paths and URLs `<path>`. Only its first 200 characters count.
 */
export function normaliseMessage(message: string): string {
  const start = message.slice(0, MESSAGE_LENGTH);
  if (!VARYING.test(start)) return start;
  return start
    .replace(/"[^"\n]*"|'[^'\n]*'|`[^`\n]*`/g, "<text>")
    .replace(/[a-z]+:\/\/[^\s<>]+|(?<![\w<])(?:\/[\w.@%+-]+){2,}|\b[A-Z]:\\[^\s<>]+/gi, "<path>")
    .replace(/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b(?=[a-f]*\d)[0-9a-f]{8,}\b/gi, "<id>")
    .replace(/\d+(?:[.,:]\d+)*/g, "<n>");
}

/** What at least one of stands in everything that is normalised. */
const VARYING = /[\d"'`/\\-]/;
