/**
 * `@corvid/core/bridge`: what packages for frameworks and loggers share.
 *
 * @packageDocumentation
 */

export {
  createLogRule,
  ERROR_KEYS,
  findLoggedError,
  type LogFate,
  type LoggedError,
  type LogLevel,
  type LogRecord,
  type LogRule,
  type LogRuleOptions,
} from "./bridge/log-record.js";
export { misplacedDecorator } from "./bridge/misuse.js";
export { type Context, currentClient, currentContext, runInContext } from "./context/current.js";
export { severityOf } from "./model/levels.js";
export { type RequestDetails, type RequestLike, requestPath, requestSource } from "./request/request.js";
export type { RequestScopeOptions } from "./request/request-context.js";
export { captureFrom, isWanted, withScopeOf } from "./request/request-scope.js";
export { isServerFailure } from "./request/server-failure.js";
