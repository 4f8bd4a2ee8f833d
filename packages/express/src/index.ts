/**
 * `@corvid/express`: every failed request of an Express application becomes one readable event.
 *
 * @packageDocumentation
 */

export { type ErrorHandlerOptions, type ErrorMiddleware, errorHandler } from "./error-handler.js";
export type { ClientChoice, ExpressRequest, ExpressResponse, IncomingRequest, Next } from "./express.js";
export { type ExpressOptions, type RequestMiddleware, requestHandler } from "./request-handler.js";
