import { messageText } from "./messages.js";

/** An option that cannot be used. The text names the page that explains it. */
export class OptionsError extends Error {
  override readonly name = "OptionsError";
  /** Which option: `sampleRate`, `limits.depth`. */
  readonly option: string;

  constructor(option: string, expected: string, received: string) {
    super(messageText("bad-option", option, expected, received));
    this.option = option;
  }
}

/** What is wrong with a value: where inside of it, what was expected there and what came. */
export interface Trouble {
  /** `""` for the value itself, `[2]` or `.depth` inside of it. */
  readonly path: string;
  readonly expected: string;
  readonly received: string;
}

/** Looks at a value; `undefined` when it is fine. */
export type Check = (value: unknown) => Trouble | undefined;

/** @throws {OptionsError} when the value of an option does not pass */
export function demand(option: string, value: unknown, check: Check): void {
  const trouble = check(value);
  if (trouble !== undefined)
    throw new OptionsError(option + trouble.path, trouble.expected, trouble.received);
}

/** A check of the value itself. */
export function expecting(expected: string, isFine: (value: unknown) => boolean): Check {
  return (value) => (isFine(value) ? undefined : { path: "", expected, received: describe(value) });
}

export const flag: Check = expecting("true or false", (value) => typeof value === "boolean");

export const positive: Check = expecting(
  "a whole number from 1 up",
  (value) => Number.isSafeInteger(value) && (value as number) >= 1,
);

/** Part of a text, or an expression on it. */
export const pattern: Check = expecting(
  "a string or a RegExp",
  (value) => typeof value === "string" || value instanceof RegExp,
);

/** A list in which every item passes. */
export function arrayOf(item: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return { path: "", expected: "a list", received: describe(value) };
    for (const [index, entry] of value.entries()) {
      const trouble = item(entry);
      if (trouble !== undefined) return { ...trouble, path: `[${index}]${trouble.path}` };
    }
    return undefined;
  };
}

/** An object with these keys and no other; each may be absent. */
export function shape(keys: Readonly<Record<string, Check>>): Check {
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return { path: "", expected: "an object", received: describe(value) };
    for (const [key, entry] of Object.entries(value)) {
      const check = Object.hasOwn(keys, key) ? keys[key] : undefined;
      if (check === undefined)
        return { path: `.${shortened(key)}`, ...unknownName(key, Object.keys(keys), "key") };
      const trouble = entry === undefined ? undefined : check(entry);
      if (trouble !== undefined) return { ...trouble, path: `.${key}${trouble.path}` };
    }
    return undefined;
  };
}

/** A value that passes one of two checks; the reported trouble is that of the check that got further. */
export function either(first: Check, second: Check): Check {
  return (value) => {
    const one = first(value);
    if (one === undefined) return undefined;
    const other = second(value);
    if (other === undefined) return undefined;
    if (one.path !== "" || other.path !== "") return one.path.length >= other.path.length ? one : other;
    return {
      ...one,
      expected: one.expected === other.expected ? one.expected : `${one.expected}, or ${other.expected}`,
    };
  };
}

/** What is wrong with a name that is none of the known ones. */
export function unknownName(name: string, known: readonly string[], what: string): Omit<Trouble, "path"> {
  const meant = known.find((candidate) => isMistyped(name.toLowerCase(), candidate.toLowerCase()));
  const question = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  return { expected: `one of ${known.join(", ")}`, received: `an unknown ${what}${question}` };
}

/** Whether two names are the same but for one slip: a letter too many, too few or wrong, or two that changed places. */
function isMistyped(given: string, meant: string): boolean {
  let start = 0;
  while (start < given.length && given[start] === meant[start]) start++;
  let end = 0;
  const most = Math.min(given.length, meant.length) - start;
  while (end < most && given.at(-1 - end) === meant.at(-1 - end)) end++;
  const one = given.slice(start, given.length - end);
  const other = meant.slice(start, meant.length - end);
  if (one.length <= 1 && other.length <= 1) return true;
  return one.length === 2 && other.length === 2 && one[0] === other[1] && one[1] === other[0];
}

/** At most 60 characters of a text. */
export function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** A value for people: short, without the credentials of an address, and without what might be secret inside of objects. */
export function describe(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(shortened(value.slice(0, 1000).replace(/[^/@\s]+@/g, "…@")));
  if (value === null || typeof value === "number" || typeof value === "boolean" || value === undefined)
    return String(value);
  if (typeof value === "bigint") return `${value}n`;
  return Array.isArray(value) ? "a list" : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
