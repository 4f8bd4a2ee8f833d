import { linesOf, type StackText, stackBytes } from "../capture/stack.js";
import { Recent } from "../model/recent.js";
import { type OwnCode, stackPositions, type TopPositions, topPositions } from "../stacktrace/stack-text.js";
import { normaliseMessage } from "./normalise-message.js";

const TOP_FRAMES = 3;

/** What else makes the key of a group. */
export interface KeyOptions {
  /** Given by the application instead; `{{ default }}` stands for the key without it. */
  readonly fingerprint?: readonly string[] | undefined;
  /** Which frames are in-app, where the application says so; the same function each time. */
  readonly isOwn?: OwnCode | undefined;
  /** The result of {@link groupDetails}. */
  readonly details?: string;
  /** Where a failure without an in-app frame happened: its transaction, else the site of the capture. */
  place?(): string | undefined;
}

/**
 * The key of a failure's group: type, normalised message, the positions of the topmost in-app frames, read from the raw
 * stack text, and the details of {@link groupDetails}. A failure without an in-app frame has its place and the names in its
 * message in the key. Two different failures under one key are worse than one failure under two, so only parts that
 * surely vary within one failure are normalised (see {@link normaliseMessage}).
 */
export function groupKey(type: string, message: string, stack: StackText, options: KeyOptions = {}): string {
  const { fingerprint } = options;
  if (fingerprint === undefined) return ownKey(type, message, stack, options);
  const parts = fingerprint.map((part) =>
    /^\{\{\s*default\s*\}\}$/.test(part) ? ownKey(type, message, stack, options) : part,
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
  readonly isPlaced: boolean;
}

/** A storm repeats the same texts, and comparing them takes a hundredth of the time of reading them. */
const recentKeys = new Recent<KnownKey>();

function ownKey(
  type: string,
  message: string,
  stack: StackText,
  { isOwn, details = "", place }: KeyOptions,
): string {
  const { key, isPlaced } =
    recentKeys.items.find(
      (known) =>
        known.message === message &&
        known.type === type &&
        known.isOwn === isOwn &&
        isSameStack(known.stack, stack),
    ) ?? readKey(type, message, stack, isOwn);
  if (isPlaced) return key + details;
  const where = place?.();
  return where === undefined ? key + details : `${key}${details}\nin ${where}`;
}

function readKey(type: string, message: string, stack: StackText, isOwn: OwnCode | undefined): KnownKey {
  const { text, areOwn } = topPositionsOf(stack, isOwn);
  const key = `${type}\n${normaliseMessage(message, !areOwn)}\n${text}`;
  const known = { type, message, stack, isOwn, key, isPlaced: areOwn };
  if (stackBytes(stack) + message.length <= LONGEST_REMEMBERED) recentKeys.add(known);
  return known;
}

/** The topmost positions of a stack, and whether they are in-app. */
export function topPositionsOf(stack: StackText, isOwn?: OwnCode): TopPositions {
  return "lines" in stack
    ? topPositions(linesOf(stack), TOP_FRAMES, isOwn)
    : stackPositions(stack.raw, stack.name, stack.message, TOP_FRAMES, isOwn);
}

/** Bounds the memory of the cache. */
const LONGEST_REMEMBERED = 8192;

function isSameStack(left: StackText, right: StackText): boolean {
  if ("lines" in left || "lines" in right) return left === right;
  return left.raw === right.raw && left.message === right.message && left.name === right.name;
}
