import type { Json } from "../model/event.js";
import { className, isObject, read, readText } from "../model/safe-read.js";
import { ownKeys } from "../process/normalise/own-keys.js";
import { asRecord, cleanText, type NormaliseLimits, normalise } from "../process/normalise.js";
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

/**
 * What the application put on an error beside name, message and stack: data, no machines. Getters are not run.
 *
 * @param causes - names of properties that are told as exceptions of their own
 * @param copy - makes JSON of the whole
 */
export function ownProperties(
  error: object,
  causes: ReadonlySet<string>,
  copy: (value: unknown) => Json,
): Record<string, Json> | undefined {
  try {
    const keys = ownKeys(error);
    if (keys === undefined) return { "…": "too many to list" };
    const told = keys.names.slice(0, MOST_READ).filter((name) => !NOT_OWN.has(name) && !causes.has(name));
    const json = told.length === 0 ? NOTHING : asRecord(copy(dataOf(error, told)));
    return Object.keys(json).length === 0 ? undefined : json;
  } catch {
    return undefined;
  }
}

/** The properties of these names that hold a value. */
function dataOf(error: object, names: readonly string[]): Record<string, unknown> {
  const data: Record<string, unknown> = Object.create(null);
  for (const name of names) {
    const descriptor = Object.getOwnPropertyDescriptor(error, name);
    if (descriptor !== undefined && "value" in descriptor) data[name] = descriptor.value;
  }
  return data;
}

const NOTHING: Readonly<Record<string, never>> = {};
const NOT_OWN: ReadonlySet<string> = new Set(["name", "message", "stack"]);
/** More properties than any limit keeps. */
const MOST_READ = 1000;

/** A class that did not give itself a `name` is called by its own name, unless a minifier left only a letter or two. */
function typeOf(error: object, name: string): string {
  if (name !== "" && name.toLowerCase() !== "error") return name;
  const made = className(error);
  return made !== undefined && made.length > 2 && made !== "Object" ? made : name || made || "Error";
}

function readThrownValue(value: unknown, limits: CaptureLimits): ExceptionText {
  const kind = value === null ? "null" : typeof value === "object" ? className(value) : undefined;
  const shown = isObject(value)
    ? normalise(value, { ...limits, depth: 2 })
    : cleanText(value, limits.stringLength);
  return {
    type: `Thrown ${cleanText(kind ?? typeof value, 64)}`,
    value: cleanText(shown, limits.stringLength),
    stack: NO_STACK,
    isThrownValue: true,
    ...(typeof shown === "string" ? {} : { own: { value: normalise(value, limits) } }),
  };
}
