/**
 * A loopback server that speaks the ingest side of the Sentry protocol: for demos, local development and tests.
 * It is for development only.
 */
export { type Fault, type RateLimitedOptions, rateLimited } from "./fault.js";
export type { Group } from "./groups.js";
export type { Limits } from "./limits.js";
export type { EventPayload, ExceptionPayload, FramePayload } from "./payload.js";
export { startTestServer, type TestServer, type TestServerOptions } from "./server.js";
export type {
  ClientReport,
  OtherItem,
  Problem,
  ProblemKind,
  ReceivedAttachment,
  ReceivedEvent,
} from "./store.js";
export type { ConnectionCounts, ReceivedRequest } from "./traffic.js";
