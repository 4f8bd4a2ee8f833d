import type { DropReason } from "./drops.js";
import type { Envelope } from "./envelope.js";

/**
 * What carries envelopes to a destination. The seam for every other destination: a log system, a file, a test.
 *
 * Corvid calls `send` from one delivery per transport, which owns the queue, the retries, the rate limits and the
 * counts; a transport only says what became of each envelope.
 */
export interface Transport {
  readonly name: string;
  /** The most envelopes one `send` takes. Default 1. */
  readonly maxBatch?: number;
  /** The most calls of `send` that may be under way at once. Default 1; a delivery uses the rest only for a backlog. */
  readonly maxInFlight?: number;
  /**
   * Sends a batch.
   *
   * @returns one result per envelope, in the same order. A rejected promise or a missing result counts as
   * `retry` with reason `network_error`.
   */
  send(batch: readonly Envelope[]): Promise<readonly SendResult[]>;
  /** The process is about to end, and `sendSync` will follow: what takes its time may begin. Must not wait. */
  prepareSync?(): void;
  /**
   * Sends synchronously, in the process's last moment: must return before `deadlineMs` milliseconds have passed.
   *
   * @returns one result per envelope; `undefined` when it cannot know
   */
  sendSync?(batch: readonly Envelope[], deadlineMs: number): readonly SendResult[] | undefined;
  /** Gives back sockets and files within `deadlineMs` milliseconds. */
  close?(deadlineMs: number): Promise<void>;
}

/** What became of one envelope. */
export type SendResult =
  /** The destination has it. */
  | { readonly kind: "accepted"; readonly limits?: readonly RateLimit[] }
  /** Not now. `afterMs`: not before so many milliseconds; `limits` likewise, by category. */
  | {
      readonly kind: "retry";
      readonly afterMs?: number;
      readonly limits?: readonly RateLimit[];
      /**
       * What it counts as, once given up; and what decides how it is kept. `network_error`: nobody answered, which is
       * the line's trouble and uses up no tries. `ratelimit_backoff`: the destination is well, and has counted this
       * one itself. Anything else: an answer, and a try.
       */
      readonly reason: DropReason;
      /** For people: `503 Service Unavailable`, `connect ECONNREFUSED 127.0.0.1:1`. */
      readonly detail?: string;
    }
  /** The destination will never take this one as it is. */
  | {
      readonly kind: "refused";
      /** `true` when a smaller one might pass (413): it is shrunk and tried once more. */
      readonly tooLarge?: boolean;
      readonly limits?: readonly RateLimit[];
      readonly reason: DropReason;
      readonly detail?: string;
    };

/** For how long a destination wants nothing of a category. */
export interface RateLimit {
  /** A data category of the protocol (`error`, `attachment`, …), or `all`. */
  readonly category: string;
  readonly durationMs: number;
}
