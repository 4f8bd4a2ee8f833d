/**
 * `@corvid/fastify`: every failed request of a Fastify application becomes one readable event.
 *
 * @packageDocumentation
 */

export type { ClientChoice, FastifyLike, FastifyReply, FastifyRequest, Reporting } from "./fastify.js";
export { type FastifyOptions, type FastifyPlugin, requestHandler } from "./request-handler.js";
