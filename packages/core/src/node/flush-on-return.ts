import { captureException, captureMessage, flush } from "../context/api.js";
import { withRequestScope } from "../context/current.js";
import type { Timer } from "../model/clock.js";
import { systemClock } from "./clock.js";

/** How {@link flushOnReturn} waits. */
export interface FlushOnReturnOptions {
  /** How long an answer is held back at most, in milliseconds. Default 2000. */
  readonly timeoutMs?: number;
}

const MECHANISM = { type: "auto.function", handled: false };

/**
 * A handler of a serverless function. Each call has a scope of its own, its error is reported, and its answer waits until
 * everything captured has left: such functions are frozen as soon as they have answered. Same `this`, arguments, name and
 * length; what it returns or throws is the handler's own, as a promise. With nothing to send it waits for nothing.
 *
 * Where an argument says how much time is left (`getRemainingTimeInMillis` of AWS Lambda's context), a warning is
 * captured and sent before the time is up.
 */
export function flushOnReturn<Args extends unknown[], Result>(
  handler: (...args: Args) => Result,
  options: FlushOnReturnOptions = {},
): (...args: Args) => Promise<Awaited<Result>> {
  return new Proxy(handler, {
    apply: (target, self, args) =>
      withRequestScope(async () => {
        const deadline = watchDeadline(target.name, args, options.timeoutMs);
        try {
          return await Reflect.apply(target, self, args);
        } catch (error) {
          captureException(error, { mechanism: MECHANISM });
          throw error;
        } finally {
          deadline?.cancel();
          await flush(options.timeoutMs);
        }
      }),
  }) as (...args: Args) => Promise<Awaited<Result>>;
}

/** Time that is kept for sending the warning, in milliseconds; half of what is left where that is less. */
const SENDING_MS = 500;

function watchDeadline(name: string, args: readonly unknown[], timeoutMs?: number): Timer | undefined {
  const leftMs = remainingMs(args);
  if (leftMs === undefined) return undefined;
  const delayMs = leftMs - Math.min(SENDING_MS, leftMs / 2);
  return systemClock.schedule(() => {
    const text = `${name === "" ? "The function" : name} has ${Math.round(leftMs - delayMs)} ms left of ${Math.round(leftMs)}`;
    captureMessage(text, { level: "warning", fingerprint: ["function-deadline", name] });
    void flush(timeoutMs);
  }, delayMs);
}

function remainingMs(args: readonly unknown[]): number | undefined {
  for (const arg of args) {
    try {
      const left = (
        arg as { getRemainingTimeInMillis?(): unknown } | null | undefined
      )?.getRemainingTimeInMillis?.();
      if (typeof left === "number" && left > 0 && left <= 2_147_483_647) return left;
    } catch {
      // An argument that cannot be asked knows of no deadline.
    }
  }
  return undefined;
}
