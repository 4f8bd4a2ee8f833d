import type { SpoolLoss } from "../../spool/store.js";
import { capturesOf, type Entry, type Segment } from "./entries.js";

/** Adds up what is lost at one time for one reason. */
export class Losses {
  readonly #reason: SpoolLoss["reason"];
  #events = 0;
  #captures = 0;
  #from = Number.POSITIVE_INFINITY;
  #until = Number.NEGATIVE_INFINITY;

  constructor(reason: SpoolLoss["reason"]) {
    this.#reason = reason;
  }

  /** Events on disk alone. */
  add(entries: readonly Entry[], segments: readonly Segment[]): void {
    this.addCount(
      entries.length,
      entries.reduce((sum, entry) => sum + capturesOf(entry), 0),
      segments,
    );
  }

  addCount(events: number, captures: number, segments: readonly Segment[]): void {
    this.#events += events;
    this.#captures += captures;
    for (const { begunAt } of segments) {
      this.#from = Math.min(this.#from, begunAt);
      this.#until = Math.max(this.#until, begunAt);
    }
  }

  /** @param now - stands in where no file is known any more. @returns `undefined` when nothing was lost */
  total(now: number): SpoolLoss | undefined {
    if (this.#events === 0) return undefined;
    const isKnown = this.#from <= this.#until;
    return {
      reason: this.#reason,
      events: this.#events,
      captures: this.#captures,
      from: isKnown ? this.#from : now,
      until: isKnown ? this.#until : now,
    };
  }
}
