/**
 * `@corvid/express`: every failed request of an Express application becomes one readable event.
 *
 * @packageDocumentation
 */

export { type ErrorHandlerOptions, type ErrorMiddleware, errorHandler } from "./error-handler.js";
export type {
  ClientChoice,
  ExpressOptions,
  ExpressRequest,
  ExpressResponse,
  IncomingRequest,
  Next,
} from "./express.js";
export { type RequestHandlerOptions, type RequestMiddleware, requestHandler } from "./request-handler.js";
