import { captureFrom, isServerFailure, isWanted, withScopeOf } from "@corvid/core/bridge";
import { type ClientChoice, type KoaContext, RequestScope } from "./koa.js";

/** Options of {@link requestHandler}. */
export interface KoaOptions {
  /**
   * The client that reports for a request, in applications that report for several parties: one, or a function that
   * finds it by the context. Default: the current client.
   */
  readonly client?: ClientChoice;
  /**
   * Which errors are worth an event. Default: all but those that carry a status from 400 to 499, such as those of
   * `ctx.throw(404)`, which are answers. Errors of calls to other servers have one, too, and are worth an event.
   */
  readonly shouldReport?: (error: unknown) => boolean;
}

/** A middleware for `app.use`. */
export type Middleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

const MIDDLEWARE = { type: "auto.http.koa.middleware", handled: false };
const LAST_RESORT = { type: "auto.http.koa.onerror", handled: false };

/**
 * Gives each request a scope of its own, reports what its middleware throws, and throws it on: the response and Koa's
 * own error output stay as they are. Stands first.
 *
 * The id of the event is then in `ctx.state.corvidEventId`.
 */
export function requestHandler(options: KoaOptions = {}): Middleware {
  const { shouldReport = isServerFailure } = options;
  return function corvidRequestHandler(context, next) {
    const scoped = new RequestScope(context, options.client);
    const report = (error: unknown, mechanism: typeof MIDDLEWARE): void => {
      try {
        if (isClientGone(error, context) || !isWanted(error, shouldReport)) return;
        const id = captureFrom(context.req, scoped, error, { mechanism });
        if (id !== undefined) Object.assign(context.state, { corvidEventId: id });
      } catch {
        // A hostile error or context costs its report at most, never the way of the error.
      }
    };
    watchLastResort(context, (error) => report(error, LAST_RESORT));
    return withScopeOf(context.req, scoped, async () => {
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

const CONNECTION_ENDED: ReadonlySet<unknown> = new Set([
  "ECONNRESET",
  "EPIPE",
  "ECANCELED",
  "ERR_STREAM_PREMATURE_CLOSE",
]);

/** Whether an error only says that the client went away before it had the whole answer. */
function isClientGone(error: unknown, { req, res }: KoaContext): boolean {
  if (!CONNECTION_ENDED.has(codeOf(error))) return false;
  const { socket } = req as { readonly socket?: { readonly destroyed?: boolean } | null };
  const { destroyed, writableFinished } = res as { destroyed?: boolean; writableFinished?: boolean };
  return writableFinished !== true && (destroyed === true || socket?.destroyed === true);
}

function codeOf(error: unknown): unknown {
  try {
    return (error as { readonly code?: unknown }).code;
  } catch {
    return undefined;
  }
}
