import { addSighting, type CaptureContext, type Snapshot, snapshotOf } from "../capture/snapshot.js";
import type { OnceOptions } from "../client/options.js";
import type { Clock, Timer } from "../model/clock.js";
import type { Echo, EchoReach } from "./echo.js";
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
  /**
   * Sends the closing event of a key: the last folded capture, which stands for `repeats.count`. `false`: no room now.
   *
   * @param sightings - later ones of that capture
   */
  close(snapshot: Snapshot, repeats: Repeats, sightings: readonly CaptureContext[]): boolean;
  /** How much the rest of the road can take now. */
  pressure(): Pressure;
  /** Whether a closing event would only wait behind others now. */
  isStuck(): boolean;
}

/** A closing event that nobody was told of. */
export interface Untold {
  readonly id: string;
  /** How many captures it stands for. */
  readonly weight: number;
}

/** What becomes of a capture when it is folded, for as long as anybody may see its failure again. */
export interface Folded {
  /** It is the one that its closing event shows: the last one. */
  isShown: boolean;
  /** Where it is held, as long as its closing event is not told. */
  held?: Held;
}

/** One kind of failure, in its window. */
export interface Kind {
  readonly opened: number;
  /** Events of this window that went in full. */
  sent: number;
  /** Captures folded in this window, those told of already included. */
  folded: number;
  /** At how many folds the next closing event goes: 10, 100, 1,000 … */
  threshold: number;
  touched: number;
  held?: Held;
  /** Allocated with the first fold. */
  closingId?: string;
}

/** What is folded of a kind and not yet told. */
interface Held {
  readonly repeats: Repeats;
  /** The last one. */
  snapshot: Snapshot;
  bytes: number;
  /** Whose it is, and later sightings of it. */
  last?: Folded;
  sightings: CaptureContext[];
  /** What has repeated it to the letter since, and is not in `repeats` yet. */
  echo?: Echo | undefined;
}

/**
 * Storm control: of each kind of failure the first few in a window are sent in full, the rest are counted and told by
 * a closing event. What was sent plus what the closing events stand for is exactly what was captured.
 */
export class FoldTable {
  readonly #options: FoldTableOptions;
  /** By the hash of the key, in the order the windows opened, which is the order they close. */
  readonly #kinds = new Map<number, Kind>();
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
    const kind = this.#current(hash, now);
    if (kind === undefined) return this.#admitNew(hash, now);

    kind.touched = now;
    if (kind.folded > 0 || kind.sent >= full) return "fold";
    if (this.#options.pressure() !== "none") return "fold";
    kind.sent++;
    return "send";
  }

  /** The id that the closing event of this key will have. */
  closingId(key: string): string {
    const kind = this.#kinds.get(this.#hashOf(key));
    if (kind === undefined) return this.#options.newId();
    kind.closingId ??= this.#options.newId();
    return kind.closingId;
  }

  /**
   * Counts one capture into the closing event of its key, which becomes this capture.
   *
   * @returns `first` when it is the first one of its closing event, `more` when it joined others, `unknown` when the
   * key is not in the table
   */
  fold(key: string, snapshot: Snapshot, bytes: number, folded: Folded): "first" | "more" | "unknown" {
    const kind = this.#kinds.get(this.#hashOf(key));
    if (kind === undefined) return "unknown";
    takeEcho(kind);
    const isFirst = kind.held === undefined;
    if (kind.held === undefined) {
      // One that found no place has an id already, which those after it are to share.
      kind.closingId ??= snapshot.id;
      kind.held = { repeats: createRepeats(), snapshot, bytes: 0, sightings: [] };
      this.#held++;
    }
    kind.held.repeats.add(snapshot);
    kind.held.snapshot = snapshot;
    this.#bytes += bytes - kind.held.bytes;
    kind.held.bytes = bytes;
    show(kind.held, folded);
    kind.folded++;
    if (kind.folded >= kind.threshold && this.#options.pressure() === "none" && this.#tell(kind)) {
      while (kind.threshold <= kind.folded) kind.threshold *= 10;
    }
    return isFirst ? "first" : "more";
  }

  /** What is known of the kind of a key. */
  kindOf(key: string): Kind | undefined {
    return this.#kinds.get(this.#hashOf(key));
  }

  /** How many captures of a kind may be counted apart, and how long, before one has to come here again. */
  reachOf({ opened, folded, threshold }: Kind): EchoReach {
    const { windowMs, clock } = this.#options;
    // What is past its threshold waits for the line to take something.
    const captures = folded < threshold ? threshold - folded - 1 : Number.POSITIVE_INFINITY;
    return { captures, ms: opened + windowMs - clock.monotonic() };
  }

  /** The failure of a folded capture was seen again: what is known there is added, if its closing event will show it. */
  addSighting({ held }: Folded, sighting: CaptureContext): void {
    if (held === undefined) return;
    const more = addSighting(held.sightings, sighting, () => this.#options.pressure() !== "overflowing");
    held.bytes += more;
    this.#bytes += more;
  }

  /** Tells everything that is folded, for `flush`, `close` and the end of the process. */
  tellAll(): void {
    for (const kind of this.#kinds.values()) this.#tell(kind);
  }

  /** Forgets all keys; what was not told before is returned, for the account. */
  clear(): Untold[] {
    const lost = [...this.#kinds.values()].flatMap((kind) => {
      takeEcho(kind);
      const { held } = kind;
      kind.held = undefined;
      return held === undefined ? [] : [{ id: held.snapshot.id, weight: held.repeats.count }];
    });
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#lastKey = undefined;
    this.#kinds.clear();
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
    this.#kinds.set(hash, { opened: now, sent: 1, folded: 0, threshold: 10, touched: now });
    if (this.#timer === undefined) this.#schedule(this.#options.windowMs);
    return "send";
  }

  /** The kind of a key, if its window is still open. A window that has passed is closed first, as soon as anything leaves. */
  #current(hash: number, now: number): Kind | undefined {
    const kind = this.#kinds.get(hash);
    if (kind === undefined || now - kind.opened < this.#options.windowMs) return kind;
    if (this.#options.isStuck() || !this.#tell(kind)) return kind;
    this.#kinds.delete(hash);
    return undefined;
  }

  /** Sends what is held of a kind; `true` when nothing is left to tell. */
  #tell(kind: Kind): boolean {
    takeEcho(kind);
    const { held } = kind;
    if (held === undefined) return true;
    if (!this.#options.close(held.snapshot, held.repeats, held.sightings)) return false;
    if (held.last !== undefined) held.last.held = undefined;
    kind.held = undefined;
    kind.closingId = undefined;
    this.#held--;
    this.#bytes -= held.bytes;
    return true;
  }

  /** Makes room for one more key: first by forgetting one without folds, else by telling the least recent one. */
  #makeRoom(): boolean {
    if (this.#kinds.size < this.#options.keys) return true;
    let oldest: [number, Kind] | undefined;
    for (const candidate of this.#kinds) {
      if (candidate[1].held === undefined) {
        this.#kinds.delete(candidate[0]);
        return true;
      }
      if (oldest === undefined || candidate[1].touched < oldest[1].touched) oldest = candidate;
    }
    if (oldest === undefined || !this.#tell(oldest[1])) return false;
    this.#kinds.delete(oldest[0]);
    return true;
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#options.clock.schedule(() => this.#closeWindows(), delayMs);
  }

  #closeWindows(): void {
    this.#timer = undefined;
    const { clock, windowMs } = this.#options;
    const now = Math.floor(clock.monotonic());
    for (const [hash, kind] of this.#kinds) {
      const left = kind.opened + windowMs - now;
      const wait = left > 0 ? left : !this.#options.isStuck() && this.#tell(kind) ? 0 : RETRY_MS;
      if (wait > 0) {
        this.#schedule(wait);
        return;
      }
      this.#kinds.delete(hash);
    }
  }
}

/** Takes over what was counted apart: the last of them becomes the capture that is told. */
export function takeEcho(kind: Kind): void {
  const { held } = kind;
  const { echo } = held ?? {};
  if (held === undefined || echo === undefined) return;
  held.echo = undefined;
  if (echo.count === 0) return;
  const { snapshot } = held;
  const original = snapshot.original === undefined ? undefined : echo.latest;
  held.snapshot = snapshotOf(snapshot.id, echo.last / 1000, snapshot, snapshot, original);
  held.repeats.add(held.snapshot, echo.count);
  kind.folded += echo.count;
  show(held, echo.folded);
}

/** Of all captures of a closing event, it shows the last. */
function show(held: Held, folded: Folded): void {
  if (held.last !== undefined) {
    held.last.isShown = false;
    held.last.held = undefined;
  }
  held.last = folded;
  held.sightings = [];
  folded.held = held;
}

/** How soon a closing event that found no room is tried again. */
const RETRY_MS = 1000;
