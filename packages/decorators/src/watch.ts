import { type CaptureHint, wrap } from "@corvid/core";
import { copyMetadata } from "./metadata.js";

type AnyFunction = (...args: never[]) => unknown;

/** What was watched before, and how, so that a class and its method do not both stand around the same function. */
const watched = new WeakMap<
  object,
  { readonly original: AnyFunction; readonly hint: CaptureHint | undefined }
>();

/** The function, watched; anything else as it is. */
export function watchFunction<T>(value: T, outer: CaptureHint | undefined): T {
  if (typeof value !== "function") return value;
  const before = watched.get(value);
  const original = before?.original ?? (value as unknown as AnyFunction);
  const hint = mergeHints(outer, before?.hint);
  const watching = wrap(original, { mechanism: { type: "decorator", handled: true }, ...hint });
  watched.set(watching, { original, hint });
  copyMetadata(value, watching);
  return watching as unknown as T;
}

/** The descriptor with its functions watched. */
export function watchDescriptor(
  descriptor: PropertyDescriptor,
  hint: CaptureHint | undefined,
): PropertyDescriptor {
  const { value, get, set } = descriptor;
  return {
    ...descriptor,
    ...(typeof value === "function" ? { value: watchFunction(value, hint) } : {}),
    ...(get === undefined ? {} : { get: watchFunction(get, hint) }),
    ...(set === undefined ? {} : { set: watchFunction(set, hint) }),
  };
}

/** Watches all methods and accessors of a class, in place. */
export function watchClass(target: object, hint: CaptureHint | undefined): void {
  watchMembers(target, hint, isStaticMethod);
  const { prototype } = target as { readonly prototype?: unknown };
  if (typeof prototype === "object" && prototype !== null)
    watchMembers(prototype, hint, (key) => key !== "constructor");
}

type IsMember = (key: string | symbol, descriptor: PropertyDescriptor) => boolean;

/** Enumerable functions are values in a static field, such as another class. */
function isStaticMethod(key: string | symbol, descriptor: PropertyDescriptor): boolean {
  return key !== "prototype" && (!descriptor.enumerable || !("value" in descriptor));
}

function watchMembers(holder: object, hint: CaptureHint | undefined, isMember: IsMember): void {
  for (const key of Reflect.ownKeys(holder)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(holder, key)!;
    if (descriptor.configurable && isMember(key, descriptor))
      Reflect.defineProperty(holder, key, watchDescriptor(descriptor, hint));
  }
}

function mergeHints(outer: CaptureHint | undefined, inner: CaptureHint | undefined): CaptureHint | undefined {
  if (outer === undefined || inner === undefined) return inner ?? outer;
  return {
    ...outer,
    ...inner,
    tags: { ...outer.tags, ...inner.tags },
    extra: { ...outer.extra, ...inner.extra },
    contexts: { ...outer.contexts, ...inner.contexts },
  };
}
