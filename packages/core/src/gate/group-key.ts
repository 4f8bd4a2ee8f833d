import { linesOf, type StackText, stackBytes } from "../capture/stack.js";
import { Recent } from "../model/recent.js";
import { type OwnCode, stackPositions, topPositions } from "../stacktrace/stack-text.js";
import { normaliseMessage } from "./normalise-message.js";

const TOP_FRAMES = 3;

/**
 * The key of a failure's group: type, normalised message, the positions of the topmost in-app frames, read from the raw
 * stack text, and the details of {@link groupDetails}. Two different failures under one key are worse than one
 * failure under two, so only what surely varies within one failure is normalised (see {@link normaliseMessage}).
 *
 * @param fingerprint - what the application gave instead; `{{ default }}` stands for the key it would have without
 * @param isOwn - which frames are in-app, where the application says so; the same function each time
 * @param details - the result of {@link groupDetails}
 */
export function groupKey(
  type: string,
  message: string,
  stack: StackText,
  fingerprint?: readonly string[],
  isOwn?: OwnCode,
  details = "",
): string {
  if (fingerprint === undefined) return ownKey(type, message, stack, isOwn) + details;
  const parts = fingerprint.map((part) =>
    /^\{\{\s*default\s*\}\}$/.test(part) ? ownKey(type, message, stack, isOwn) + details : part,
  );
  return `fingerprint\n${parts.join("\n")}`;
}

/** The texts of a failure, and its key. */
interface KnownKey {
  readonly type: string;
  readonly message: string;
  readonly stack: StackText;
  readonly isOwn: OwnCode | undefined;
  readonly key: string;
}

/** A storm repeats the same texts, and comparing them takes a hundredth of the time of reading them. */
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

/** Bounds the memory of the cache. */
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
