/** What is wrong with a value: where inside of it, what was expected there and what came. */
export interface Trouble {
  /** `""` for the value itself, `[2]` or `.depth` inside of it. */
  readonly path: string;
  readonly expected: string;
  readonly received: string;
}

/** Looks at a value; `undefined` when it is fine. */
export type Check = (value: unknown) => Trouble | undefined;

/** A check of the value itself. */
export function expecting(expected: string, isFine: (value: unknown) => boolean): Check {
  return (value) => (isFine(value) ? undefined : { path: "", expected, received: describe(value) });
}

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
    if (typeof value !== "object" || value === null)
      return { path: "", expected: "an object", received: describe(value) };
    for (const [key, entry] of Object.entries(value)) {
      const check = keys[key];
      if (check === undefined) {
        return {
          path: `.${key}`,
          expected: `one of ${Object.keys(keys).join(", ")}`,
          received: "an unknown key",
        };
      }
      const trouble = entry === undefined ? undefined : check(entry);
      if (trouble !== undefined) return { ...trouble, path: `.${key}${trouble.path}` };
    }
    return undefined;
  };
}

/** A value that passes one of two checks; the trouble told is that of the check that got further. */
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

/** A value for people: short, and without what might be secret inside of objects. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (value === null || typeof value === "number" || typeof value === "boolean" || value === undefined)
    return String(value);
  if (typeof value === "bigint") return `${value}n`;
  return Array.isArray(value) ? "a list" : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
