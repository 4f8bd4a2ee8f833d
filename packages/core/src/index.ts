/**
 * `@corvid/core`: error reporting for Node.js servers.
 *
 * @packageDocumentation
 */

// Starting and ending
export { Client, type ClientConstructor, init } from "./node/client.js";
export { close, flush } from "./context/api.js";
export type { ClientStats, DestinationStats } from "./client/stats.js";
export type { ClientOptions, ErrorClass, Limits, OnceOptions, Switches } from "./client/options.js";
export type { Spool } from "./client/spool.js";
export { OptionsError } from "./client/options.js";
export type { Dsn } from "./model/dsn.js";
export { DsnError, parseDsn } from "./model/dsn.js";

// Capturing
export { captureEvent, captureException, captureMessage, lastEventId } from "./context/api.js";
export { bind } from "./context/bind.js";
export { wrap } from "./context/wrap.js";
export type { FlushOnReturnOptions } from "./node/flush-on-return.js";
export { flushOnReturn } from "./node/flush-on-return.js";
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
} from "./context/api.js";
export type { CaptureTarget, HeldException, Unseen5xx } from "./context/current.js";
export { getScope, withRequestScope, withScope } from "./context/current.js";
export type { RequestPolicy, RequestSource } from "./context/scope.js";
export { Scope } from "./context/scope.js";

// Hooking in
export type { CapturedFailure, Integration, Processor } from "./client/integration.js";
export type { ScrubbedValue, ScrubOptions, ScrubPreview } from "./process/scrub.js";
export { previewScrub } from "./process/scrub.js";

// Destinations
export { httpTransport, type HttpTransportOptions } from "./node/http/destination.js";
export { consoleTransport, type ConsoleTransportOptions } from "./node/transports/console-transport.js";
export {
  type Carrier,
  type Handshake,
  type LineTransportOptions,
  lineTransport,
} from "./node/transports/line-transport.js";
export { fileTransport, type FileTransportOptions } from "./node/transports/file-transport.js";
export type { Envelope, EnvelopeKind, SdkInfo } from "./transport/envelope.js";
export { encodeEnvelope, eventOf } from "./transport/envelope.js";
export type {
  Destination,
  EncodedRequest,
  HttpCodec,
  HttpDestination,
  HttpPost,
  HttpPostRequest,
} from "./transport/destination.js";
export type { HttpAnswer } from "./transport/http-answer.js";
export type { RateLimit, SendResult, Transport } from "./transport/transport.js";
export type { DropReason } from "./transport/drops.js";

// The wire
export type {
  Attachment,
  Breadcrumb,
  BreadcrumbInput,
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
} from "./model/event.js";
