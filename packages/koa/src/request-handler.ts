import { requestBinding } from "@corvid/core/bridge";
import { type ClientChoice, KOA, type KoaContext } from "./koa.js";

/** Options of {@link requestHandler}. */
export interface KoaOptions {
  /**
   * The client that reports for a request, in applications that report for several parties: one, or a function that
   * finds it by the context. Default: the current client.
   */
  readonly client?: ClientChoice;
  /**
   * Which errors are worth an event, whatever the answer is. Default: those answered with a 5xx, and those answered with a
   * 4xx that was not meant: errors of the language, of Node, of drivers and of calls to other servers.
   */
  readonly shouldReport?: (error: unknown) => boolean;
  /**
   * What a request becomes that was answered with a 500, 502 or 504 although no error of it was seen. Default: as the
   * client option says.
   */
  readonly unseen5xx?: "event" | "warn" | false;
}

/** A middleware for `app.use`. */
export type Middleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

const MIDDLEWARE = { type: "auto.http.koa.middleware", handled: false };
const LAST_RESORT = { type: "auto.http.koa.onerror", handled: false };

/**
 * Reports what the middleware of a request throws, with its route, and throws it on: the response and Koa's own error
 * output stay as they are. Stands first.
 *
 * The id of the event is then in `ctx.state.corvidEventId`.
 *
 * @throws {OptionsError} for an option that is unknown or cannot be used
 */
export function requestHandler(options: KoaOptions = {}): Middleware {
  const binding = requestBinding(KOA, options);
  return function corvidRequestHandler(context, next) {
    const report = (error: unknown, mechanism: typeof MIDDLEWARE): void => {
      const id = binding.report(context, error, { mechanism });
      try {
        if (id !== undefined) Object.assign(context.state, { corvidEventId: id });
      } catch {
        // A hostile context goes without the id.
      }
    };
    watchLastResort(context, (error) => report(error, LAST_RESORT));
    return binding.run(context, async () => {
      try {
        await next();
      } catch (error) {
        report(error, MIDDLEWARE);
        throw error;
      }
    });
  };
}

/**
 * Looks on as Koa handles an error of this one request: a body stream that fails while it is sent gets there and
 * nowhere else. A listener for the application's `error` event would silence Koa's own output.
 */
function watchLastResort(context: KoaContext, report: (error: unknown) => void): void {
  const original = context.onerror;
  if (typeof original !== "function") return;
  const value = function watchedOnerror(this: KoaContext, error: unknown): unknown {
    // Koa also calls it with nothing, when all went well.
    if (error !== undefined && error !== null) report(error);
    return original.call(this, error);
  };
  Reflect.defineProperty(context, "onerror", { value, configurable: true, writable: true });
}
