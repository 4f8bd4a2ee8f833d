import { frameLines } from "../stacktrace/stack-text.js";

/**
 * The stack of one error: raw text with the name and message that head it, or lines already cut out of it.
 * Taking it apart waits until the event is built; only a huge text is cut at once, so that no queue holds it.
 */
export type StackText =
  | { readonly raw: string; readonly name: string; readonly message: string }
  | { readonly lines: readonly string[] };

/** The stack of an error that has none. */
export const NO_STACK: StackText = { lines: [] };

const LONGEST_RAW = 16_384;

/** Keeps what `error.stack` said; anything but a text is no stack. */
export function stackText(stack: unknown, name: string, message: string): StackText {
  if (typeof stack !== "string" || stack === "") return NO_STACK;
  if (stack.length + message.length > LONGEST_RAW) return { lines: frameLines(stack, name, message) };
  return { raw: stack, name, message };
}

/** The frame lines, the throwing one first; may be empty. */
export function linesOf(stack: StackText): readonly string[] {
  return "lines" in stack ? stack.lines : frameLines(stack.raw, stack.name, stack.message);
}

/** `true` when there is no text to take frames from. */
export function isEmptyStack(stack: StackText): boolean {
  return "lines" in stack ? stack.lines.length === 0 : !stack.raw.includes("\n    at ");
}

/** What the text weighs in a queue, in bytes, about. */
export function stackBytes(stack: StackText): number {
  return "lines" in stack ? stack.lines.reduce((sum, line) => sum + line.length, 0) : stack.raw.length;
}

/** The stack of the call under way, without the frames from `below` on. */
export function captureSite(below: (...args: never[]) => unknown): StackText {
  const holder: { stack?: unknown } = {};
  Error.captureStackTrace(holder, below);
  return stackText(holder.stack, "", "");
}
