/**
 * `@corvid/koa`: every failed request of a Koa application becomes one readable event.
 *
 * @packageDocumentation
 */

export type { ClientChoice, IncomingContext, IncomingRequest, KoaContext } from "./koa.js";
export { type KoaOptions, type Middleware, requestHandler } from "./request-handler.js";
