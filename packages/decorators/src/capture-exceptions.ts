import type { CaptureHint } from "@corvid/core";
import { misplacedDecorator } from "@corvid/core/bridge";
import type { CaptureDecorator } from "./decorator-types.js";
import { watchClass, watchDescriptor, watchFunction } from "./watch.js";

/**
 * Reports what goes wrong in a method, accessor or class, and then lets it go on its way.
 *
 * With or without a hint, in TC39's dialect and in TypeScript's `experimentalDecorators`:
 *
 * ```ts
 * @captureExceptions
 * @captureExceptions({ tags: { area: "billing" } })
 * ```
 *
 * - **Methods** (static, private and async ones too, generators, async generators), getters, setters, accessors, and
 *   in TC39's dialect fields that hold a function.
 * - **Classes**: all methods and accessors of their own, static ones too; what is inherited was its parent's to
 *   decorate. A method with a decorator of its own keeps it: its hint wins, tags, extra and contexts are merged. The
 *   class stays the very same object, so errors of its constructor are left to its caller.
 *
 * Name, length, own properties, metadata and `this` stay as they are; see `wrap` of `@corvid/core`.
 *
 * @throws {TypeError} when it stands at something else, such as a parameter
 */
export const captureExceptions: CaptureDecorator & ((hint?: CaptureHint) => CaptureDecorator) = ((
  ...args: unknown[]
) => {
  if (!isHint(args)) return decorate(undefined, args);
  const [hint] = args;
  return (...decorated: unknown[]) => decorate(hint, decorated);
}) as never;

/** Called with a hint or nothing it makes a decorator; every use as a decorator brings a function or more arguments. */
function isHint(args: readonly unknown[]): args is [CaptureHint?] {
  return args.length === 0 || (args.length === 1 && typeof args[0] !== "function");
}

function decorate(hint: CaptureHint | undefined, [target, place, descriptor]: readonly unknown[]): unknown {
  if (isStandardContext(place)) return decorateStandard(hint, target, place.kind);
  if (place === undefined && typeof target === "function") return watchClass(target, hint);
  if (typeof descriptor === "object" && descriptor !== null) return watchDescriptor(descriptor, hint);
  throw misplaced(describePlace(place, descriptor));
}

function decorateStandard(hint: CaptureHint | undefined, target: unknown, kind: string): unknown {
  switch (kind) {
    case "class":
      return watchClass(target as object, hint);
    case "field":
      return (initial: unknown) => watchFunction(initial, hint);
    case "accessor":
      return watchDescriptor(target as PropertyDescriptor, hint);
    case "method":
    case "getter":
    case "setter":
      return watchFunction(target, hint);
    default:
      throw misplaced(kind);
  }
}

function isStandardContext(place: unknown): place is { readonly kind: string } {
  return typeof place === "object" && place !== null && "kind" in place && typeof place.kind === "string";
}

function describePlace(place: unknown, descriptor: unknown): string {
  const name = String(place);
  if (typeof descriptor === "number") return `parameter ${descriptor + 1} of ${name}`;
  return place === undefined ? "nothing" : `field ${name}`;
}

function misplaced(what: string): TypeError {
  return misplacedDecorator("@captureExceptions", what);
}
