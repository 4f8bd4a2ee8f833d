import { requestBinding } from "@corvid/core/bridge";
import {
  EXPRESS,
  type ExpressOptions,
  type ExpressRequest,
  type ExpressResponse,
  type Next,
} from "./express.js";

/** Options of {@link errorHandler}. */
export interface ErrorHandlerOptions extends ExpressOptions {
  /**
   * Which errors are worth an event, whatever the answer is. Default: those answered with a 5xx, and those answered with a
   * 4xx that was not meant: errors of the language, of Node, of drivers and of calls to other servers.
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
 * other error handler: an error that one of those has answered never gets here.
 *
 * The id of the event is then in `res.locals.corvidEventId`. `client` counts for requests without a `requestHandler`.
 *
 * @throws {OptionsError} for an option that is unknown or cannot be used
 */
export function errorHandler(options: ErrorHandlerOptions = {}): ErrorMiddleware {
  const binding = requestBinding({ ...EXPRESS, name: "errorHandler()" }, options, ["client", "shouldReport"]);
  return function corvidErrorHandler(error, request, response, next) {
    const id = binding.report(request, error, { mechanism: MECHANISM });
    try {
      if (id !== undefined) Object.assign(response.locals, { corvidEventId: id });
    } catch {
      // A hostile response goes without the id.
    }
    next(error);
  };
}
