import type { CaptureHint } from "../capture/hint.js";
import { dataProperty, hasBrand } from "../process/foreign.js";
import { captureException } from "./api.js";

/**
 * A function that reports what goes wrong in `fn` and then lets it go on its way: same `this`, arguments, result,
 * name, length and own properties. Works for plain and async functions, generators and async generators, and
 * constructors.
 *
 * A promise it returns is a new one that settles as the original does, one turn of the microtask queue later, and
 * carries the original's own properties. Other thenables, and promises with a `then` of their own, are passed on
 * untouched, because looking at them may start their work; so is anything that is no function in place of `fn`.
 *
 * @typeParam F - the function's type, which stays
 * @param hint - goes with every report
 */
export function wrap<F extends (...args: never[]) => unknown>(fn: F, hint?: CaptureHint): F {
  if (typeof fn !== "function") return fn;
  const report = (error: unknown): void => {
    captureException(error, { mechanism: { type: "wrap", handled: true }, ...hint });
  };
  return new Proxy(fn, {
    // Written out, because each function in between would be a frame of the application's stacks.
    apply(target, self, args) {
      let result: unknown;
      try {
        result = Reflect.apply(target, self, args);
      } catch (error) {
        try {
          report(error);
        } catch {
          // The stack is used up; what was thrown goes on.
        }
        throw error;
      }
      return watch(result, report);
    },
    construct(target, args, newTarget) {
      try {
        return Reflect.construct(target, args, newTarget);
      } catch (error) {
        try {
          report(error);
        } catch {
          // The stack is used up; what was thrown goes on.
        }
        throw error;
      }
    },
  });
}

type Report = (error: unknown) => void;

/** What a call returned, watched for failures still to come. The engine says what it is. */
function watch<T>(result: T, report: Report): T {
  if (typeof result !== "object" || result === null) return result;
  try {
    if (hasBrand("isPromise", result)) return watchPromise(result as T & Promise<unknown>, report) as T;
    if (hasBrand("isGeneratorObject", result)) return watchGenerator(result, report) as T;
  } catch {
    // A promise or generator that was tampered with goes on its way unwatched.
  }
  return result;
}

/** The watched promise replaces the original, so that an unhandled rejection still reaches Node. */
function watchPromise(promise: Promise<unknown>, report: Report): Promise<unknown> {
  if (!isPlainThen(dataProperty(promise, "then"))) return promise;
  const watched = Promise.prototype.then.call(promise, undefined, (error: unknown) => {
    report(error);
    throw error;
  });
  for (const key of Reflect.ownKeys(promise)) {
    Reflect.defineProperty(watched, key, Reflect.getOwnPropertyDescriptor(promise, key)!);
  }
  return watched;
}

/** The engine's own `then`, of this realm or another. */
function isPlainThen(then: unknown): boolean {
  if (then === Promise.prototype.then) return true;
  return (
    typeof then === "function" &&
    !hasBrand("isProxy", then) &&
    Function.prototype.toString.call(then) === NATIVE_THEN
  );
}

const NATIVE_THEN = Function.prototype.toString.call(Promise.prototype.then);

/** Stands in front of a generator: its steps are watched, everything else is the generator's. */
function watchGenerator(generator: object, report: Report): object {
  const watched: object = Object.create(generator);
  for (const step of ["next", "return", "throw"] as const) {
    const original = (generator as Record<string, unknown>)[step];
    if (typeof original !== "function") continue;
    Object.defineProperty(watched, step, {
      configurable: true,
      writable: true,
      value(...args: unknown[]): unknown {
        let result: unknown;
        try {
          result = Reflect.apply(original, generator, args);
        } catch (error) {
          report(error);
          throw error;
        }
        return watch(result, report);
      },
    });
  }
  return watched;
}
