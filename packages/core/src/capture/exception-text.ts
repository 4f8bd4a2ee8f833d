import type { Json } from "../event.js";
import { cleanText, type NormaliseLimits, normalise } from "../process/normalise.js";
import { className, isObject, read, readText } from "./safe-read.js";
import { NO_STACK, type StackText, stackText } from "./stack.js";

/** One exception as text: all that is read from an error object while it is alive. */
export interface ExceptionText {
  readonly type: string;
  readonly value: string;
  /** Its stack, as the engine wrote it; taken apart only when the event is built. */
  readonly stack: StackText;
  /** Properties the application put on the error: `code`, `status`, … */
  readonly own?: Readonly<Record<string, Json>>;
  /** No error but a value that was thrown all the same. */
  readonly isThrownValue?: boolean;
}

/** The bounds of one capture: those of values, and how many causes are followed. */
export interface CaptureLimits extends NormaliseLimits {
  readonly causes: number;
}

/** `true` for errors of this realm and of others, and for objects that carry a message as errors do. */
export function isErrorLike(value: unknown): value is object {
  if (!isObject(value) || typeof value === "function") return false;
  try {
    if (value instanceof Error || Object.prototype.toString.call(value) === "[object Error]") return true;
  } catch {
    return false;
  }
  return typeof read(value, "message") === "string";
}

/** Type, message and frame lines: enough to tell whether this failure was seen before. */
export function readException(value: unknown, limits: CaptureLimits): ExceptionText {
  if (!isErrorLike(value)) return readThrownValue(value, limits);
  const message = read(value, "message");
  const text =
    typeof message === "string"
      ? message
      : message === undefined
        ? ""
        : cleanText(message, limits.stringLength);
  const name = readText(value, "name") ?? "";
  return {
    type: cleanText(typeOf(value, name), 256),
    value: cleanText(text, limits.stringLength),
    stack: stackText(read(value, "stack"), name, text),
  };
}

/** What the application put on an error beside message, stack and causes. Getters are not run. */
export function ownProperties(value: unknown, limits: NormaliseLimits): Record<string, Json> | undefined {
  if (!isErrorLike(value)) return undefined;
  const own: Record<string, unknown> = {};
  let count = 0;
  try {
    for (const key of Object.keys(value)) {
      if (NOT_OWN.has(key)) continue;
      if (count++ >= limits.breadth) break;
      const descriptor = Object.getOwnPropertyDescriptor(value, key);
      if (descriptor !== undefined && "value" in descriptor) own[key] = descriptor.value;
    }
  } catch {
    return undefined;
  }
  if (Object.keys(own).length === 0) return undefined;
  return normalise(own, { ...limits, depth: Math.min(limits.depth, 4) }) as Record<string, Json>;
}

const NOT_OWN: ReadonlySet<string> = new Set([
  "name",
  "message",
  "stack",
  "cause",
  "errors",
  "error",
  "suppressed",
]);

/** A class that did not set its `name` is still called by its own name, unless a minifier left only a letter or two. */
function typeOf(error: object, name: string): string {
  if (name !== "" && name !== "Error") return name;
  const made = className(error);
  return made !== undefined && made.length > 2 && made !== "Object" ? made : name || made || "Error";
}

function readThrownValue(value: unknown, limits: CaptureLimits): ExceptionText {
  const kind =
    value === null ? "null" : typeof value === "object" ? (className(value) ?? "object") : typeof value;
  const isText = typeof value === "string";
  const shown =
    isText || !isObject(value)
      ? cleanText(value, limits.stringLength)
      : JSON.stringify(normalise(value, { ...limits, depth: 2 }));
  return {
    type: value === undefined || value === null ? `Thrown ${kind}` : `Thrown ${cleanText(kind, 64)}`,
    value: cleanText(shown, limits.stringLength),
    stack: NO_STACK,
    isThrownValue: true,
    ...(isObject(value) ? { own: { value: normalise(value, limits) } } : {}),
  };
}
