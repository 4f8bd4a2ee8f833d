/**
 * What a foreign value is, learnt without running any of its code.
 *
 * `instanceof`, `Object.prototype.toString` and a plain property access can all end in somebody's getter or proxy
 * trap, which may throw, hang, or change something. Brands are read from the engine and properties from descriptors.
 */

/** The engine's own answers: what a value is inside, whatever its prototype says. */
type Brand =
  | "isProxy"
  | "isMap"
  | "isSet"
  | "isDate"
  | "isRegExp"
  | "isPromise"
  | "isWeakMap"
  | "isWeakSet"
  | "isGeneratorObject"
  | "isNativeError"
  | "isBoxedPrimitive"
  | "isTypedArray"
  | "isDataView"
  | "isAnyArrayBuffer";
type Brands = Readonly<Record<Brand, (value: unknown) => boolean>>;

interface Host {
  readonly process?: { getBuiltinModule?(id: string): { readonly types: Brands } | undefined };
}

// Reached through the global object and not by an import, because this layer also has to load outside Node.
const brands: Brands | undefined = (globalThis as Host).process?.getBuiltinModule?.("util")?.types;

/** Answers one brand; where the engine gives no answers, `false`, and the value is read as a plain object. */
export function hasBrand(brand: Brand, value: unknown): boolean {
  return brands?.[brand](value) ?? false;
}

/** The same for proxies, which every property of every event asks. */
const isProxy: (value: unknown) => boolean = brands?.isProxy ?? (() => false);

/** Longest chain of prototypes that is followed. */
const MAX_CHAIN = 10;

/**
 * A property of `value` or of its prototypes, when it is plain data; a getter reads as `undefined` and is not run.
 * The search stops at a proxy.
 */
export function dataProperty(value: object, key: PropertyKey): unknown {
  let holder: object | null = value;
  for (let i = 0; i < MAX_CHAIN && holder !== null && !isProxy(holder); i++) {
    const descriptor = Reflect.getOwnPropertyDescriptor(holder, key);
    if (descriptor !== undefined) return descriptor.value;
    holder = Reflect.getPrototypeOf(holder);
    if (holder === Object.prototype) break; // Holds nothing anybody meant to send.
  }
  return undefined;
}

/** Name of the class of `value`: `Order`; empty when it has none or hides it. */
export function className(value: object): string {
  const prototype = Reflect.getPrototypeOf(value);
  if (prototype === Object.prototype) return "Object";
  if (prototype === null) return "";
  const maker = dataProperty(prototype, "constructor");
  return typeof maker === "function" ? functionName(maker) : "";
}

/** Name of a function; empty when it has none or hides it. */
export function functionName(fn: object): string {
  if (isProxy(fn)) return "";
  const name = Reflect.getOwnPropertyDescriptor(fn, "name")?.value;
  return typeof name === "string" ? name : "";
}

/** Whether `value` is an error: made by the engine, or a child of this realm's `Error`, such as a DOMException. */
export function isError(value: object): boolean {
  if (hasBrand("isNativeError", value)) return true;
  let holder: object | null = value;
  for (let i = 0; i < MAX_CHAIN && holder !== null && !isProxy(holder); i++) {
    if (holder === Error.prototype) return holder !== value;
    holder = Reflect.getPrototypeOf(holder);
  }
  return false;
}

/**
 * Calls a getter or method of a class of the platform on `value`, and never what `value` itself says it is.
 *
 * @throws {TypeError} when `value` is not of that class
 */
export function callBuiltIn(
  name: "URL" | "URLSearchParams" | "Headers" | "DOMException",
  property: string,
  value: object,
  ...args: unknown[]
): unknown {
  const prototype = (globalThis as unknown as Record<string, { prototype: object }>)[name]!.prototype;
  const descriptor = Reflect.getOwnPropertyDescriptor(prototype, property)!;
  return Reflect.apply(descriptor.get ?? descriptor.value, value, args);
}
