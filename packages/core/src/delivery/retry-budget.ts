import type { DropReason } from "../transport/drops.js";
import type { SendResult } from "../transport/transport.js";
import { type RetryDelay, retryDelay } from "./backoff.js";

/** What is known of the tries of one envelope at one destination. */
export interface Attempts {
  /** Tries by which its delays grow: the destination answered, or answered others meanwhile. */
  tries: number;
  /** Tries that count against it: as many as are allowed, and it is given up. */
  failures: number;
  /** How many answers the destination had given when this one was last left without. */
  answersSeen: number;
  /** How many envelopes the destination had accepted then. */
  acceptedSeen: number;
}

const NO_ANSWER: DropReason = "network_error";
/** What may be tried for days is tried once a minute at least, so that a recovery does not go unseen. */
const LONGEST_PATIENCE_MS = 60_000;

/**
 * Judges tries that failed by what the destination said to others meanwhile, so that a silence, or a server that takes
 * nothing from anyone, is blamed on the right one: the line or the envelope.
 */
export class RetryBudget {
  /** Answers of any kind. */
  #answers = 0;
  #accepted = 0;

  begin(): Attempts {
    return { tries: 0, failures: 0, answersSeen: this.#answers, acceptedSeen: this.#accepted };
  }

  /** It is under way for the first time: what was answered before says nothing about it. */
  setOut(trial: Attempts): void {
    trial.answersSeen = this.#answers;
  }

  /** The destination took an envelope, or would not have it. */
  answered(kind: "accepted" | "refused"): void {
    this.#answers++;
    if (kind === "accepted") this.#accepted++;
  }

  /**
   * A try without an answer counts only when others were answered meanwhile: an outage uses up nobody's tries. For what
   * is on disk neither does a server that answers but takes nothing from anyone.
   *
   * @returns whether it counts: one that does not may be repeated at once
   */
  failed(trial: Attempts, reason: DropReason, isOnDisk: boolean): boolean {
    if (reason !== NO_ANSWER) this.#answers++;
    const isAnswered = this.#answers > trial.answersSeen;
    const isOvertaken = this.#accepted > trial.acceptedSeen;
    trial.answersSeen = this.#answers;
    trial.acceptedSeen = this.#accepted;

    if (isOnDisk ? isOvertaken : isAnswered) trial.failures++;
    if (isAnswered) trial.tries++;
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

/** Whether the destination itself has spoken, whatever it said. */
export function isAnswer(result: SendResult): boolean {
  return result.kind !== "retry" || result.reason !== NO_ANSWER;
}

function finite(durationMs: number | undefined): number {
  return durationMs !== undefined && Number.isFinite(durationMs) ? durationMs : 0;
}
