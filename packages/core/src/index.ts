/**
 * `@corvid/core`: error reporting for Node.js servers.
 *
 * @packageDocumentation
 */

// Starting and ending
export { Client, type ClientConstructor, init } from "./node/client.js";
export { close, flush } from "./api.js";
export type { ClientStats, DestinationStats } from "./stats.js";
export type { ClientOptions, ErrorClass, Limits, OnceOptions, Switches } from "./options.js";
export type { SpoolOptions } from "./spool/options.js";
export { OptionsError } from "./options.js";
export type { Dsn } from "./dsn.js";
export { DsnError, parseDsn } from "./dsn.js";

// Capturing
export { captureEvent, captureException, captureMessage, lastEventId } from "./api.js";
export { wrap } from "./wrap.js";
export type { FlushOnReturnOptions } from "./flush-on-return.js";
export { flushOnReturn } from "./flush-on-return.js";
export type { CaptureHint, EventHint, TagValue, UserInput } from "./capture/hint.js";

// Context
export {
  addBreadcrumb,
  setContext,
  setExtra,
  setExtras,
  setFingerprint,
  setLevel,
  setTag,
  setTags,
  setTransaction,
  setUser,
} from "./api.js";
export type { CaptureTarget } from "./current.js";
export { getScope, withRequestScope, withScope } from "./current.js";
export type { RequestPolicy, RequestSource } from "./scope.js";
export { Scope } from "./scope.js";

// Hooking in
export type { Integration, Processor } from "./integration.js";
export type { ScrubOptions } from "./process/scrub.js";
export { previewScrub } from "./process/scrub.js";

// Destinations
export { httpTransport, type HttpTransportOptions } from "./node/http-destination.js";
export { consoleTransport, type ConsoleTransportOptions } from "./node/console-transport.js";
export { fileTransport, type FileTransportOptions } from "./node/file-transport.js";
export type { Envelope, SdkInfo } from "./envelope.js";
export { encodeEnvelope, eventOf } from "./envelope.js";
export type { Destination, HttpDestination } from "./transport/destination.js";
export type { RateLimit, SendResult, Transport } from "./transport/transport.js";
export type { DropReason } from "./drops.js";

// The wire
export type {
  Attachment,
  Breadcrumb,
  Event,
  EventInput,
  Exception,
  Frame,
  Json,
  Level,
  LogEntry,
  Mechanism,
  RequestInfo,
  Stacktrace,
  User,
} from "./event.js";
