import { flush } from "./api.js";

/** How {@link flushOnReturn} waits. */
export interface FlushOnReturnOptions {
  /** How long an answer is held back at most, in milliseconds. Default 2000. */
  readonly timeoutMs?: number;
}

/**
 * A handler whose answer waits until everything captured has left: for functions that are frozen as soon as they have
 * answered, where nothing can be sent afterwards. Same `this`, arguments, name and length; what it returns or throws
 * is the handler's own, as a promise. With nothing to send it waits for nothing.
 */
export function flushOnReturn<Args extends unknown[], Result>(
  handler: (...args: Args) => Result,
  options: FlushOnReturnOptions = {},
): (...args: Args) => Promise<Awaited<Result>> {
  return new Proxy(handler, {
    async apply(target, self, args) {
      try {
        return await Reflect.apply(target, self, args);
      } finally {
        await flush(options.timeoutMs);
      }
    },
  }) as (...args: Args) => Promise<Awaited<Result>>;
}
