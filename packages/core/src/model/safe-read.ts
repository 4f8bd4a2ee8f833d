/** Reads a property of anything; a throwing getter or a hostile proxy reads as `undefined`. */
export function read(value: unknown, key: PropertyKey): unknown {
  // Without this, the engine would make an error, with its stack, for every field of an absent hint.
  if (value === undefined || value === null) return undefined;
  try {
    return (value as Record<PropertyKey, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** `true` for objects and functions. */
export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** A text that is there and not empty; else `undefined`. */
export function readText(value: unknown, key: PropertyKey): string | undefined {
  const text = read(value, key);
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** Name of the class an object was made by; `undefined` when it has none. */
export function className(value: unknown): string | undefined {
  return readText(read(value, "constructor"), "name");
}

/** `Array.isArray`, which throws on a revoked proxy. */
export function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
