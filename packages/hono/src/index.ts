/**
 * `@corvid/hono`: every failed request of a Hono application on Node.js becomes one readable event.
 *
 * @packageDocumentation
 */

export type { ClientChoice, HonoContext, HonoRequest } from "./hono.js";
export { type HonoOptions, type Middleware, requestHandler } from "./request-handler.js";
