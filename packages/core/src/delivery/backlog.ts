import { BoundedQueue } from "../model/bounded-queue.js";
import type { DropReason } from "../transport/drops.js";
import type { Envelope } from "../transport/envelope.js";
import type { Attempts } from "./retry-budget.js";

/** One envelope on its way to one destination. Times are monotonic milliseconds. */
export interface QueuedEnvelope {
  /** As it was offered; what the owner knows it by. */
  readonly offered: Envelope;
  /** As it will be sent: perhaps shrunk since, or without its attachments. */
  envelope: Envelope;
  readonly expiresAt: number;
  /** Since when it could have left. */
  readySince: number;
  readonly trial: Attempts;
  shrunk: boolean;
  settled: boolean;
  /** The server counted the last failure itself (429). */
  told: boolean;
  /** Why the last try failed. */
  lastReason?: DropReason;
}

interface Waiting {
  readonly item: QueuedEnvelope;
  readonly dueAt: number;
  /** When it is due once the destination works again. */
  readonly soonAt: number;
}

/**
 * The items of one destination that are not under way: first in, first out, and beside that line those that wait
 * for a moment of their own, so that one that fails again and again never stands in front of the others.
 */
export class Backlog {
  // The bounds are the delivery's, which also weighs what is under way.
  readonly #ready: BoundedQueue<{ readonly item: QueuedEnvelope; readonly bytes: 0 }> = new BoundedQueue(
    Number.POSITIVE_INFINITY,
  );
  /** Sorted, the next one due at the end. */
  #waiting: Waiting[] = [];
  #nextExpiryAt = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#ready.size + this.#waiting.length;
  }

  /** The first in line. */
  get head(): QueuedEnvelope | undefined {
    return this.#ready.peek()?.item;
  }

  /** The earliest moment at which {@link promote} or {@link expire} has something to do. */
  get nextDueAt(): number {
    return Math.min(this.#waiting.at(-1)?.dueAt ?? Number.POSITIVE_INFINITY, this.#nextExpiryAt);
  }

  /** Joins the end of the line. */
  add(item: QueuedEnvelope, now: number): void {
    item.readySince = now;
    this.#ready.push({ item, bytes: 0 });
    this.#nextExpiryAt = Math.min(this.#nextExpiryAt, item.expiresAt);
  }

  /**
   * Waits until `dueAt`, then joins the end of the line; the order among equals is kept.
   *
   * @param soonAt - the same for {@link hasten}
   */
  addLater(item: QueuedEnvelope, dueAt: number, soonAt: number = dueAt): void {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#waiting[middle]!.dueAt > dueAt) low = middle + 1;
      else high = middle;
    }
    this.#waiting.splice(low, 0, { item, dueAt, soonAt });
    this.#nextExpiryAt = Math.min(this.#nextExpiryAt, item.expiresAt);
  }

  take(): QueuedEnvelope | undefined {
    return this.#ready.shift()?.item;
  }

  /** Whoever has waited long enough joins the line. */
  promote(now: number): void {
    this.#promoteDueBy(now, now);
  }

  /** The destination works again: nobody sits out a delay that was made for an outage. */
  hasten(now: number): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { item, soonAt } of waiting.reverse()) this.addLater(item, soonAt);
    this.promote(now);
  }

  /** Nobody waits any longer: the application wants everything out. */
  hurry(now: number): void {
    this.#promoteDueBy(Number.POSITIVE_INFINITY, now);
  }

  /** Takes out what has become too old. Costs nothing before the first of them is due. */
  expire(now: number): readonly QueuedEnvelope[] {
    if (now < this.#nextExpiryAt) return [];
    const expired: QueuedEnvelope[] = [];
    this.#nextExpiryAt = Number.POSITIVE_INFINITY;
    const keep = (item: QueuedEnvelope): boolean => {
      if (item.expiresAt <= now) {
        expired.push(item);
        return false;
      }
      this.#nextExpiryAt = Math.min(this.#nextExpiryAt, item.expiresAt);
      return true;
    };
    for (let left = this.#ready.size; left > 0; left--) {
      const item = this.#ready.shift()!;
      if (keep(item.item)) this.#ready.push(item);
    }
    this.#waiting = this.#waiting.filter(({ item }) => keep(item));
    return expired;
  }

  /** Everything, the line first; the backlog is empty afterwards. */
  takeAll(): readonly QueuedEnvelope[] {
    this.hurry(0);
    const all: QueuedEnvelope[] = [];
    for (let item = this.take(); item !== undefined; item = this.take()) all.push(item);
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
      this.add(next.item, now);
    }
  }
}
