import type { Json } from "../../model/event.js";
import { dataProperty, hasBrand } from "../foreign.js";
import { ownKeys } from "../normalise/own-keys.js";
import { cleanText, type NormaliseLimits, normalise, normaliseRecord } from "../normalise.js";

/** Reads one field of an untrusted object; `undefined` where there is nothing usable. */
export type Read<T> = (value: unknown) => T | undefined;

type Shape<T> = { readonly [Key in keyof T]-?: Read<NonNullable<T[Key]>> };

/** An object of known fields. Unknown ones are left out; `undefined` when nothing is left. */
export function object<T extends object>(shape: Shape<T>): Read<T> {
  const fields = Object.entries(shape) as [string, Read<unknown>][];
  return (value) => {
    if (!isReadable(value)) return undefined;
    const result: Record<string, unknown> = {};
    for (const [key, read] of fields) {
      const part = read(field(value, key));
      if (part !== undefined) result[key] = part;
    }
    return Object.keys(result).length === 0 ? undefined : (result as T);
  };
}

/** The same, and only when there is anything in it. */
export function filled<T extends object>(read: Read<T>): Read<T> {
  return (value) => {
    const result = read(value);
    return result === undefined || Object.keys(result).length === 0 ? undefined : result;
  };
}

/** The same, and only when all `keys` are there. */
export function complete<T extends object>(read: Read<T>, ...keys: (keyof T)[]): Read<T> {
  return (value) => {
    const result = read(value);
    return result !== undefined && keys.every((key) => result[key] !== undefined) ? result : undefined;
  };
}

/** A list whose unusable items are left out; `undefined` when none is left. Of more than `most`, the last stay. */
export function list<T>(read: Read<T>, most: number): Read<T[]> {
  return (value) => {
    if (!isReadable(value) || !Array.isArray(value)) return undefined;
    const items: T[] = [];
    for (let i = Math.max(value.length - most, 0); i < value.length; i++) {
      const item = read(field(value, i));
      if (item !== undefined) items.push(item);
    }
    return items.length === 0 ? undefined : items;
  };
}

/** `{ values: [...] }`; a bare list is taken too. */
export function values<T>(read: Read<T>, most: number): Read<{ values: T[] }> {
  const readList = list(read, most);
  return (value) => {
    const items = readList(isReadable(value) && !Array.isArray(value) ? field(value, "values") : value);
    return items === undefined ? undefined : { values: items };
  };
}

/** Any value but nothing, as text. */
export function text(maxLength: number): Read<string> {
  return (value) => (isNothing(value) ? undefined : cleanText(value, maxLength));
}

/** Text on one line, trimmed; `undefined` when empty. */
export function line(maxLength: number): Read<string> {
  return (value) => {
    if (isNothing(value)) return undefined;
    const trimmed = cleanText(value, maxLength)
      .replace(/[\r\n\t\f]+/g, " ")
      .trim();
    return trimmed === "" ? undefined : trimmed;
  };
}

export function flag(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

/** A whole number from 0; numbers written as text are taken. */
export function count(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : undefined;
}

export function oneOf<T extends string>(
  words: readonly T[],
  aliases: Readonly<Record<string, T>> = {},
): Read<T> {
  return (value) => {
    if (typeof value !== "string") return undefined;
    const word = value.toLowerCase();
    return (
      words.find((known) => known === word) ?? (Object.hasOwn(aliases, word) ? aliases[word] : undefined)
    );
  };
}

export function json(limits: NormaliseLimits): Read<NonNullable<Json>> {
  return (value) => (isNothing(value) ? undefined : (normalise(value, limits) ?? undefined));
}

export function record(limits: NormaliseLimits): Read<Record<string, Json>> {
  return (value) => (isNothing(value) ? undefined : normaliseRecord(value, limits));
}

/** An object of texts; a value that is a list is joined with `, `, as HTTP does with repeated headers. */
export function texts(limits: NormaliseLimits): Read<Record<string, string>> {
  return (value) => {
    if (isNothing(value)) return undefined;
    const result = Object.entries(normaliseRecord(value, limits))
      .filter(([, entry]) => entry !== null)
      .map(([key, entry]) => [
        key,
        cleanText(Array.isArray(entry) ? entry.map(asText).join(", ") : entry, limits.stringLength),
      ]);
    return result.length === 0 ? undefined : Object.fromEntries(result);
  };
}

function asText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

/** Whether fields can be read without running foreign code. */
export function isReadable(value: unknown): value is object {
  return typeof value === "object" && value !== null && !hasBrand("isProxy", value);
}

/** One field of an object, read without running a getter. */
export function field(value: object, key: PropertyKey): unknown {
  try {
    return dataProperty(value, key);
  } catch {
    return undefined;
  }
}

/** The names of an object's fields; none where they are too many to be listed. */
export function namesOf(value: object): readonly string[] {
  return ownKeys(value)?.names ?? [];
}
