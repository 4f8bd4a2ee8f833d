import type { Entry } from "./entries.js";
import type { Journal } from "./journal.js";

/** An event and where it is. */
export interface Placed {
  readonly entry: Entry;
  readonly journal: Journal;
}

/** Who is next: what was taken over, the instance that ended longest ago first; then what was handed back, in order. */
export class WaitingLine {
  #claimed: { readonly journal: Journal; readonly begunAt: number; readonly rest: Iterator<Entry> }[] = [];
  #handedBack: Placed[] = [];
  #first = 0;

  /** All events of an instance, from now on. */
  addJournal(journal: Journal, begunAt: number): void {
    this.#claimed.push({ journal, begunAt, rest: journal.entries.byId.values() });
    this.#claimed.sort((a, b) => a.begunAt - b.begunAt);
  }

  /** One event, behind all others. */
  add(placed: Placed): void {
    if (placed.entry.isInLine) return;
    placed.entry.isInLine = true;
    this.#handedBack.push(placed);
  }

  /** Takes the next one that still waits. */
  take(): Placed | undefined {
    for (let placed = this.#next(); placed !== undefined; placed = this.#next()) {
      const { entry, journal } = placed;
      if (entry.state === "waiting" && journal.entries.byId.get(entry.id) === entry) return placed;
    }
    return undefined;
  }

  clear(): void {
    this.#claimed = [];
    this.#handedBack = [];
    this.#first = 0;
  }

  #next(): Placed | undefined {
    for (let oldest = this.#claimed[0]; oldest !== undefined; oldest = this.#claimed[0]) {
      const { value: entry, done } = oldest.rest.next();
      // One that was handed out and back is behind the others.
      if (!done && !entry.isInLine) return { entry, journal: oldest.journal };
      if (done) this.#claimed.shift();
    }
    return this.#nextHandedBack();
  }

  #nextHandedBack(): Placed | undefined {
    const placed = this.#handedBack[this.#first];
    if (placed === undefined) return undefined;
    this.#first++;
    placed.entry.isInLine = false;
    if (this.#first > 1000 && this.#first * 2 > this.#handedBack.length) {
      this.#handedBack = this.#handedBack.slice(this.#first);
      this.#first = 0;
    }
    return placed;
  }
}
