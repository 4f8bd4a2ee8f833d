import { BoundedQueue } from "../model/bounded-queue.js";
import type { DropReason } from "../transport/drops.js";
import type { Envelope } from "../transport/envelope.js";
import type { Attempts } from "./retry-budget.js";

/** One envelope and its state at one destination. Times are monotonic milliseconds. */
export interface QueuedEnvelope {
  /** As it was offered; its identity for the owner. */
  readonly offered: Envelope;
  /** As it will be sent: perhaps shrunk since, or without its attachments. */
  envelope: Envelope;
  readonly expiresAt: number;
  /** Since when it could have left. */
  readySince: number;
  readonly attempts: Attempts;
  isShrunk: boolean;
  isSettled: boolean;
  /** The server counted the last failure itself (429). */
  isCountedByServer: boolean;
  /** Why the last attempt failed. */
  lastReason?: DropReason;
}

interface Delayed {
  readonly item: QueuedEnvelope;
  readonly dueAt: number;
  /** When it is due once the destination works again. */
  readonly soonAt: number;
}

/**
 * All envelopes that one destination still has to get. Each is ready (first in, first out), delayed until a moment of
 * its own, so that one that fails again and again never blocks the others, or under way.
 */
export class Backlog {
  // The bounds are the delivery's, which also counts what is under way.
  readonly #ready: BoundedQueue<{ readonly item: QueuedEnvelope; readonly bytes: 0 }> = new BoundedQueue(
    Number.POSITIVE_INFINITY,
  );
  /** Sorted, the next one due at the end. */
  #delayed: Delayed[] = [];
  readonly #underWay = new Set<QueuedEnvelope>();
  #nextExpiryAt = Number.POSITIVE_INFINITY;

  /** Ready and delayed ones. */
  get queued(): number {
    return this.#ready.size + this.#delayed.length;
  }

  get inFlight(): number {
    return this.#underWay.size;
  }

  get size(): number {
    return this.queued + this.inFlight;
  }

  /** The first that is ready. */
  get head(): QueuedEnvelope | undefined {
    return this.#ready.peek()?.item;
  }

  /** The earliest moment at which {@link promote} or {@link expire} has something to do. */
  get nextDueAt(): number {
    return Math.min(this.#delayed.at(-1)?.dueAt ?? Number.POSITIVE_INFINITY, this.#nextExpiryAt);
  }

  /** Makes it ready, behind all others. */
  add(item: QueuedEnvelope, now: number): void {
    this.#underWay.delete(item);
    item.readySince = now;
    this.#ready.push({ item, bytes: 0 });
    this.#nextExpiryAt = Math.min(this.#nextExpiryAt, item.expiresAt);
  }

  /**
   * Makes it ready at `dueAt`; the order among equals is kept.
   *
   * @param soonAt - the same for {@link hasten}
   */
  delay(item: QueuedEnvelope, dueAt: number, soonAt: number = dueAt): void {
    this.#underWay.delete(item);
    let low = 0;
    let high = this.#delayed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#delayed[middle]!.dueAt > dueAt) low = middle + 1;
      else high = middle;
    }
    this.#delayed.splice(low, 0, { item, dueAt, soonAt });
    this.#nextExpiryAt = Math.min(this.#nextExpiryAt, item.expiresAt);
  }

  /** The head, which is under way from now on until it is added, delayed or removed. */
  take(): QueuedEnvelope | undefined {
    const item = this.#ready.shift()?.item;
    if (item !== undefined) this.#underWay.add(item);
    return item;
  }

  /** Removes one that is under way. @returns `false` when it was removed before */
  remove(item: QueuedEnvelope): boolean {
    return this.#underWay.delete(item);
  }

  /** Makes those ready whose delay is over. */
  promote(now: number): void {
    this.#promoteDueBy(now, now);
  }

  /** The destination works again: delays that were made for an outage end sooner. */
  hasten(now: number): void {
    const delayed = this.#delayed;
    this.#delayed = [];
    for (const { item, soonAt } of delayed.reverse()) this.delay(item, soonAt);
    this.promote(now);
  }

  /** Ends all delays: the application flushes. */
  hurry(now: number): void {
    this.#promoteDueBy(Number.POSITIVE_INFINITY, now);
  }

  /** Removes those that are too old. Costs nothing before the first of them is due. */
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
      const entry = this.#ready.shift()!;
      if (keep(entry.item)) this.#ready.push(entry);
    }
    this.#delayed = this.#delayed.filter(({ item }) => keep(item));
    return expired;
  }

  /** Takes everything: first those that were under way before, then the ready, then the delayed ones. */
  takeAll(): readonly QueuedEnvelope[] {
    this.hurry(0);
    while (this.take() !== undefined);
    this.#nextExpiryAt = Number.POSITIVE_INFINITY;
    return [...this.#underWay];
  }

  #promoteDueBy(dueAt: number, now: number): void {
    for (
      let next = this.#delayed.at(-1);
      next !== undefined && next.dueAt <= dueAt;
      next = this.#delayed.at(-1)
    ) {
      this.#delayed.pop();
      this.add(next.item, now);
    }
  }
}
