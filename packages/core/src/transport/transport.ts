import type { DropReason } from "./drops.js";
import type { Envelope, EnvelopeKind } from "./envelope.js";

/**
 * Carries envelopes to a destination. The seam for every other destination: a log system, a file, a test.
 *
 * Corvid calls `send` from one delivery per transport, which owns the queue, the retries, the rate limits and the
 * counts; a transport only reports the result for each envelope.
 */
export interface Transport {
  readonly name: string;
  /** The kinds of envelopes it takes. Default `["event"]`. */
  readonly kinds?: readonly EnvelopeKind[];
  /** The most envelopes one `send` takes. Default 1. */
  readonly maxBatch?: number;
  /** The most bytes one `send` takes, by `Envelope.bytes`; a larger envelope travels alone. Default: no limit. */
  readonly maxBatchBytes?: number;
  /** The most calls of `send` that may be under way at once. Default 1; a delivery uses the rest only for a backlog. */
  readonly maxInFlight?: number;
  /**
   * Sends a batch.
   *
   * @returns one result per envelope, in the same order. A rejected promise or a missing result counts as
   * `retry` with reason `network_error`.
   */
  send(batch: readonly Envelope[]): Promise<readonly SendResult[]>;
  /** The process is about to end, and `sendSync` will follow: slow preparations may begin. Must not wait. */
  prepareSync?(): void;
  /**
   * Sends synchronously when the process ends: must return before `deadlineMs` milliseconds have passed. The batch
   * holds everything undelivered, whatever `maxBatch` says.
   *
   * @returns one result per envelope; `undefined` when it cannot know
   */
  sendSync?(batch: readonly Envelope[], deadlineMs: number): readonly SendResult[] | undefined;
  /** Gives back sockets and files within `deadlineMs` milliseconds. */
  close?(deadlineMs: number): Promise<void>;
}

/** The result for one envelope. */
export type SendResult =
  /** The destination has it. */
  | { readonly kind: "accepted"; readonly limits?: readonly RateLimit[] }
  /** Not now. `afterMs`: not before so many milliseconds; `limits` likewise, by category. */
  | {
      readonly kind: "retry";
      readonly afterMs?: number;
      readonly limits?: readonly RateLimit[];
      /**
       * Counted when the envelope is given up, and decides how it is kept. `network_error`: no answer, which is the
       * line's trouble and uses up no tries. `ratelimit_backoff`: the destination is well, and has counted this
       * one itself. Any other: an answer, and a try. Default `send_error`.
       */
      readonly reason?: DropReason;
      /** For people: `503 Service Unavailable`, `connect ECONNREFUSED 127.0.0.1:1`. */
      readonly detail?: string;
    }
  /** The destination will never take this one as it is. */
  | {
      readonly kind: "refused";
      /** `true` when a smaller one might pass (413): it is shrunk and tried once more. */
      readonly tooLarge?: boolean;
      readonly limits?: readonly RateLimit[];
      /** Counted in the statistics. Default `send_error`. */
      readonly reason?: DropReason;
      readonly detail?: string;
    };

/** For how long a destination takes nothing of a category. */
export interface RateLimit {
  /** A data category of the protocol (`error`, `attachment`, …), or `all`. */
  readonly category: string;
  readonly durationMs: number;
}
