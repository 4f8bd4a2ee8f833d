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
export {
  type Context,
  currentClient,
  currentContext,
  runInContext,
  type ServedRequest,
  type Unseen5xx,
} from "./context/current.js";
export { severityOf } from "./model/levels.js";
export type { Check, Trouble } from "./model/option-checks.js";
export {
  checkHandlerOptions,
  handlerNotCalled,
  type RequestBinding,
  type RequestKind,
  type RequestOptions,
  requestBinding,
} from "./request/binding.js";
export { type RequestDetails, type RequestLike, requestPath, requestSource } from "./request/request.js";
export { isServerFailure } from "./request/server-failure.js";
