import { probeDelayMs } from "./backoff.js";

/** A probe without an answer holds up the next one for so long. */
const PROBE_EVERY_MS = 1000;
/** A destination that is silent for so long is down, although no request has failed yet. */
const SILENCE_MS = 3000;

/**
 * The circuit breaker of one destination. Closed: everything may leave. Open, after a failed send: nothing leaves until
 * the next probe is due. Half-open: one envelope is under way as a probe; a success closes the breaker again. Times are
 * monotonic milliseconds.
 */
export class CircuitBreaker {
  readonly #random: () => number;
  #failures = 0;
  #lastResultAt = Number.NEGATIVE_INFINITY;
  #nextProbeAt = Number.NEGATIVE_INFINITY;
  #underWay = 0;
  #silentSince = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Open or half-open: the last send failed. */
  get isOpen(): boolean {
    return this.#failures > 0;
  }

  /** The earliest moment for the next send; in the past when there is none. */
  get nextProbeAt(): number {
    return this.#failures === 0 ? Number.NEGATIVE_INFINITY : this.#nextProbeAt;
  }

  /** Two sends in a row failed, so it was not the one envelope; or there is no answer at all. */
  isDown(now: number): boolean {
    return this.#failures > 1 || (this.#underWay > 0 && now - this.#silentSince >= SILENCE_MS);
  }

  /** A send starts. */
  started(now: number): void {
    if (this.#underWay++ === 0) this.#silentSince = now;
    this.#nextProbeAt = now + PROBE_EVERY_MS;
  }

  /** A send has ended; {@link worked} or {@link failed} follows. @param answered - by the destination itself */
  ended(now: number, answered: boolean): void {
    this.#underWay--;
    if (answered) this.#silentSince = now;
  }

  /** Requests that were under way together fail together: only those that started after the last result count. */
  failed(startedAt: number, now: number): void {
    if (startedAt < this.#lastResultAt) return;
    this.#failures++;
    this.#lastResultAt = now;
    this.#nextProbeAt = now + probeDelayMs(this.#failures, this.#random());
  }

  /** @returns true when it had been down */
  worked(now: number): boolean {
    const wasDown = this.isDown(now);
    this.#failures = 0;
    this.#lastResultAt = now;
    return wasDown;
  }
}
