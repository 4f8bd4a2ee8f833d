import { addSighting, type CaptureContext, type Snapshot } from "../capture/snapshot.js";
import type { OnceOptions } from "../client/options.js";
import type { Clock, Timer } from "../model/clock.js";
import { keyHash } from "./key-hash.js";
import { createRepeats, type Repeats } from "./repeats.js";

/**
 * How much the rest of the road can take: everything, only new groups of failures (`held-back`: the queue is full, or
 * the destinations are down or limited), or nothing new (`overflowing`: the byte bound is reached).
 */
export type Pressure = "none" | "held-back" | "overflowing";

/** What becomes of a capture: sent in full, folded into a count, or dropped for lack of room. */
export type Verdict = "send" | "fold" | "drop";

export interface AggregatorOptions extends Required<Omit<OnceOptions, "mergeMs">> {
  readonly clock: Clock;
  newId(): string;
  /**
   * Sends the summary event of a group: its last folded capture, which stands for `repeats.count`. `false`: no room now.
   *
   * @param sightings - later ones of that capture
   */
  close(snapshot: Snapshot, repeats: Repeats, sightings: readonly CaptureContext[]): boolean;
  /** How much the rest of the road can take now. */
  pressure(): Pressure;
  /** Whether a summary event would only wait behind others now. */
  isStuck(): boolean;
}

/** A summary event that was never sent. */
export interface Unsent {
  readonly id: string;
  /** How many captures it stands for. */
  readonly weight: number;
}

/** What became of one folded capture; kept for as long as its error may be seen again. */
export interface Folded {
  /** The summary event shows this capture: the last one. */
  isShown: boolean;
  /** The unsent summary that shows it. */
  held?: Held;
}

/** One group of failures, in its window. */
export interface Group {
  readonly opened: number;
  /** Events of this window that went in full. */
  sent: number;
  /** Captures folded in this window, those of summary events already sent included. */
  folded: number;
  /** The number of folds at which the next summary event goes: 10, 100, 1,000 … */
  threshold: number;
  touched: number;
  held?: Held;
  /** Allocated with the first fold. */
  summaryId?: string;
}

/** The unsent summary of a group. */
interface Held {
  readonly repeats: Repeats;
  /** The last one. */
  snapshot: Snapshot;
  bytes: number;
  /** The fold record of `snapshot`, and later sightings of it. */
  last?: Folded;
  sightings: CaptureContext[];
}

/**
 * Storm control: the first few failures of each group in a window are sent in full, the rest are counted into a summary
 * event. The events sent in full plus the counts of the summary events are exactly the captures.
 */
export class Aggregator {
  readonly #options: AggregatorOptions;
  /** By the hash of the key, in the order in which the windows opened, and so close. */
  readonly #groups = new Map<number, Group>();
  #lastKey: string | undefined;
  #lastHash = 0;
  #held = 0;
  #bytes = 0;
  #timer: Timer | undefined;

  constructor(options: AggregatorOptions) {
    this.#options = options;
  }

  /** Groups with an unsent summary. */
  get held(): number {
    return this.#held;
  }

  /** The weight of the unsent summaries in bytes, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Decides on one capture. `fold` asks for a call of {@link fold} with its snapshot. */
  admit(key: string, full: number = this.#options.full): Verdict {
    const { clock } = this.#options;
    // A small integer takes no heap object of its own, and new groups may come by the thousand.
    const now = Math.floor(clock.monotonic());
    const hash = this.#hashOf(key);
    const group = this.#current(hash, now);
    if (group === undefined) return this.#admitNew(hash, now);

    group.touched = now;
    if (group.folded > 0 || group.sent >= full) return "fold";
    if (this.#options.pressure() !== "none") return "fold";
    group.sent++;
    return "send";
  }

  /** Whether a capture of this key would be folded now. */
  wouldFold(key: string): boolean {
    const { full, clock, windowMs, pressure } = this.#options;
    const group = this.#groups.get(this.#hashOf(key));
    if (group === undefined || clock.monotonic() - group.opened >= windowMs) return false;
    return group.folded > 0 || group.sent >= full || pressure() !== "none";
  }

  /** The id that the summary event of this group will have. */
  summaryId(key: string): string {
    const group = this.#groups.get(this.#hashOf(key));
    if (group === undefined) return this.#options.newId();
    group.summaryId ??= this.#options.newId();
    return group.summaryId;
  }

  /**
   * Counts one capture into the summary event of its group, which then shows this capture.
   *
   * @returns `first` when it is the first of its summary event, `more` when it joined others, `unknown` when the
   * group is not in the table
   */
  fold(key: string, snapshot: Snapshot, bytes: number, folded: Folded): "first" | "more" | "unknown" {
    const group = this.#groups.get(this.#hashOf(key));
    if (group === undefined) return "unknown";
    const isFirst = group.held === undefined;
    if (group.held === undefined) {
      // A capture that found no room in the queue has an id already; later ones share it.
      group.summaryId ??= snapshot.id;
      group.held = { repeats: createRepeats(), snapshot, bytes: 0, sightings: [] };
      this.#held++;
    }
    group.held.repeats.add(snapshot);
    group.held.snapshot = snapshot;
    this.#bytes += bytes - group.held.bytes;
    group.held.bytes = bytes;
    show(group.held, folded);
    group.folded++;
    if (group.folded >= group.threshold && this.#options.pressure() === "none" && this.#send(group)) {
      while (group.threshold <= group.folded) group.threshold *= 10;
    }
    return isFirst ? "first" : "more";
  }

  /** Adds the context of a later sighting of a folded capture, if its summary event is unsent and shows it. */
  addSighting({ held }: Folded, sighting: CaptureContext): void {
    if (held === undefined) return;
    const more = addSighting(held.sightings, sighting, () => this.#options.pressure() !== "overflowing");
    held.bytes += more;
    this.#bytes += more;
  }

  /** Sends every summary, for `flush`, `close` and the end of the process. */
  sendAll(): void {
    for (const group of this.#groups.values()) this.#send(group);
  }

  /** Forgets all groups. @returns the unsent summaries, for the ledger */
  clear(): Unsent[] {
    const lost = [...this.#groups.values()].flatMap((group) => {
      const { held } = group;
      group.held = undefined;
      return held === undefined ? [] : [{ id: held.snapshot.id, weight: held.repeats.count }];
    });
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#lastKey = undefined;
    this.#groups.clear();
    this.#held = 0;
    this.#bytes = 0;
    return lost;
  }

  /** One capture asks up to three times. */
  #hashOf(key: string): number {
    if (key !== this.#lastKey) {
      this.#lastHash = keyHash(key);
      this.#lastKey = key;
    }
    return this.#lastHash;
  }

  /** A new group always gets a place within the byte bound. */
  #admitNew(hash: number, now: number): Verdict {
    if (this.#options.pressure() === "overflowing" || !this.#makeRoom()) return "drop";
    this.#groups.set(hash, { opened: now, sent: 1, folded: 0, threshold: 10, touched: now });
    if (this.#timer === undefined) this.#schedule(this.#options.windowMs);
    return "send";
  }

  /** The group of a key while its window is open. A past window is closed first, unless its summary would only wait. */
  #current(hash: number, now: number): Group | undefined {
    const group = this.#groups.get(hash);
    if (group === undefined || now - group.opened < this.#options.windowMs) return group;
    if (this.#options.isStuck() || !this.#send(group)) return group;
    this.#groups.delete(hash);
    return undefined;
  }

  /** Sends the summary of a group; `true` when none is left. */
  #send(group: Group): boolean {
    const { held } = group;
    if (held === undefined) return true;
    if (!this.#options.close(held.snapshot, held.repeats, held.sightings)) return false;
    if (held.last !== undefined) held.last.held = undefined;
    group.held = undefined;
    group.summaryId = undefined;
    this.#held--;
    this.#bytes -= held.bytes;
    return true;
  }

  /** Makes room for one more group: forgets one without folds, else sends the least recent summary. */
  #makeRoom(): boolean {
    if (this.#groups.size < this.#options.keys) return true;
    let oldest: [number, Group] | undefined;
    for (const candidate of this.#groups) {
      if (candidate[1].held === undefined) {
        this.#groups.delete(candidate[0]);
        return true;
      }
      if (oldest === undefined || candidate[1].touched < oldest[1].touched) oldest = candidate;
    }
    if (oldest === undefined || !this.#send(oldest[1])) return false;
    this.#groups.delete(oldest[0]);
    return true;
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#options.clock.schedule(() => this.#closeWindows(), delayMs);
  }

  #closeWindows(): void {
    this.#timer = undefined;
    const { clock, windowMs } = this.#options;
    const now = Math.floor(clock.monotonic());
    for (const [hash, group] of this.#groups) {
      const left = group.opened + windowMs - now;
      const wait = left > 0 ? left : !this.#options.isStuck() && this.#send(group) ? 0 : RETRY_MS;
      if (wait > 0) {
        this.#schedule(wait);
        return;
      }
      this.#groups.delete(hash);
    }
  }
}

/** A summary event shows its last capture. */
function show(held: Held, folded: Folded): void {
  if (held.last !== undefined) {
    held.last.isShown = false;
    held.last.held = undefined;
  }
  held.last = folded;
  held.sightings = [];
  folded.held = held;
}

/** How soon a summary event that found no room is tried again. */
const RETRY_MS = 1000;
