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
  /** So long may the line of those handed back become before those that wait no more are taken out of it. */
  #tidyAbove = TIDY_ABOVE;

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
    if (this.#handedBack.length > this.#tidyAbove) this.#tidy();
  }

  /** Takes the next one that still waits. */
  take(): Placed | undefined {
    for (let placed = this.#next(); placed !== undefined; placed = this.#next()) {
      if (isWaiting(placed)) return placed;
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
    return placed;
  }

  /** While nobody asks for them, many may be dropped for want of room. */
  #tidy(): void {
    const before = this.#handedBack.slice(this.#first);
    this.#handedBack = before.filter(isWaiting);
    for (const placed of before) placed.entry.isInLine = isWaiting(placed);
    this.#first = 0;
    this.#tidyAbove = Math.max(TIDY_ABOVE, this.#handedBack.length * 2);
  }
}

const TIDY_ABOVE = 1000;

function isWaiting({ entry, journal }: Placed): boolean {
  return entry.state === "waiting" && journal.entries.byId.get(entry.id) === entry;
}
