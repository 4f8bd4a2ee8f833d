/**
 * `@corvid/undici`: send events over an undici dispatcher of your own.
 *
 * @packageDocumentation
 */

export { type UndiciTransportOptions, undiciTransport } from "./transport.js";
