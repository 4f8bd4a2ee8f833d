import type { Clock, Timer } from "../../src/model/clock.js";

/** A clock that stands still until it is told to go on. */
export interface TestClock extends Clock {
  /** Goes on by `ms`, calling what falls due, in order. */
  advance(ms: number): void;
  /** Goes on by `ms` without calling anything, as for a process that is suspended; what fell due comes late. */
  sleep(ms: number): void;
  /** Timers that are set and not cancelled. */
  readonly pending: number;
}

/** A clock that starts at 2026-01-02T03:04:05.678Z. */
export function createTestClock(startMs: number = Date.UTC(2026, 0, 2, 3, 4, 5, 678)): TestClock {
  let elapsed = 0;
  const timers = new Set<{ at: number; fn: () => void }>();
  return {
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    schedule(fn, delayMs): Timer {
      const timer = { at: elapsed + Math.max(0, delayMs), fn };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    advance(ms) {
      const until = elapsed + ms;
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        elapsed = Math.max(elapsed, due.at);
        timers.delete(due);
        due.fn();
      }
      elapsed = until;
    },
    sleep(ms) {
      elapsed += ms;
    },
    get pending() {
      return timers.size;
    },
  };
}
