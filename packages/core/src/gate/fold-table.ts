import type { Snapshot } from "../capture/snapshot.js";
import type { Clock, Timer } from "../clock.js";
import type { OnceOptions } from "../options.js";
import { keyHash } from "./key-hash.js";
import { createRepeats, type Repeats } from "./repeats.js";

/**
 * How much the rest of the road can take: everything, only new kinds of failure (`held-back`: the queue is full, or the
 * line is down or limited), or nothing new (`overflowing`: the bytes are used up).
 */
export type Pressure = "none" | "held-back" | "overflowing";

/** What becomes of a capture: sent in full, folded into a count, or dropped because nothing fits any more. */
export type Verdict = "send" | "fold" | "drop";

export interface FoldTableOptions extends Required<Omit<OnceOptions, "mergeMs">> {
  readonly clock: Clock;
  newId(): string;
  /** Sends the closing event of a key: the last folded capture, which stands for `repeats.count`. `false`: no room now. */
  close(snapshot: Snapshot, repeats: Repeats): boolean;
  /** How much the rest of the road can take now. */
  pressure(): Pressure;
}

/** A closing event that nobody was told of. */
export interface Untold {
  readonly id: string;
  /** How many captures it stands for. */
  readonly weight: number;
}

interface Entry {
  readonly opened: number;
  /** Events of this window that went in full. */
  sent: number;
  /** Captures folded in this window, those told of already included. */
  folded: number;
  /** At how many folds the next closing event goes: 10, 100, 1,000 … */
  threshold: number;
  touched: number;
  /** What is folded and not yet told. */
  held?: { readonly repeats: Repeats; snapshot: Snapshot; bytes: number };
  /** Allocated with the first fold. */
  closingId?: string;
}

/**
 * Storm control: of each kind of failure the first few in a window are sent in full, the rest are counted and told by
 * a closing event. What was sent plus what the closing events stand for is exactly what was captured.
 */
export class FoldTable {
  readonly #options: FoldTableOptions;
  /** By the hash of the key, in the order the windows opened, which is the order they close. */
  readonly #entries = new Map<number, Entry>();
  #lastKey: string | undefined;
  #lastHash = 0;
  #held = 0;
  #bytes = 0;
  #timer: Timer | undefined;

  constructor(options: FoldTableOptions) {
    this.#options = options;
  }

  /** Keys with something folded and not yet told. */
  get held(): number {
    return this.#held;
  }

  /** What the folded captures weigh, in bytes, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Decides on one capture. `fold` asks for a call of {@link fold} with its snapshot. */
  admit(key: string): Verdict {
    const { full, clock } = this.#options;
    // Whole numbers take no place of their own, and new kinds may come by the thousand.
    const now = Math.floor(clock.monotonic());
    const hash = this.#hashOf(key);
    const entry = this.#current(hash, now);
    if (entry === undefined) return this.#admitNew(hash, now);

    entry.touched = now;
    if (entry.folded > 0 || entry.sent >= full) return "fold";
    if (this.#options.pressure() !== "none") return "fold";
    entry.sent++;
    return "send";
  }

  /** The id that the closing event of this key will have. */
  closingId(key: string): string {
    const entry = this.#entries.get(this.#hashOf(key));
    if (entry === undefined) return this.#options.newId();
    entry.closingId ??= this.#options.newId();
    return entry.closingId;
  }

  /**
   * Counts one capture into the closing event of its key, which becomes this capture.
   *
   * @returns `first` when it is the first one of its closing event, `more` when it joined others, `unknown` when the
   * key is not in the table
   */
  fold(key: string, snapshot: Snapshot, bytes: number): "first" | "more" | "unknown" {
    const entry = this.#entries.get(this.#hashOf(key));
    if (entry === undefined) return "unknown";
    const isFirst = entry.held === undefined;
    if (entry.held === undefined) {
      // One that found no place has an id already, which those after it are to share.
      entry.closingId ??= snapshot.id;
      entry.held = { repeats: createRepeats(), snapshot, bytes: 0 };
      this.#held++;
    }
    entry.held.repeats.add(snapshot);
    entry.held.snapshot = snapshot;
    this.#bytes += bytes - entry.held.bytes;
    entry.held.bytes = bytes;
    entry.folded++;
    if (entry.folded >= entry.threshold && this.#options.pressure() === "none" && this.#tell(entry)) {
      while (entry.threshold <= entry.folded) entry.threshold *= 10;
    }
    return isFirst ? "first" : "more";
  }

  /** Tells everything that is folded, for `flush`, `close` and the end of the process. */
  tellAll(): void {
    for (const entry of this.#entries.values()) this.#tell(entry);
  }

  /** Forgets all keys; what was not told before is returned, for the account. */
  clear(): Untold[] {
    const lost = [...this.#entries.values()].flatMap(({ held }) =>
      held === undefined ? [] : [{ id: held.snapshot.id, weight: held.repeats.count }],
    );
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#lastKey = undefined;
    this.#entries.clear();
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

  /** A new kind of failure always gets a place, as long as there are bytes for it. */
  #admitNew(hash: number, now: number): Verdict {
    if (this.#options.pressure() === "overflowing" || !this.#makeRoom()) return "drop";
    this.#entries.set(hash, { opened: now, sent: 1, folded: 0, threshold: 10, touched: now });
    if (this.#timer === undefined) this.#schedule(this.#options.windowMs);
    return "send";
  }

  /** The key's entry, if its window is still open. A window that has passed is closed first. */
  #current(hash: number, now: number): Entry | undefined {
    const entry = this.#entries.get(hash);
    if (entry === undefined || now - entry.opened < this.#options.windowMs) return entry;
    if (!this.#tell(entry)) return entry;
    this.#entries.delete(hash);
    return undefined;
  }

  /** Sends what is held by an entry; `true` when nothing is left to tell. */
  #tell(entry: Entry): boolean {
    const { held } = entry;
    if (held === undefined) return true;
    if (!this.#options.close(held.snapshot, held.repeats)) return false;
    entry.held = undefined;
    entry.closingId = undefined;
    this.#held--;
    this.#bytes -= held.bytes;
    return true;
  }

  /** Makes room for one more key: first by forgetting one without folds, else by telling the least recent one. */
  #makeRoom(): boolean {
    if (this.#entries.size < this.#options.keys) return true;
    let oldest: [number, Entry] | undefined;
    for (const candidate of this.#entries) {
      if (candidate[1].held === undefined) {
        this.#entries.delete(candidate[0]);
        return true;
      }
      if (oldest === undefined || candidate[1].touched < oldest[1].touched) oldest = candidate;
    }
    if (oldest === undefined || !this.#tell(oldest[1])) return false;
    this.#entries.delete(oldest[0]);
    return true;
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#options.clock.schedule(() => this.#closeWindows(), delayMs);
  }

  #closeWindows(): void {
    this.#timer = undefined;
    const { clock, windowMs } = this.#options;
    const now = Math.floor(clock.monotonic());
    for (const [hash, entry] of this.#entries) {
      const left = entry.opened + windowMs - now;
      const wait = left > 0 ? left : this.#tell(entry) ? 0 : RETRY_MS;
      if (wait > 0) {
        this.#schedule(wait);
        return;
      }
      this.#entries.delete(hash);
    }
  }
}

/** How soon a closing event that found no room is tried again. */
const RETRY_MS = 1000;
