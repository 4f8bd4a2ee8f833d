import type { SpoolCount } from "../spool/store.js";
import type { DropReason } from "../transport/drops.js";
import type { Outcome } from "./delivery.js";

/** Counts of drops by reason; a reason that never happened is absent. */
export type DropCounts = Partial<Record<DropReason, number>>;

/**
 * The account of every capture: each ends as exactly one of delivered, merged, folded or dropped.
 *
 * An event that leaves may stand for many captures; its `weight` says how many. All of them but one are `folded`
 * as long as the event lives; if it is dropped, so are they.
 */
export class Ledger {
  captured = 0;
  delivered = 0;
  merged = 0;
  folded = 0;
  /** Events that another process took over from the spool. */
  handedOver = 0;
  readonly dropped: DropCounts = {};
  /** Events on their way whose failure was delivered before. */
  readonly #replacing = new Set<string>();

  /** The event of this id shows a failure again whose event has left: once delivered, the earlier capture is merged into it. */
  replaces(id: string): void {
    this.#replacing.add(id);
  }

  /** Counts an event as delivered. */
  deliver(id: string): void {
    if (this.#replacing.delete(id)) this.merged++;
    else this.delivered++;
  }

  /** Counts an event as dropped that stood for `weight` captures. */
  drop(reason: DropReason, weight: number): void {
    this.folded -= weight - 1;
    this.dropped[reason] = (this.dropped[reason] ?? 0) + weight;
  }

  /** Events came from the spool of a process that has ended: their account goes on here. */
  takeOver({ events, captures }: SpoolCount): void {
    this.captured += captures;
    this.folded += captures - events;
  }
}

interface OpenEvent {
  readonly weight: number;
  waiting: number;
  delivered: boolean;
  kept: boolean;
  reason: DropReason;
}

/** Follows each event until every destination has said what became of it. */
export class DeliveryTracker {
  readonly #open = new Map<string, OpenEvent>();
  readonly #ledger: Ledger;
  readonly #onEnd: (id: string, isKept: boolean) => void;

  /** @param onEnd - called when all are done with an event; `isKept`: it is left to the spool, and not counted here */
  constructor(ledger: Ledger, onEnd: (id: string, isKept: boolean) => void = () => undefined) {
    this.#ledger = ledger;
    this.#onEnd = onEnd;
  }

  /** Events that some destination still holds. */
  get size(): number {
    return this.#open.size;
  }

  /** An event is offered to `destinations` of them. */
  begin(id: string, weight: number, destinations: number): void {
    const waiting = destinations;
    this.#open.set(id, { weight, waiting, delivered: false, kept: false, reason: "queue_overflow" });
  }

  /** One destination is done with it. The event counts as delivered if one has it, unless the spool keeps it for others. */
  settle(id: string, outcome: Outcome): void {
    const event = this.#open.get(id);
    if (event === undefined) return;
    if (outcome.kind === "delivered") event.delivered = true;
    else if (outcome.kind === "kept") event.kept = true;
    else event.reason = outcome.reason;
    if (--event.waiting > 0) return;

    this.#open.delete(id);
    this.#onEnd(id, event.kept);
    if (event.kept) return;
    if (event.delivered) this.#ledger.deliver(id);
    else this.#ledger.drop(event.reason, event.weight);
  }
}
