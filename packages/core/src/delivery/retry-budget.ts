import type { DropReason } from "../transport/drops.js";
import { type RetryDelay, retryDelay } from "./backoff.js";
import type { CheckedResult } from "./call-transport.js";

/** The attempts to deliver one envelope to one destination. */
export interface Attempts {
  /** Attempts by which its delays grow: the destination answered, or answered others meanwhile. */
  tries: number;
  /** Attempts that use up its budget; when none is left, it is given up. */
  failures: number;
  /** How many answers the destination had given when this one was last left without. */
  answersSeen: number;
  /** How many envelopes the destination had accepted then. */
  acceptedSeen: number;
}

const NO_ANSWER: DropReason = "network_error";
/** An envelope on disk is tried for days, at least once a minute, so that a recovery is noticed. */
const LONGEST_PATIENCE_MS = 60_000;

/**
 * Decides which failed attempts use up an envelope's budget, by the answers to other envelopes meanwhile: so that an
 * outage, or a server that refuses everything, is not held against one envelope.
 */
export class RetryBudget {
  /** Answers of any kind. */
  #answers = 0;
  #accepted = 0;

  begin(): Attempts {
    return { tries: 0, failures: 0, answersSeen: this.#answers, acceptedSeen: this.#accepted };
  }

  /** It is under way for the first time: earlier answers say nothing about it. */
  started(attempts: Attempts): void {
    attempts.answersSeen = this.#answers;
  }

  /** The destination accepted or refused an envelope. */
  answered(kind: "accepted" | "refused"): void {
    this.#answers++;
    if (kind === "accepted") this.#accepted++;
  }

  /**
   * An attempt without an answer counts only when others were answered meanwhile: an outage uses up no budget. For an
   * envelope on disk, a server that answers but accepts nothing at all does not count either.
   *
   * @returns whether it counts: one that does not may be repeated at once
   */
  failed(attempts: Attempts, reason: DropReason, isOnDisk: boolean): boolean {
    if (reason !== NO_ANSWER) this.#answers++;
    const isAnswered = this.#answers > attempts.answersSeen;
    const isOvertaken = this.#accepted > attempts.acceptedSeen;
    attempts.answersSeen = this.#answers;
    attempts.acceptedSeen = this.#accepted;

    if (isOnDisk ? isOvertaken : isAnswered) attempts.failures++;
    if (isAnswered) attempts.tries++;
    return isAnswered;
  }
}

/** How long an envelope waits for its next try. @param afterMs - what the destination asked for, if anything */
export function pauseAfter(
  { tries }: Attempts,
  afterMs: number | undefined,
  isOnDisk: boolean,
  random: number,
): RetryDelay {
  const delay = retryDelay(tries, random);
  const longest = isOnDisk ? LONGEST_PATIENCE_MS : Number.POSITIVE_INFINITY;
  return {
    patientMs: Math.max(Math.min(delay.patientMs, longest), finite(afterMs)),
    soonMs: Math.min(delay.soonMs, longest),
  };
}

/** Whether the destination itself answered, whatever the answer. */
export function isAnswer(result: CheckedResult): boolean {
  return result.kind !== "retry" || result.reason !== NO_ANSWER;
}

function finite(durationMs: number | undefined): number {
  return durationMs !== undefined && Number.isFinite(durationMs) ? durationMs : 0;
}
