import { callBuiltIn, className, functionName, hasBrand } from "../foreign.js";
import { CUT, cutText } from "../text.js";

/** Longest name of a key, a class or a function, in UTF-16 units. */
export const NAME_LENGTH = 128;

/** A number that JSON cannot say, as text. */
export function numberName(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Beyond this, writing out the digits takes time that grows faster than the number. */
const LARGEST_BIGINT = 2n ** 1024n;

/** What is shown of a primitive that JSON does not have. */
export function describePrimitive(value: unknown): string {
  switch (typeof value) {
    case "bigint":
      return value < LARGEST_BIGINT && value > -LARGEST_BIGINT ? `${value}` : "[BigInt]";
    case "symbol":
      return cutText(`Symbol(${cutText(value.description ?? "", NAME_LENGTH)})`, NAME_LENGTH + 8);
    case "function":
      return cutText(`[Function ${cutText(functionName(value) || "?", NAME_LENGTH)}]`, NAME_LENGTH + 11);
    default:
      return `[${typeof value}]`;
  }
}

/** The text of an object that is a value rather than a container; `undefined` for a container. */
export function textOfObject(value: object, maxLength: number): string | undefined {
  if (Array.isArray(value)) return undefined;
  const name = className(value);
  if (name === "Object") return undefined;
  if (hasBrand("isDate", value)) return dateText(value as Date);
  if (hasBrand("isRegExp", value)) return cutText(regExpText(value as RegExp), maxLength);
  if (
    hasBrand("isTypedArray", value) ||
    hasBrand("isDataView", value) ||
    hasBrand("isAnyArrayBuffer", value)
  ) {
    return bytesText(value as ArrayBufferView | ArrayBuffer, name);
  }
  if (hasBrand("isPromise", value)) return "[Promise]";
  if (hasBrand("isWeakMap", value) || hasBrand("isWeakSet", value)) return `[${shortName(name)}]`;
  if (hasBrand("isGeneratorObject", value)) return "[Generator]";
  return urlText(value, name, maxLength);
}

function dateText(date: Date): string {
  return Number.isNaN(Date.prototype.getTime.call(date))
    ? "[Invalid Date]"
    : Date.prototype.toISOString.call(date);
}

const sourceOf = Reflect.getOwnPropertyDescriptor(RegExp.prototype, "source")!.get!;

function regExpText(value: RegExp): string {
  const flags = REGEXP_FLAGS.filter(([getter]) => Reflect.apply(getter, value, [])).map(
    ([, letter]) => letter,
  );
  return `/${Reflect.apply(sourceOf, value, [])}/${flags.join("")}`;
}

/** The getters behind `flags`, one by one, because `flags` itself asks the object for properties it may override. */
const REGEXP_FLAGS = (
  [
    ["hasIndices", "d"],
    ["global", "g"],
    ["ignoreCase", "i"],
    ["multiline", "m"],
    ["dotAll", "s"],
    ["unicode", "u"],
    ["unicodeSets", "v"],
    ["sticky", "y"],
  ] as const
).map(([name, letter]) => [Reflect.getOwnPropertyDescriptor(RegExp.prototype, name)!.get!, letter] as const);

/** What a box holds; each `valueOf` takes its own kind of box only. */
export function unbox(box: object): unknown {
  for (const type of [String, Number, Boolean, BigInt, Symbol]) {
    try {
      return Reflect.apply(type.prototype.valueOf, box, []);
    } catch {
      // Another kind.
    }
  }
  return undefined;
}

/** Bytes shown of a binary value: enough to know a file type or an object id. */
const SHOWN_BYTES = 16;

function bytesText(value: ArrayBufferView | ArrayBuffer, name: string): string {
  const bytes = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, Math.min(value.byteLength, SHOWN_BYTES))
    : new Uint8Array(value, 0, Math.min(value.byteLength, SHOWN_BYTES));
  const head = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const more = value.byteLength > SHOWN_BYTES ? CUT : "";
  return `[${shortName(name)}(${value.byteLength} ${value.byteLength === 1 ? "byte" : "bytes"})${head === "" ? "" : ` ${head}${more}`}]`;
}

function urlText(value: object, name: string, maxLength: number): string | undefined {
  if (name !== "URL" && name !== "URLSearchParams") return undefined;
  try {
    return cutText(String(callBuiltIn(name, name === "URL" ? "href" : "toString", value)), maxLength);
  } catch {
    return undefined; // Somebody else's class of that name.
  }
}

/** What is shown of a container that lies too deep. */
export function describe(value: object): string {
  if (Array.isArray(value)) return `[Array(${value.length})]`;
  return `[${shortName(className(value))}]`;
}

/** The name of a class, fit to be shown. */
export function shortName(name: string): string {
  return cutText(name === "" ? "Object" : name, NAME_LENGTH);
}

/** A key of a Map as text. */
export function keyText(key: unknown): string {
  if (typeof key === "string") return key;
  if (typeof key === "number") return numberName(key);
  if (key === null || typeof key === "boolean") return String(key);
  if (typeof key !== "object") return describePrimitive(key);
  return hasBrand("isProxy", key) ? "[Proxy]" : describe(key);
}
