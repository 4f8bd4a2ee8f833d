import type { Json } from "../model/event.js";
import { isCorvidLine } from "../stacktrace/corvid-code.js";
import { frameLines } from "../stacktrace/stack-text.js";
import { callBuiltIn, className, dataProperty, hasBrand, isError } from "./foreign.js";
import { type OwnWords, ownWords, readProxy } from "./normalise/foreign-json.js";
import {
  describe,
  describePrimitive,
  keyText,
  NAME_LENGTH,
  numberName,
  shortName,
  textOfObject,
  unbox,
} from "./normalise/leaves.js";
import { monotonic, ownKeys } from "./normalise/own-keys.js";
import { CUT, cutText } from "./text.js";

/** How much of a value is kept. */
export interface NormaliseLimits {
  /** Levels of objects inside objects; deeper ones become a short description such as `[Array(12)]`. Default 6. */
  readonly depth: number;
  /** Entries per object or list, the mark of what was left out included. Default 50. */
  readonly breadth: number;
  /** Length of a text in UTF-16 units. Default 8192. */
  readonly stringLength: number;
  /** Size of the whole result, about, in UTF-16 units of JSON: bounds the time too. Default 262 144. */
  readonly totalBytes?: number;
  /**
   * Data alone: functions and `undefined` are left out, and an instance that holds functions or symbols of its own (a
   * socket, a request, an agent) is shown by its name. Default false.
   */
  readonly dataOnly?: boolean;
}

export const DEFAULT_LIMITS: NormaliseLimits = {
  depth: 6,
  breadth: 50,
  stringLength: 8192,
  totalBytes: 262_144,
};

/** Recursion is used for depth, so no option may make it deeper than any stack can bear. */
const MAX_DEPTH = 64;
/** The key that holds the class of an instance. */
const CLASS_KEY = "[class]";
const UNREADABLE = "[Unreadable]";
/** Says that an object has so many keys that not even their names were read. */
const TOO_MANY = "too many to list";

/**
 * Any value as JSON: a bounded copy, made in one pass and in bounded time.
 *
 * It never throws and never changes the value. Getters are not run and shown as `[Getter]`. An instance of a class
 * shows what its `toJSON` returns, so that what a model hides stays hidden; a class that took over 2 ms or threw is shown
 * by its name. A proxy is read once for each key. What JSON cannot say becomes text: `NaN`, the digits of a BigInt,
 * `[Function load]`, `[Circular]`. An instance without `toJSON` carries its class under `[class]`; a Map reads like an
 * object, a Set like a list, an Error as its type, message, stack and own properties. Where something was left out, `…` says how much.
 */
export function normalise(value: unknown, limits: NormaliseLimits = DEFAULT_LIMITS): Json {
  return copyValue(value, 0, newCopy(limits));
}

/** Copies several values that share one `totalBytes`. */
export function createNormaliser(limits: NormaliseLimits = DEFAULT_LIMITS): (value: unknown) => Json {
  const copy = newCopy(limits);
  return (value) => copyValue(value, 0, copy);
}

/** The same for a place that must hold an object: anything else becomes `{ value: … }`, nothing becomes `{}`. */
export function normaliseRecord(
  value: unknown,
  limits: NormaliseLimits = DEFAULT_LIMITS,
): Record<string, Json> {
  if (value === undefined || value === null) return {};
  return asRecord(normalise(value, limits));
}

/** A JSON value in a place that must hold an object. */
export function asRecord(json: Json): Record<string, Json> {
  return isRecord(json) ? (json as Record<string, Json>) : { value: json };
}

/**
 * Any value as text: well-formed Unicode without NUL, at most `maxLength` UTF-16 units, the last of which is `…`
 * where something was cut. Objects become their JSON.
 */
export function cleanText(text: unknown, maxLength: number): string {
  if (typeof text === "string") return cutText(text, maxLength);
  if (text === undefined) return cutText("undefined", maxLength);
  const json = normalise(text, { ...DEFAULT_LIMITS, stringLength: maxLength, totalBytes: maxLength * 2 });
  return cutText(typeof json === "string" ? json : JSON.stringify(json), maxLength);
}

/** One call of {@link normalise}: what is left to spend, and the objects we are inside of. */
interface Copy {
  readonly depth: number;
  readonly breadth: number;
  readonly stringLength: number;
  readonly dataOnly: boolean;
  left: number;
  /** Time that traps of proxies took. */
  foreignMs: number;
  readonly ancestors: object[];
}

function newCopy({ depth, breadth, stringLength, totalBytes, dataOnly = false }: NormaliseLimits): Copy {
  const left = totalBytes ?? DEFAULT_LIMITS.totalBytes!;
  return {
    depth: Math.min(depth, MAX_DEPTH),
    breadth: Math.max(breadth, 2),
    stringLength,
    dataOnly,
    left,
    foreignMs: 0,
    ancestors: [],
  };
}

/** What one value costs beside its text: quotes, comma, and the time it takes. */
const VALUE_COST = 8;
/** What a name costs that was listed for nothing. */
const NAME_COST = 3;

function copyValue(value: unknown, depth: number, copy: Copy): Json {
  if (copy.left <= 0) return CUT;
  copy.left -= VALUE_COST;
  switch (typeof value) {
    case "string":
      return spend(cutText(value, Math.min(copy.stringLength, Math.max(copy.left, 1))), copy);
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : numberName(value);
    case "object":
      return value === null ? null : copyObject(value, depth, copy);
    default:
      return spend(describePrimitive(value), copy);
  }
}

function spend(text: string, copy: Copy): string {
  copy.left -= text.length;
  return text;
}

function copyObject(value: object, depth: number, copy: Copy): Json {
  const height = copy.ancestors.length;
  try {
    if (copy.ancestors.includes(value)) return "[Circular]";
    if (hasBrand("isProxy", value)) return copyProxy(value, depth, copy);
    if (hasBrand("isBoxedPrimitive", value)) return copyValue(unbox(value), depth, copy);
    const text = textOfObject(value, copy.stringLength);
    if (text !== undefined) return spend(text, copy);
    const words = wordsOf(value, depth, copy);
    if (words !== undefined) {
      if ("kept" in words) return spend(describe(value), copy);
      copy.ancestors.push(value);
      return copyValue(words.said, typeof words.said === "object" ? depth + 1 : depth, copy);
    }
    if (depth >= copy.depth) return spend(describe(value), copy);
    copy.ancestors.push(value);
    return Array.isArray(value) ? copyList(value, depth + 1, copy) : copyEntries(value, depth + 1, copy);
  } catch {
    // A revoked or exotic host object, or the end of the stack: it costs this value and nothing else.
    return UNREADABLE;
  } finally {
    copy.ancestors.length = height;
  }
}

/** A class instance that says what it shows; errors and what is no class show themselves. */
function wordsOf(value: object, depth: number, copy: Copy): OwnWords | undefined {
  if (Array.isArray(value)) return undefined;
  const name = className(value);
  if (name === "Object" || name === "" || isError(value)) return undefined;
  return ownWords(value, name, depth >= copy.depth, monotonic);
}

/** Read once, key by key; one whose traps throw stays what it is. */
function copyProxy(value: object, depth: number, copy: Copy): Json {
  if (depth >= copy.depth || copy.foreignMs > MOST_FOREIGN_MS) return "[Proxy]";
  const start = monotonic();
  let read: unknown;
  try {
    read = readProxy(value, copy.breadth);
  } catch {
    return "[Proxy]";
  } finally {
    copy.foreignMs += monotonic() - start;
  }
  copy.ancestors.push(value);
  return copyValue(read, depth, copy);
}

/** What all proxies of one value together may take. */
const MOST_FOREIGN_MS = 5;

function copyList(list: readonly unknown[], depth: number, copy: Copy): Json {
  const shown = list.length <= copy.breadth ? list.length : copy.breadth - 1;
  const result: Json[] = [];
  for (let i = 0; i < shown && copy.left > 0; i++) {
    const descriptor = Reflect.getOwnPropertyDescriptor(list, i);
    result.push(descriptor === undefined ? "[empty]" : copyProperty(descriptor, depth, copy));
  }
  if (result.length < list.length) result.push(more(list.length - result.length));
  return result;
}

function more(count: number): string {
  return `${CUT} ${count} more`;
}

function copyProperty(descriptor: PropertyDescriptor, depth: number, copy: Copy): Json {
  if (descriptor.get !== undefined) return "[Getter]";
  if (descriptor.set !== undefined) return "[Setter]";
  return copyValue(descriptor.value, depth, copy);
}

function copyEntries(value: object, depth: number, copy: Copy): Json {
  const name = className(value);
  const record = new RecordCopy(copy);
  if (isError(value)) return copyError(value, name, record, depth);
  if (hasBrand("isMap", value)) return copyMap(value as Map<unknown, unknown>, record, depth);
  if (hasBrand("isSet", value)) return copySet(value as Set<unknown>, depth, copy);
  if (name === "Headers") {
    const headers = copyHeaders(value, copy);
    if (headers !== undefined) return headers;
  }
  if (name !== "Object" && name !== "") {
    if (copy.dataOnly && isMachine(value, copy.breadth)) return spend(describe(value), copy);
    record.put(CLASS_KEY, shortName(name));
  }
  copyOwn(value, record, depth);
  return record.result;
}

/** An object under construction: counts what it holds, and never lets one key overwrite another. */
class RecordCopy {
  readonly result: Record<string, Json> = {};
  readonly copy: Copy;
  #size = 0;

  constructor(copy: Copy) {
    this.copy = copy;
  }

  /** How many of `count` further entries there is room for, one place kept for the mark when it is not all. */
  room(count: number): number {
    const free = this.copy.breadth - this.#size;
    return count <= free ? count : Math.max(free - 1, 0);
  }

  put(key: string, value: Json): void {
    let name = cutText(key, NAME_LENGTH);
    for (let i = 2; Object.hasOwn(this.result, name); i++) name = `${cutText(key, NAME_LENGTH)} (${i})`;
    this.copy.left -= name.length;
    this.#size++;
    if (name === "__proto__") {
      Object.defineProperty(this.result, name, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } else {
      this.result[name] = value;
    }
  }
}

function copyOwn(value: object, record: RecordCopy, depth: number): void {
  const { copy } = record;
  const own = ownKeys(value);
  if (own === undefined) {
    record.put(CUT, TOO_MANY);
    return;
  }
  const { names, symbols } = own;
  const isAll = names.length < copy.breadth && !copy.dataOnly;
  copyKeys(value, isAll ? [...names, ...symbols.slice(0, copy.breadth)] : names, record, depth);
  // Listing names nobody sees took time as well, and there is no way to list only some.
  copy.left -= NAME_COST * Math.max(names.length - copy.breadth, 0);
}

function copyKeys(value: object, keys: readonly PropertyKey[], record: RecordCopy, depth: number): void {
  const room = record.room(keys.length);
  let seen = 0;
  for (; seen < room && (seen === 0 || record.copy.left > 0); seen++) {
    const key = keys[seen]!;
    const descriptor = readDescriptor(value, key);
    if (descriptor === undefined || !descriptor.enumerable) continue;
    if (record.copy.dataOnly && isNoData(descriptor)) continue;
    record.put(
      typeof key === "symbol" ? describePrimitive(key) : String(key),
      copyProperty(descriptor, depth, record.copy),
    );
  }
  if (seen < keys.length) record.put(CUT, more(keys.length - seen).slice(2));
}

function isNoData({ value, get, set }: PropertyDescriptor): boolean {
  return typeof value === "function" || (value === undefined && get === undefined && set === undefined);
}

/** Whether an instance does something rather than say something: it owns functions, or what only its class may see. */
function isMachine(value: object, breadth: number): boolean {
  const own = ownKeys(value);
  if (own === undefined) return false;
  return (
    own.symbols.length > 0 ||
    own.names.slice(0, breadth).some((name) => typeof readDescriptor(value, name)?.value === "function")
  );
}

function readDescriptor(value: object, key: PropertyKey): PropertyDescriptor | undefined {
  try {
    return Reflect.getOwnPropertyDescriptor(value, key);
  } catch {
    return { value: UNREADABLE, enumerable: true };
  }
}

function copyError(error: object, name: string, record: RecordCopy, depth: number): Json {
  const { copy } = record;
  const [type, message] = name === "DOMException" ? domExceptionParts(error) : [undefined, undefined];
  record.put("type", copyValue(type ?? errorType(error, name), depth, copy));
  record.put("message", copyValue(message ?? dataProperty(error, "message") ?? "", depth, copy));
  // Hidden by the language, yet what one wants to know.
  for (const key of ["cause", "errors"]) {
    const descriptor = Reflect.getOwnPropertyDescriptor(error, key);
    if (descriptor !== undefined && !descriptor.enumerable)
      record.put(key, copyProperty(descriptor, depth, copy));
  }
  const stack = stackOf(error);
  if (stack !== undefined) record.put("stack", copyValue(stack, depth, copy));
  const names = ownKeys(error)?.names;
  if (names === undefined) record.put(CUT, TOO_MANY);
  else copyKeys(error, names.filter(isNotShown), record, depth);
  return record.result;
}

/** The topmost lines; making them may run the application's `prepareStackTrace`, which may throw. */
function stackOf(error: object): string | undefined {
  try {
    const { stack, name, message } = error as Error;
    const lines = frameLines(stack, String(name), String(message))
      .filter((line) => !isCorvidLine(line))
      .slice(0, MOST_STACK_LINES);
    return lines.length === 0 ? undefined : lines.map((line) => line.trim()).join("\n");
  } catch {
    return undefined;
  }
}

const MOST_STACK_LINES = 10;

function isNotShown(key: string): boolean {
  return key !== "name" && key !== "message" && key !== "stack";
}

function errorType(error: object, name: string): string {
  const own = dataProperty(error, "name");
  // A subclass without a name of its own inherits "Error", which says less than its class.
  return typeof own === "string" && own !== "" && own !== "Error" ? own : name || "Error";
}

function domExceptionParts(error: object): [unknown, unknown] {
  try {
    return [callBuiltIn("DOMException", "name", error), callBuiltIn("DOMException", "message", error)];
  } catch {
    return [undefined, undefined];
  }
}

const sizeOfMap = Reflect.getOwnPropertyDescriptor(Map.prototype, "size")!.get!;
const sizeOfSet = Reflect.getOwnPropertyDescriptor(Set.prototype, "size")!.get!;

function copyMap(map: Map<unknown, unknown>, record: RecordCopy, depth: number): Json {
  const size: number = Reflect.apply(sizeOfMap, map, []);
  const room = record.room(size);
  let seen = 0;
  for (const [key, value] of Map.prototype.entries.call(map)) {
    if (seen >= room || record.copy.left <= 0) break;
    record.put(keyText(key), copyValue(value, depth, record.copy));
    seen++;
  }
  if (seen < size) record.put(CUT, more(size - seen).slice(2));
  return record.result;
}

function copySet(set: Set<unknown>, depth: number, copy: Copy): Json {
  const size: number = Reflect.apply(sizeOfSet, set, []);
  const shown = size <= copy.breadth ? size : copy.breadth - 1;
  const result: Json[] = [];
  for (const value of Set.prototype.values.call(set)) {
    if (result.length >= shown || copy.left <= 0) break;
    result.push(copyValue(value, depth, copy));
  }
  if (result.length < size) result.push(more(size - result.length));
  return result;
}

function copyHeaders(headers: object, copy: Copy): Json | undefined {
  const record = new RecordCopy(copy);
  try {
    let seen = 0;
    callBuiltIn("Headers", "forEach", headers, (value: string, name: string) => {
      if (seen++ < copy.breadth && copy.left > 0) record.put(name, copyValue(value, 1, copy));
    });
    return record.result;
  } catch {
    return undefined; // Somebody else's class of that name.
  }
}

function isRecord(json: Json): boolean {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
