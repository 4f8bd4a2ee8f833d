import { performance } from "node:perf_hooks";
import type { Clock, Timer } from "../../model/clock.js";

/** How busy the event loop was. */
export interface LoopReading {
  /** How late a timer was at most, in the last seconds, in whole milliseconds: what every request had to wait. */
  readonly maxDelayMs: number;
  /** Share of the last seconds that the loop was working, 0 to 1; absent in runtimes that do not measure it. */
  readonly utilization?: number;
}

type Utilization = ReturnType<typeof performance.eventLoopUtilization>;

function loopUse(since?: Utilization): Utilization | undefined {
  const { eventLoopUtilization } = performance as Partial<typeof performance>;
  return eventLoopUtilization?.call(performance, since);
}

const TICK_MS = 500;
/** Five seconds of them. */
const TICKS = 10;

/** Watches the event loop with one timer, twice a second. */
export class LoopWatch {
  readonly #clock: Clock;
  /** The last ticks, the oldest first: how late each was, and the loop's account at that time. */
  readonly #ticks: { readonly late: number; readonly used: Utilization | undefined }[] = [];
  #expectedAt = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#tick(0);
  }

  /** How busy it is now: a loop that is blocked at this moment shows it. */
  read(): LoopReading {
    const overdue = this.#lateness();
    const latest = Math.max(overdue, ...this.#ticks.map(({ late }) => late));
    const maxDelayMs = Math.round(latest);
    const use = loopUse(this.#ticks[0]?.used);
    return use === undefined
      ? { maxDelayMs }
      : { maxDelayMs, utilization: Math.round(use.utilization * 1000) / 1000 };
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #tick(late: number): void {
    this.#ticks.push({ late, used: loopUse() });
    if (this.#ticks.length > TICKS) this.#ticks.shift();
    this.#expectedAt = this.#clock.monotonic() + TICK_MS;
    this.#timer = this.#clock.schedule(() => this.#tick(this.#lateness()), TICK_MS);
  }

  #lateness(): number {
    return Math.max(0, this.#clock.monotonic() - this.#expectedAt);
  }
}
