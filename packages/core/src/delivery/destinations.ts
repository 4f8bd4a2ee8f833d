import type { ResolvedOptions } from "../client/options.js";
import type { Platform } from "../client/platform.js";
import type { DestinationStats } from "../client/stats.js";
import type { Diagnostics } from "../model/diagnostics.js";
import { shrinkEvent } from "../process/shrink.js";
import type { SpoolWriter } from "../spool/writer.js";
import { isHttpDestination } from "../transport/destination.js";
import type { DropReason } from "../transport/drops.js";
import { type Envelope, eventOf } from "../transport/envelope.js";
import type { Transport } from "../transport/transport.js";
import { createDelivery, type Delivery } from "./delivery.js";
import { DeliveryTracker, type Ledger } from "./ledger.js";

export interface DestinationsOptions {
  readonly options: Pick<ResolvedOptions, "queueSize" | "queueBytes" | "spool">;
  readonly platform: Pick<Platform, "clock" | "random" | "newId">;
  readonly diagnostics: Diagnostics;
  readonly transports: readonly Transport[];
  readonly ledger: Ledger;
  /** Where what must outlive the process is written down. */
  readonly spool?: SpoolWriter;
}

/** Events are given up after an hour without a destination that takes them; those on disk when the spool gives them up. */
const MAX_AGE_MS = 60 * 60 * 1000;

/** One delivery for each destination, and what became of each event at all of them together. */
export class Destinations {
  readonly #context: DestinationsOptions;
  readonly #tracker: DeliveryTracker;
  readonly #deliveries: readonly Delivery[];
  /** By what the spool knows each of them. */
  readonly #keys: readonly string[];
  readonly #listeners: (() => void)[] = [];

  constructor(context: DestinationsOptions) {
    this.#context = context;
    const { transports, ledger } = context;
    this.#tracker = new DeliveryTracker(ledger, (id, isKept) => {
      if (isKept) this.leave(id);
    });
    this.#keys = destinationKeys(transports);
    this.#deliveries = transports.map((transport, index) =>
      this.#createDelivery(transport, this.#keys[index]!),
    );
  }

  /** Calls `listener` whenever an event has left or was given up, so that there is room. It must not throw. */
  subscribe(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Events that some destination still holds. */
  get held(): number {
    return this.#tracker.size;
  }

  /** Events, and their bytes, at the destination that has least: one that is down holds up no other. */
  get least(): { readonly items: number; readonly bytes: number } {
    if (this.isNone) return NOTHING;
    let items = Number.POSITIVE_INFINITY;
    let bytes = Number.POSITIVE_INFINITY;
    for (const delivery of this.#deliveries) {
      items = Math.min(items, delivery.held);
      bytes = Math.min(bytes, delivery.queuedBytes);
    }
    return { items, bytes };
  }

  get isNone(): boolean {
    return this.#deliveries.length === 0;
  }

  /** None of them takes anything at the moment. */
  get isHeldBack(): boolean {
    return !this.isNone && this.#deliveries.every((delivery) => delivery.isHeldBack());
  }

  /** Whether one of them can send synchronously now. */
  get canSendSync(): boolean {
    return this.#deliveries.some((delivery) => delivery.canSendSync);
  }

  stats(): DestinationStats[] {
    return this.#deliveries.map((delivery) => delivery.stats());
  }

  hasRoomFor(bytes: number): boolean {
    return this.#deliveries.some((delivery) => delivery.hasRoomFor(bytes));
  }

  /** Whether one of them has less than so many events waiting. */
  wantsMore(ahead: number): boolean {
    return this.#deliveries.some((delivery) => delivery.queued < ahead && delivery.hasRoomFor(1));
  }

  /** The same of those that do not have an event yet; one that takes nothing is asked again with one. */
  wantsFromDisk(ahead: number, isDone?: ReadonlySet<string>): boolean {
    return this.#without(isDone).some(
      (delivery) => delivery.queued < (delivery.isHeldBack() ? 1 : ahead) && delivery.hasRoomFor(1),
    );
  }

  /** Hands an event that was just built to all of them. @param isDone - those that have it already, by their keys */
  offer(envelope: Envelope, isDone?: ReadonlySet<string>): void {
    if (this.isHeldBack) this.#context.spool?.finish(envelope);
    this.offerRead(envelope, isDone);
  }

  /** The same for an event that was read from disk. */
  offerRead(envelope: Envelope, isDone?: ReadonlySet<string>): void {
    const open = this.#without(isDone);
    this.#tracker.begin(envelope.id, envelope.weight, open.length);
    for (const delivery of open) {
      if (!delivery.offer(envelope)) this.#tracker.settle(envelope.id, delivery.overflow(envelope));
    }
  }

  /** Counts captures as dropped that no destination has seen, for their client reports too. */
  drop(reason: DropReason, weight = 1): void {
    this.#context.ledger.drop(reason, weight);
    this.recordDiscard(reason, "error", weight);
  }

  /** Drops an event that was on its way here. */
  giveUp(id: string, reason: DropReason, weight: number): void {
    this.#context.spool?.settle(id);
    this.drop(reason, weight);
    this.#announce();
  }

  /** Leaves an event that cannot be sent any more to the spool, or else drops it. */
  abandon(id: string, weight: number): void {
    if (!this.leaveOnDisk({ id })) this.drop("network_error", weight);
  }

  /** Leaves an event to the spool. @returns `false` when it is in memory alone */
  leaveOnDisk(event: Pick<Envelope, "id">): boolean {
    const { spool } = this.#context;
    if (!spool?.holds(event)) return false;
    this.leave(event.id);
    return true;
  }

  /** Counts something dropped elsewhere for their client reports. */
  recordDiscard(reason: DropReason, category: string, quantity: number): void {
    for (const delivery of this.#deliveries) delivery.recordDiscard(reason, category, quantity);
  }

  /** This process does not send the event: it waits on disk, or another process has it. */
  leave(id: string): void {
    const { spool, ledger } = this.#context;
    if (spool !== undefined && !spool.leave(id)) ledger.handedOver++;
  }

  async flush(timeoutMs: number): Promise<boolean> {
    const flushed = await Promise.all(this.#deliveries.map((delivery) => delivery.flush(timeoutMs)));
    return flushed.every(Boolean);
  }

  async close(timeoutMs: number): Promise<boolean> {
    const closed = await Promise.all(this.#deliveries.map((delivery) => delivery.close(timeoutMs)));
    return closed.every(Boolean);
  }

  /** The process is about to end: what is offered from now on waits for {@link sendSync}, until {@link resume}. */
  hold(): void {
    for (const delivery of this.#deliveries) delivery.hold();
  }

  resume(): void {
    for (const delivery of this.#deliveries) delivery.resume();
  }

  /** Sends all that is held, synchronously, one destination after the other; one that hangs leaves time for the rest. */
  sendSync(endsAt: number): void {
    const { clock } = this.#context.platform;
    const able = this.#deliveries.filter((delivery) => delivery.canSendSync);
    able.forEach((delivery, index) => {
      const left = Math.max(0, endsAt - clock.monotonic());
      delivery.sendSync(left / (able.length - index));
    });
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }

  #without(isDone: ReadonlySet<string> | undefined): readonly Delivery[] {
    return this.#deliveries.filter((_, index) => !isDone?.has(this.#keys[index]!));
  }

  #createDelivery(transport: Transport, key: string): Delivery {
    const { options, platform, diagnostics, spool } = this.#context;
    return createDelivery({
      transport,
      clock: platform.clock,
      random: platform.random,
      newId: platform.newId,
      diagnostics,
      queueSize: options.queueSize,
      queueBytes: options.queueBytes,
      maxAgeMs: options.spool === false ? MAX_AGE_MS : options.spool.maxAgeMs,
      spool,
      onSettled: (envelope, outcome) => {
        if (outcome.kind !== "kept") spool?.settle(envelope.id, key);
        this.#tracker.settle(envelope.id, outcome);
        this.#announce();
      },
      shrink: (envelope) => shrunk(envelope),
    });
  }
}

const NOTHING = { items: 0, bytes: 0 };

/** The transports of a client. A server without a DSN is left out: without any, Corvid is a quiet no-op. */
export function transportsOf(
  options: ResolvedOptions,
  platform: Platform,
  diagnostics: Diagnostics,
): readonly Transport[] {
  return options.destinations.flatMap((destination) => {
    if (!isHttpDestination(destination)) return [destination];
    const { codec, dsn = options.dsn } = destination;
    if (codec === undefined && dsn === undefined) return [];
    return [platform.transport({ ...destination, dsn }, options, diagnostics)];
  });
}

/** Names of a client's destinations on disk, distinct and the same in every process: `http`, `file`, `file#2`. */
export function destinationKeys(transports: readonly Pick<Transport, "name">[]): readonly string[] {
  const seen = new Map<string, number>();
  return transports.map(({ name }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}

/** Half the size, for a server that found an event too large; attachments stay behind. */
function shrunk(envelope: Envelope): Envelope | undefined {
  const event = eventOf(envelope);
  if (event === undefined) return undefined;
  const { payload } = shrinkEvent(event, Math.floor(envelope.payload.length / 2));
  const { logentry: _logentry, ...rest } = envelope;
  return { ...rest, payload, attachments: [], bytes: payload.length };
}
