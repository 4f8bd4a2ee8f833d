import { probeDelayMs } from "./backoff.js";

/** A request that does not come back for so long does not hold up the next probe. */
const PROBE_EVERY_MS = 1000;
/** A destination that is asked and says nothing for so long is down, although no request has failed yet. */
const SILENCE_MS = 3000;

/**
 * Whether the destination can be talked to, told from how the last sends ended. After a failure one probe at a time
 * goes out, whatever waits; the first success opens the line again. Times are monotonic milliseconds.
 */
export class CircuitBreaker {
  readonly #random: () => number;
  #failures = 0;
  #lastNewsAt = Number.NEGATIVE_INFINITY;
  #nextProbeAt = Number.NEGATIVE_INFINITY;
  #underWay = 0;
  #silentSince = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The last send failed; nothing more may be known. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** The earliest moment for the next send; in the past when there is none. */
  get nextProbeAt(): number {
    return this.#failures === 0 ? Number.NEGATIVE_INFINITY : this.#nextProbeAt;
  }

  /** Two sends in a row failed, so it was not the one envelope; or nothing is heard at all. */
  isDown(now: number): boolean {
    return this.#failures > 1 || (this.#underWay > 0 && now - this.#silentSince >= SILENCE_MS);
  }

  /** A send starts. */
  started(now: number): void {
    if (this.#underWay++ === 0) this.#silentSince = now;
    this.#nextProbeAt = now + PROBE_EVERY_MS;
  }

  /** A send has ended; how follows with {@link worked} or {@link failed}. @param answered - by the destination itself */
  ended(now: number, answered: boolean): void {
    this.#underWay--;
    if (answered) this.#silentSince = now;
  }

  /** Requests that were under way together fail together: only what started after the last news is news. */
  failed(startedAt: number, now: number): void {
    if (startedAt < this.#lastNewsAt) return;
    this.#failures++;
    this.#lastNewsAt = now;
    this.#nextProbeAt = now + probeDelayMs(this.#failures, this.#random());
  }

  /** @returns true when it had been down */
  worked(now: number): boolean {
    const wasDown = this.isDown(now);
    this.#failures = 0;
    this.#lastNewsAt = now;
    return wasDown;
  }
}
