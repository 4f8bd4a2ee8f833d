import { captureFrom, isServerFailure, isWanted } from "@corvid/core/bridge";
import { type ExpressRequest, type ExpressResponse, type Next, RequestScope } from "./express.js";
import type { ExpressOptions } from "./request-handler.js";

/** Options of {@link errorHandler}. */
export interface ErrorHandlerOptions extends ExpressOptions {
  /**
   * Which errors are worth an event. Default: all but those that carry a status from 400 to 499 (`status`,
   * `statusCode`, `status_code`, or Boom's `output.statusCode`), with which the client is answered. Errors of calls to
   * other servers have one, too, and are worth an event.
   */
  readonly shouldReport?: (error: unknown) => boolean;
}

/** An error middleware for `app.use`: Express knows it by its four parameters. */
export type ErrorMiddleware = (
  error: unknown,
  request: ExpressRequest,
  response: ExpressResponse,
  next: Next,
) => void;

const MECHANISM = { type: "auto.http.express.middleware", handled: false };

/**
 * Reports the error and passes it on, always; the response stays as it is. Stands behind all routes and before every
 * other error handler: what one of those has answered never gets here.
 *
 * The id of the event is then in `res.locals.corvidEventId`. `client` counts for requests without a `requestHandler`.
 */
export function errorHandler(options: ErrorHandlerOptions = {}): ErrorMiddleware {
  const { client, shouldReport = isServerFailure } = options;
  return function corvidErrorHandler(error, request, response, next) {
    try {
      if (isWanted(error, shouldReport)) {
        const id = captureFrom(request, new RequestScope(request, client), error, { mechanism: MECHANISM });
        if (id !== undefined) Object.assign(response.locals, { corvidEventId: id });
      }
    } catch {
      // A hostile request or response costs its report at most, never the way of the error.
    }
    next(error);
  };
}
