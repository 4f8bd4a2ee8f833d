/** The time a command has for everything together. */
export interface Deadline {
  /** Aborted with {@link TimeOver} when it is over. */
  readonly signal: AbortSignal;
  /** What is left of it in milliseconds, at least 1. */
  leftMs(): number;
  /** It is not needed any more. */
  clear(): void;
}

/** A step took too long. */
export class TimeOver extends Error {
  override readonly name = "TimeOver";
  readonly code = "TIME_OVER";

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs / 1000} s`);
  }
}

/** Starts the time. */
export function startDeadline(timeoutMs: number): Deadline {
  const endsAt = performance.now() + timeoutMs;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new TimeOver(timeoutMs)), timeoutMs);
  return {
    signal: abort.signal,
    leftMs: () => Math.max(1, Math.floor(endsAt - performance.now())),
    clear: () => clearTimeout(timer),
  };
}
