import type { Clock, Timer } from "../model/clock.js";

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** One timer for the next of many moments. May fire early, never late; callers re-check. */
export class WakeTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #next: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** @param at - monotonic milliseconds; infinite for never */
  set(at: number): void {
    // An earlier timer stays: to fire once for nothing is cheaper than to set it anew for every event.
    if (this.#next !== undefined && this.#next.at <= at) return;
    this.clear();
    if (at === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(Math.max(at - this.#clock.monotonic(), 0), LONGEST_TIMER_MS);
    const timer = this.#clock.schedule(() => {
      this.#next = undefined;
      this.#wake();
    }, delayMs);
    this.#next = { at, timer };
  }

  clear(): void {
    this.#next?.timer.cancel();
    this.#next = undefined;
  }
}
