import { linesOf, type StackText } from "../capture/stack.js";
import { topPositions } from "../stacktrace/stack-text.js";

const TOP_FRAMES = 3;
const MESSAGE_LENGTH = 200;

/**
 * The key by which repeats are recognised: type, normalised message and the positions of the topmost in-app frames,
 * taken from the raw stack text. Two different failures under one key are worse than one failure under two, so only
 * what surely varies within one failure is normalised (see {@link normaliseMessage}).
 */
export function repeatKey(type: string, message: string, stack: StackText): string {
  return `${type}\n${normaliseMessage(message)}\n${topPositions(linesOf(stack), TOP_FRAMES)}`;
}

/** The key of a fingerprint the application gave; `{{ default }}` stands for the key it would have without. */
export function fingerprintKey(fingerprint: readonly string[], defaultKey: () => string): string {
  return `fingerprint\n${fingerprint.map((part) => (/^\{\{\s*default\s*\}\}$/.test(part) ? defaultKey() : part)).join("\n")}`;
}

/**
 * A message without what differs from one occurrence to the next: UUIDs and hexadecimal ids of 8 digits and more become
 * `<id>`, other numbers `<n>`, text in quotes `<text>`, paths and URLs `<path>`. Only its first 200 characters count.
 */
export function normaliseMessage(message: string): string {
  return message
    .slice(0, MESSAGE_LENGTH)
    .replace(/"[^"\n]*"|'[^'\n]*'|`[^`\n]*`/g, "<text>")
    .replace(/[a-z]+:\/\/[^\s<>]+|(?<![\w<])(?:\/[\w.@%+-]+){2,}|\b[A-Z]:\\[^\s<>]+/gi, "<path>")
    .replace(/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b(?=[a-f]*\d)[0-9a-f]{8,}\b/gi, "<id>")
    .replace(/\d+(?:[.,:]\d+)*/g, "<n>");
}
