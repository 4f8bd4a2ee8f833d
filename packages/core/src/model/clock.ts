/** A timer that can be cancelled; it does not keep the process alive unless it was asked to. */
export interface Timer {
  cancel(): void;
}

/** Where time comes from. Tests bring their own, so that nothing ever sleeps. */
export interface Clock {
  /** Milliseconds since the Unix epoch: what is written into events. */
  now(): number;
  /** Milliseconds on a clock that never goes back: what durations are measured with. */
  monotonic(): number;
  /**
   * Calls `fn` once after `delayMs`.
   *
   * @param options - `keepAlive`: the process waits for this timer. For a promise the application awaits, whose
   * process would otherwise end in the middle of the wait; default false
   */
  schedule(fn: () => void, delayMs: number, options?: { readonly keepAlive?: boolean }): Timer;
}
