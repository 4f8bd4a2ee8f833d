/**
 * Why a capture did not arrive.
 *
 * These are the protocol's own reasons, so a client report can carry every drop to the server.
 *
 * @see https://develop.sentry.dev/sdk/telemetry/client-reports/
 */
export type DropReason =
  | "queue_overflow"
  | "cache_overflow"
  | "ratelimit_backoff"
  | "network_error"
  | "send_error"
  | "sample_rate"
  | "before_send"
  | "event_processor"
  | "internal_sdk_error"
  | "ignored";

/** One line of a client report. */
export interface DiscardedEvents {
  readonly reason: DropReason;
  readonly category: string;
  readonly quantity: number;
}
