import { isList, isObject } from "../model/safe-read.js";
import { isCorvidLine } from "../stacktrace/corvid-code.js";
import { frameLines, MAX_FRAME_LINES } from "../stacktrace/stack-text.js";

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

/** Keeps what `error.stack` said: a text, or the call sites that the application's `prepareStackTrace` returned. */
export function stackText(stack: unknown, name: string, message: string): StackText {
  if (isList(stack)) return { lines: linesOfSites(stack) };
  if (typeof stack !== "string" || stack === "") return NO_STACK;
  if (stack.length + message.length > LONGEST_RAW) return { lines: frameLines(stack, name, message) };
  return { raw: stack, name, message };
}

/** The frame lines, the throwing one first; may be empty. */
export function linesOf(stack: StackText): readonly string[] {
  return "lines" in stack ? stack.lines : frameLines(stack.raw, stack.name, stack.message);
}

function linesOfSites(sites: readonly unknown[]): readonly string[] {
  try {
    const texts = Array.from({ length: Math.min(sites.length, MAX_FRAME_LINES) }, (_, index) =>
      isObject(sites[index]) ? `at ${String(sites[index])}` : String(sites[index]).trimStart(),
    );
    return frameLines(
      texts.map((text) => `    ${text.startsWith("at ") ? text : `at ${text}`}`).join("\n"),
      "",
      "",
    );
  } catch {
    return [];
  }
}

/** `true` when there is no text to take frames from. */
export function isEmptyStack(stack: StackText): boolean {
  return "raw" in stack && stack.raw.includes("\n    at ") ? false : linesOf(stack).length === 0;
}

/** What a stack says behind its message, where no frame could be found in it. */
export function unparsedText(stack: StackText): string | undefined {
  if (!("raw" in stack) || !stack.raw.slice(stack.name.length + stack.message.length).includes("\n"))
    return undefined;
  return linesOf(stack).length === 0 ? stack.raw : undefined;
}

/** What the text weighs in a queue, in bytes, about. */
export function stackBytes(stack: StackText): number {
  return "lines" in stack ? stack.lines.reduce((sum, line) => sum + line.length, 0) : stack.raw.length;
}

/** The stack of the call under way, without the frames from `below` on and without Corvid's; none of Node's alone. */
export function captureSite(below: (...args: never[]) => unknown): StackText {
  const holder: { stack?: unknown } = {};
  try {
    Error.captureStackTrace(holder, below);
    const lines = linesOf(stackText(holder.stack, "", "")).filter((line) => !isCorvidLine(line));
    return lines.every((line) => line.includes("node:")) ? NO_STACK : { lines };
  } catch {
    return NO_STACK; // The application's `prepareStackTrace` threw.
  }
}
