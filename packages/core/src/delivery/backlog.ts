import { BoundedQueue } from "../pipeline/bounded-queue.js";
import type { DropReason } from "../transport/drops.js";
import type { Envelope } from "../transport/envelope.js";
import type { Trial } from "./retry-budget.js";

/** One envelope on its way to one destination. Times are monotonic milliseconds. */
export interface Parcel {
  /** As it was offered; what the owner knows it by. */
  readonly offered: Envelope;
  /** As it will be sent: perhaps shrunk since, or without its attachments. */
  envelope: Envelope;
  readonly expiresAt: number;
  /** Since when it could have left. */
  readySince: number;
  readonly trial: Trial;
  shrunk: boolean;
  settled: boolean;
  /** The server counted the last failure itself (429). */
  told: boolean;
  /** Why the last try failed. */
  lastReason?: DropReason;
}

interface Waiting {
  readonly parcel: Parcel;
  readonly dueAt: number;
  /** When it is due once the destination works again. */
  readonly soonAt: number;
}

/**
 * The parcels of one destination that are not under way: first in, first out, and beside that line those that wait
 * for a moment of their own, so that one that fails again and again never stands in front of the others.
 */
export class Backlog {
  // The bounds are the delivery's, which also weighs what is under way.
  readonly #ready: BoundedQueue<{ readonly parcel: Parcel; readonly bytes: 0 }> = new BoundedQueue(
    Number.POSITIVE_INFINITY,
  );
  /** Sorted, the next one due at the end. */
  #waiting: Waiting[] = [];
  #nextExpiryAt = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#ready.size + this.#waiting.length;
  }

  /** The first in line. */
  get head(): Parcel | undefined {
    return this.#ready.peek()?.parcel;
  }

  /** The earliest moment at which {@link promote} or {@link expire} has something to do. */
  get nextDueAt(): number {
    return Math.min(this.#waiting.at(-1)?.dueAt ?? Number.POSITIVE_INFINITY, this.#nextExpiryAt);
  }

  /** Joins the end of the line. */
  add(parcel: Parcel, now: number): void {
    parcel.readySince = now;
    this.#ready.push({ parcel, bytes: 0 });
    this.#nextExpiryAt = Math.min(this.#nextExpiryAt, parcel.expiresAt);
  }

  /**
   * Waits until `dueAt`, then joins the end of the line; the order among equals is kept.
   *
   * @param soonAt - the same for {@link hasten}
   */
  addLater(parcel: Parcel, dueAt: number, soonAt: number = dueAt): void {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#waiting[middle]!.dueAt > dueAt) low = middle + 1;
      else high = middle;
    }
    this.#waiting.splice(low, 0, { parcel, dueAt, soonAt });
    this.#nextExpiryAt = Math.min(this.#nextExpiryAt, parcel.expiresAt);
  }

  take(): Parcel | undefined {
    return this.#ready.shift()?.parcel;
  }

  /** Whoever has waited long enough joins the line. */
  promote(now: number): void {
    this.#promoteDueBy(now, now);
  }

  /** The destination works again: nobody sits out a delay that was made for an outage. */
  hasten(now: number): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { parcel, soonAt } of waiting.reverse()) this.addLater(parcel, soonAt);
    this.promote(now);
  }

  /** Nobody waits any longer: the application wants everything out. */
  hurry(now: number): void {
    this.#promoteDueBy(Number.POSITIVE_INFINITY, now);
  }

  /** Takes out what has become too old. Costs nothing before the first of them is due. */
  expire(now: number): readonly Parcel[] {
    if (now < this.#nextExpiryAt) return [];
    const expired: Parcel[] = [];
    this.#nextExpiryAt = Number.POSITIVE_INFINITY;
    const keep = (parcel: Parcel): boolean => {
      if (parcel.expiresAt <= now) {
        expired.push(parcel);
        return false;
      }
      this.#nextExpiryAt = Math.min(this.#nextExpiryAt, parcel.expiresAt);
      return true;
    };
    for (let left = this.#ready.size; left > 0; left--) {
      const item = this.#ready.shift()!;
      if (keep(item.parcel)) this.#ready.push(item);
    }
    this.#waiting = this.#waiting.filter(({ parcel }) => keep(parcel));
    return expired;
  }

  /** Everything, the line first; the backlog is empty afterwards. */
  takeAll(): readonly Parcel[] {
    this.hurry(0);
    const all: Parcel[] = [];
    for (let parcel = this.take(); parcel !== undefined; parcel = this.take()) all.push(parcel);
    this.#nextExpiryAt = Number.POSITIVE_INFINITY;
    return all;
  }

  #promoteDueBy(dueAt: number, now: number): void {
    for (
      let next = this.#waiting.at(-1);
      next !== undefined && next.dueAt <= dueAt;
      next = this.#waiting.at(-1)
    ) {
      this.#waiting.pop();
      this.add(next.parcel, now);
    }
  }
}
