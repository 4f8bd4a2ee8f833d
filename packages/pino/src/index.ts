/**
 * `@corvid/pino`: attach Corvid to a pino logger.
 *
 * @packageDocumentation
 */

export type { LogLevel, LogRuleOptions } from "@corvid/core/bridge";
export { type HandlerOptions, handler, type PinoHooks, type PinoLike } from "./handler.js";
