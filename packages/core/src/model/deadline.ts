import type { Clock } from "./clock.js";

/** A moment in the future. @returns the milliseconds left until then, never less than 0 */
export function deadlineIn(clock: Clock, ms: number): () => number {
  const endsAt = clock.monotonic() + ms;
  return () => Math.max(0, endsAt - clock.monotonic());
}

/** Waits for `done` for at most `timeoutMs`, and keeps the process alive meanwhile. @returns `false` after a timeout */
export function within(clock: Clock, done: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.schedule(() => resolve(false), timeoutMs, { keepAlive: true });
    void done.then(() => {
      timer.cancel();
      resolve(true);
    });
  });
}
