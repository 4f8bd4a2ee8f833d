import { handlerNotCalled, requestBinding } from "@corvid/core/bridge";
import { type ClientChoice, HONO, type HonoContext } from "./hono.js";

/** Options of {@link requestHandler}. */
export interface HonoOptions {
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
   * The treatment of a request answered with a 500, 502 or 504 of which no error was seen. Default: the client option
   * `unseen5xx`.
   */
  readonly unseen5xx?: "event" | "warn" | false;
}

/** A middleware for `app.use`. */
export type Middleware = (context: HonoContext, next: () => Promise<void>) => Promise<void>;

const MECHANISM = { type: "auto.http.hono.middleware", handled: false };

/**
 * Reports the errors of handlers and middleware behind it, with their route: answers, `onError` and logs stay as they
 * are. Stands first.
 *
 * The id of the event is then in `c.get("corvidEventId")`.
 *
 * @throws {OptionsError} for an option that is unknown or cannot be used
 */
export function requestHandler(options: HonoOptions = {}): Middleware {
  // Hono called it as a middleware.
  if (typeof (options as Partial<HonoContext> | null)?.req === "object")
    throw handlerNotCalled("requestHandler()");
  const binding = requestBinding(HONO, options);
  return function corvidRequestHandler(context, next) {
    const report = (error: unknown): void => {
      const id = binding.report(context, error, { mechanism: MECHANISM });
      if (id !== undefined) context.set("corvidEventId" as never, id as never);
    };
    return binding.run(context, async () => {
      try {
        await next();
      } catch (error) {
        // Hono passes on thrown values that are no Error.
        report(error);
        throw error;
      }
      if (context.error !== undefined) report(context.error);
    });
  };
}
