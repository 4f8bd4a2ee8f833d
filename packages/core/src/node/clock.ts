import { performance } from "node:perf_hooks";
import timers from "node:timers";
import type { Clock } from "../model/clock.js";

/** A function that fake timers put in place of Node's: they keep the one they replaced on their clock. */
interface Fake {
  readonly clock?: Readonly<Record<string, unknown>>;
}

/** Node's own function of this name, also where fake timers were installed first, in `node:timers` as well. */
function genuine<Name extends "setTimeout" | "clearTimeout">(name: Name): (typeof timers)[Name] {
  const current = timers[name];
  return ((current as Fake).clock?.[`_${name}`] as (typeof timers)[Name] | undefined) ?? current;
}

const setTimeout = genuine("setTimeout");
const clearTimeout = genuine("clearTimeout");
// The prototype's, because fake timers shadow it by a property of the object itself; in Bun it has none.
const readNow = (Object.getPrototypeOf(performance) as Partial<typeof performance>).now ?? performance.now;

/** Milliseconds since the start of the process, on a clock that never goes back and that fake timers do not stop. */
export function monotonicMs(): number {
  return readNow.call(performance);
}

/** The clock of the process. Its timers run, and its durations grow, also under the fake timers of a test. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: monotonicMs,
  schedule(fn, delayMs, options) {
    const handle = setTimeout(fn, delayMs);
    if (options?.keepAlive !== true) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Calls `fn`, which must not throw, as soon as the code that runs now has returned. Not stopped by fake timers. */
export function afterStack(fn: () => void): void {
  void Promise.resolve().then(fn);
}
