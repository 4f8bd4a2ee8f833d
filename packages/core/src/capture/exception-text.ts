import type { Json } from "../model/event.js";
import { className, isObject, read, readText } from "../model/safe-read.js";
import { ownKeys } from "../process/normalise/own-keys.js";
import { asRecord, cleanText, type NormaliseLimits, normalise } from "../process/normalise.js";
import { issuesOf } from "./issues.js";
import { NO_STACK, type StackText, stackText } from "./stack.js";

/** One exception as text: all that is read from an error object while it is alive. */
export interface ExceptionText {
  readonly type: string;
  readonly value: string;
  /** Its stack, as the engine wrote it; taken apart only when the event is built. */
  readonly stack: StackText;
  /** Properties the application put on the error: `code`, `status`, … */
  readonly own?: Readonly<Record<string, Json>>;
  /** What a message that is JSON holds, where its first issue became the text. */
  readonly issues?: Json;
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

/** The error that an event carries (`ErrorEvent`, `PromiseRejectionEvent`); anything else is itself. */
export function carriedError(value: unknown): unknown {
  if (!isObject(value) || !className(value)?.endsWith("Event")) return value;
  return ["error", "reason"].map((name) => read(value, name)).find(isErrorLike) ?? value;
}

/** Type, message and frame lines: enough to recognise a failure that was seen before. */
export function readException(given: unknown, limits: CaptureLimits): ExceptionText {
  const value = carriedError(given);
  if (!isErrorLike(value)) return readThrownValue(value, limits);
  const message = read(value, "message");
  const text =
    typeof message === "string"
      ? message
      : message === undefined
        ? ""
        : cleanText(message, limits.stringLength);
  const name = readText(value, "name") ?? "";
  const reason = rejectionReason(value, text);
  if (reason !== undefined) return { ...thrownText(reason, limits), stack: NO_STACK, isThrownValue: true };
  const issues = issuesOf(text);
  return {
    type: cleanText(typeOf(value, name), 256),
    value: cleanText(issues?.text ?? (withoutBlankLines(text) || nextBest(value)), limits.stringLength),
    stack: stackText(read(value, "stack"), name, text),
    ...(issues === undefined ? {} : { issues: normalise(issues.json, limits) }),
  };
}

function withoutBlankLines(text: string): string {
  return /^\s*\n/.test(text) ? text.trimStart() : text;
}

/** What an error without a message says of itself. */
function nextBest(error: object): string {
  const said = ["code", "reason", "description", "status"].map((name) => read(error, name));
  const best = said.find((value) => typeof value === "number" || (typeof value === "string" && value !== ""));
  return best === undefined ? "" : String(best);
}

/** Node makes an error of a rejection without one; its last sentence holds the reason as text. */
function rejectionReason(error: object, message: string): string | undefined {
  if (!message.startsWith("This error originated") || read(error, "code") !== "ERR_UNHANDLED_REJECTION")
    return undefined;
  return /The promise rejected with the reason "([\s\S]*)"\.$/.exec(message)?.[1];
}

/** A rejection's reason as if it had been captured itself, as far as its text shows the type. */
function thrownText(reason: string, limits: CaptureLimits): Pick<ExceptionText, "type" | "value"> {
  const kind =
    /^#<(\w+)>$/.exec(reason)?.[1] ??
    /^(undefined|null)$/.exec(reason)?.[1] ??
    (/^(?:true|false)$/.test(reason) ? "boolean" : /^-?\d+(?:\.\d+)?$/.test(reason) ? "number" : "string");
  return { type: `Thrown ${kind}`, value: cleanText(reason, limits.stringLength) };
}

/**
 * What the application put on an error beside name, message and stack: data, no machines. Getters are not run.
 *
 * @param causes - names of properties that become exceptions of their own
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
    value: cleanText(platformText(value, kind) ?? shown, limits.stringLength),
    stack: NO_STACK,
    isThrownValue: true,
    ...(typeof shown === "string" ? {} : { own: { value: normalise(value, limits) } }),
  };
}

/** A `Response` by status and URL, an event by its type. */
function platformText(value: unknown, kind: string | undefined): string | undefined {
  if (kind?.endsWith("Event")) return readText(value, "type");
  const status = kind === "Response" ? read(value, "status") : undefined;
  if (typeof status !== "number") return undefined;
  const parts = [status, readText(value, "statusText"), readText(value, "url")];
  return parts.filter((part) => part !== undefined).join(" ");
}
