import type { Clock } from "../../model/clock.js";

/** A disk that refused is left alone for so long. */
const RETRY_AFTER_MS = 30_000;

/** Does things on a disk that may refuse: full, read-only, not there. After a refusal nothing is tried for a while. */
export class DiskGuard {
  readonly #clock: Clock;
  readonly #onTrouble: (error: unknown) => void;
  #retryAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, onTrouble: (error: unknown) => void) {
    this.#clock = clock;
    this.#onTrouble = onTrouble;
  }

  /**
   * @param mend - looks whether it was no trouble of the disk; `true`: the action is to be tried again
   * @returns what the action does; `undefined` when the disk refuses, or did a moment ago
   */
  attempt<T>(action: () => T, mend: (error: unknown) => boolean): T | undefined {
    if (this.#clock.monotonic() < this.#retryAt) return undefined;
    let trouble: unknown;
    try {
      return action();
    } catch (error) {
      trouble = error;
    }
    try {
      if (mend(trouble)) return action();
    } catch (error) {
      trouble = error;
    }
    this.#retryAt = this.#clock.monotonic() + RETRY_AFTER_MS;
    this.#onTrouble(trouble);
    return undefined;
  }
}
