/**
 * `@corvid/core/bridge`: what packages for frameworks and loggers share.
 *
 * @packageDocumentation
 */

export { type Context, currentClient, currentContext, runInContext } from "./current.js";
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
  severityOf,
} from "./log-record.js";
export { misplacedDecorator } from "./misuse.js";
export {
  captureFrom,
  isWanted,
  type RequestScopeOptions,
  withScopeOf,
} from "./request/request-scope.js";
export { isServerFailure } from "./request/server-failure.js";
export { type RequestDetails, type RequestLike, requestPath, requestSource } from "./request.js";
