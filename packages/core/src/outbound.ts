import { withoutData } from "./capture/attachments.js";
import type { Snapshot, Surroundings } from "./capture/snapshot.js";
import type { Diagnostics } from "./diagnostics.js";
import type { DropReason } from "./drops.js";
import type { Envelope } from "./envelope.js";
import { eventOf } from "./envelope.js";
import { type Finished, finish, finishNow, type Workshop } from "./finish.js";
import { Intake, type Pending } from "./intake.js";
import { type Ledger, Passage } from "./ledger.js";
import type { ResolvedOptions } from "./options.js";
import type { Platform } from "./platform.js";
import { shrinkEvent } from "./process/shrink.js";
import type { SpoolDesk } from "./spool/desk.js";
import { destinationKeys } from "./spool/destinations.js";
import type { Recall } from "./spool/recall.js";
import { Restock } from "./spool/restock.js";
import type { SpooledEvent } from "./spool/store.js";
import { createDelivery, type Delivery, type DestinationStats } from "./transport/delivery.js";
import type { Transport } from "./transport/transport.js";

export interface OutboundOptions {
  readonly options: ResolvedOptions;
  readonly platform: Platform;
  readonly diagnostics: Diagnostics;
  readonly workshop: Workshop;
  readonly transports: readonly Transport[];
  readonly ledger: Ledger;
  /** Where what must outlive the process is written down. */
  readonly spool?: SpoolDesk;
  readonly recall?: Recall;
  /** Called whenever an event has left or was given up. */
  onLeft(): void;
}

/** Events are given up after an hour without a destination that takes them. */
const MAX_AGE_MS = 60 * 60 * 1000;

/** Everything behind the gate: the intake, the making of events, and one delivery for each destination. */
export class Outbound {
  readonly #context: OutboundOptions;
  readonly #intake: Intake;
  readonly #passage: Passage;
  readonly #deliveries: readonly Delivery[];
  /** By what the spool knows each of them. */
  readonly #keys: readonly string[];
  readonly #restock: Restock | undefined;
  #whenRelieved: (() => void)[] = [];
  #isClosed = false;

  constructor(context: OutboundOptions) {
    this.#context = context;
    const { options, platform, ledger, transports, spool } = context;
    this.#passage = new Passage(ledger, (id) => this.#leave(id));
    this.#keys = destinationKeys(transports);
    this.#deliveries = transports.map((transport, index) =>
      this.#createDelivery(transport, this.#keys[index]!),
    );
    this.#intake = new Intake({
      clock: platform.clock,
      queueBytes: options.queueBytes,
      afterTurn: platform.afterTurn,
      hasRoomBehind: () => this.#deliveries.some(wantsMore),
      finish: (pending) => this.#send(pending),
    });
    this.#restock = spool && this.#createRestock(spool);
  }

  /** Events that have not arrived yet and are not given up. */
  get queued(): number {
    return this.#intake.size + this.#passage.size;
  }

  /** Whether there is place for more, and whether the line takes anything. `held`: what waits elsewhere within the same bounds. */
  pressure(held: { readonly items: number; readonly bytes: number }): {
    isFull: boolean;
    isOverflowing: boolean;
    isHeldBack: boolean;
  } {
    const { queueSize, queueBytes } = this.#context.options;
    return {
      isFull: this.queued + held.items >= queueSize,
      isOverflowing: !this.#canSpill && this.#queuedBytes() + held.bytes >= queueBytes,
      isHeldBack: this.#deliveries.length > 0 && this.#deliveries.every((delivery) => delivery.isHeldBack()),
    };
  }

  get hasDestinations(): boolean {
    return this.#deliveries.length > 0;
  }

  destinations(): DestinationStats[] {
    return this.#deliveries.map((delivery) => delivery.stats());
  }

  /** Takes a capture; `false` when full. Its files are left behind when only they are too much. */
  push(pending: Pending): boolean {
    const { spool } = this.#context;
    if (spool?.isTakenOver(pending)) {
      this.#leave(pending.id);
      return true;
    }
    if (spool !== undefined && !spool.holds(pending)) spool.keep(pending.snapshot);
    if (this.#intake.push(pending) || spool?.leave(pending.id)) return true;
    return hasFiles(pending) && this.#intake.push(withoutFiles(pending));
  }

  /** Writes down what is only counted by now. */
  recordFold(snapshot: Snapshot): void {
    this.#context.spool?.fold(snapshot);
  }

  /** Leaves what is on disk to whoever comes. */
  closeSpool(): void {
    this.#context.spool?.close();
  }

  /** Events that are on disk; of those `inHand` are on their way, or counted, here as well. */
  get spooled(): { readonly inHand: number; readonly waiting: number } {
    return this.#context.spool?.store ?? NOTHING_SPOOLED;
  }

  /** Whether the event of this id has not left yet. */
  isWaiting(id: string): boolean {
    return this.#intake.find(id) !== undefined;
  }

  /** The failure of a waiting event was seen again: what is known there and was not known before is added. */
  addSighting(id: string, sighting: Surroundings): void {
    this.#intake.find(id)?.sightings.push(sighting);
    this.#context.spool?.sight(id, sighting);
  }

  /** A waiting event becomes that of an error which wraps its own. */
  wrap(id: string, outer: Snapshot): void {
    const pending = this.#intake.find(id);
    if (pending === undefined) return;
    pending.sightings.push(pending.snapshot);
    pending.snapshot = outer;
    this.#context.spool?.keep(outer);
  }

  recordDiscard(reason: DropReason, quantity: number): void {
    for (const delivery of this.#deliveries) delivery.recordDiscard(reason, "error", quantity);
  }

  /** Sends all that waits, on disk too. `true`: nothing is left. */
  async flush(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#context.platform;
    const deadline = clock.monotonic() + timeoutMs;
    for (;;) {
      const isFlushed = await this.#flushMemory(Math.max(0, deadline - clock.monotonic()));
      if (!isFlushed || this.#restock === undefined) return isFlushed;
      await this.#within(this.#restock.settled(), Math.max(0, deadline - clock.monotonic()));
      if (this.#intake.size + this.#passage.size > 0) continue;
      return this.spooled.waiting === 0;
    }
  }

  /** Sends all that waits, leaves the rest to the spool or counts it as dropped, and gives everything back. */
  async close(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#context.platform;
    const deadline = clock.monotonic() + timeoutMs;
    const flushed = await this.flush(timeoutMs);
    this.#isClosed = true;
    this.#restock?.stop();
    this.#relieve();
    for (const { id, weight } of this.#intake.takeAll()) this.abandon(id, weight);
    const left = Math.max(0, deadline - clock.monotonic());
    const closed = await Promise.all(this.#deliveries.map((delivery) => delivery.close(left)));
    return flushed && closed.every(Boolean);
  }

  /** An event that cannot be sent any more is left to the spool, or else dropped. */
  abandon(id: string, weight: number): void {
    if (!this.#context.spool?.leave(id)) this.#context.ledger.drop("network_error", weight);
  }

  /** Makes all that waits into events and sends them, synchronously. `false`: nobody would take anything now. */
  lastWords(deadlineMs: number): boolean {
    const { clock } = this.#context.platform;
    const endsAt = clock.monotonic() + deadlineMs;
    if (!this.#deliveries.some((delivery) => delivery.canSpeak)) return false;
    for (const delivery of this.#deliveries) delivery.hold();
    // What takes time is the sending; the making must leave it some.
    const makeUntil = endsAt - deadlineMs / 2;
    while (this.#intake.size > 0 && clock.monotonic() <= makeUntil) {
      const pending = this.#intake.seize()!;
      const made = this.#makeNow(pending);
      if (!("envelope" in made)) this.#drop(pending, made);
      else this.#offerNow(made.envelope, endsAt);
    }
    this.#speak(endsAt);
    for (const delivery of this.#deliveries) delivery.resume();
    return true;
  }

  /** Sends all that waits in memory. */
  async #flushMemory(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#context.platform;
    const deadline = clock.monotonic() + timeoutMs;
    this.#intake.hurry();
    const isEmpty = await this.#within(this.#intake.empty(), timeoutMs);
    const left = Math.max(0, deadline - clock.monotonic());
    const flushed = await Promise.all(this.#deliveries.map((delivery) => delivery.flush(left)));
    return isEmpty && flushed.every(Boolean);
  }

  /** Bytes that wait, about: here and at the destination that has most. */
  #queuedBytes(): number {
    let most = 0;
    for (const delivery of this.#deliveries) most = Math.max(most, delivery.queuedBytes);
    return this.#intake.bytes + most;
  }

  async #send(pending: Pending): Promise<void> {
    if (this.#context.spool?.isTakenOver(pending)) {
      if (this.#intake.release(pending)) this.#leave(pending.id);
      return;
    }
    const made = await finish(pending, this.#context.workshop).catch(failure);
    if ("envelope" in made) await this.#roomFor(made.envelope.bytes);
    if (!this.#intake.release(pending)) return;
    if ("envelope" in made) this.#offer(made.envelope);
    else this.#drop(pending, made);
    this.#tellLeft(made);
  }

  /** Files that did not fit into their event cost nothing but themselves. */
  #tellLeft(made: Finished): void {
    if (!("envelope" in made)) return;
    for (const delivery of this.#deliveries)
      delivery.recordDiscard("queue_overflow", "attachment", made.leftBytes);
  }

  #makeNow(pending: Pending): Finished {
    try {
      return finishNow(pending, this.#context.workshop);
    } catch (error) {
      return failure(error);
    }
  }

  #drop({ id, weight }: Pending, { dropped, trouble }: Extract<Finished, { dropped: DropReason }>): void {
    const { ledger, diagnostics, spool } = this.#context;
    spool?.settle(id);
    ledger.drop(dropped, weight);
    if (trouble === undefined) diagnostics.debug(() => `event ${id} dropped: ${dropped}`);
    else diagnostics.warn(trouble.slice(0, 60), `event ${id} dropped: ${trouble}`);
    this.#context.onLeft();
  }

  async #roomFor(bytes: number): Promise<void> {
    while (!this.#isClosed && !this.#hasRoomFor(bytes))
      await new Promise<void>((resolve) => this.#whenRelieved.push(resolve));
  }

  /** When there is no room, what is held is spoken first. */
  #offerNow(envelope: Envelope, endsAt: number): void {
    if (!this.#hasRoomFor(envelope.bytes)) this.#speak(endsAt);
    this.#offer(envelope);
  }

  /** Destinations wait one after the other; one that hangs must leave time for the rest. */
  #speak(endsAt: number): void {
    const { clock } = this.#context.platform;
    const speakers = this.#deliveries.filter((delivery) => delivery.canSpeak);
    speakers.forEach((delivery, index) => {
      const left = Math.max(0, endsAt - clock.monotonic());
      delivery.lastWords(left / (speakers.length - index));
    });
  }

  /** Hands an event to every destination. */
  #offer(envelope: Envelope): void {
    this.#context.spool?.finish(envelope);
    this.#handTo(this.#deliveries, envelope);
  }

  #handTo(deliveries: readonly Delivery[], envelope: Envelope): void {
    const { id, weight } = envelope;
    const { diagnostics, spool } = this.#context;
    this.#passage.begin(id, weight, deliveries.length);
    for (const delivery of deliveries) {
      if (delivery.offer(envelope)) continue;
      if (spool?.holds(envelope)) {
        this.#passage.settle(id, { kind: "kept" });
        continue;
      }
      diagnostics.debug(() => `event ${id} dropped for ${delivery.name}: queue_overflow`);
      delivery.recordDiscard("queue_overflow", "error", weight);
      this.#passage.settle(id, { kind: "dropped", reason: "queue_overflow" });
    }
  }

  /** Nobody here sends the event: it waits on disk, or another process has it. */
  #leave(id: string): void {
    const { spool, ledger } = this.#context;
    if (spool === undefined || spool.leave(id)) return;
    ledger.handedOver++;
    spool.forgetTakenOver(id);
  }

  get #canSpill(): boolean {
    return this.#context.spool?.isWorking ?? false;
  }

  #createRestock(spool: SpoolDesk): Restock {
    const { platform, ledger } = this.#context;
    return new Restock({
      store: spool.store,
      clock: platform.clock,
      random: platform.random,
      afterTurn: platform.afterTurn,
      hasRoom: () => this.#intake.size < FROM_DISK_AHEAD && this.#deliveries.some(wantsFromDisk),
      take: (event) => this.#takeFromDisk(event),
      onAdopted: (count) => ledger.takeOver(count),
    });
  }

  /** An event from disk goes on from where it had come. */
  #takeFromDisk(event: SpooledEvent): void {
    const recalled = this.#context.recall?.read(event);
    if (recalled === undefined) {
      this.#context.spool?.settle(event.id);
      this.#context.ledger.drop("internal_sdk_error", 1 + event.more.count);
    } else if ("pending" in recalled) {
      if (!this.#intake.push(recalled.pending)) this.#leave(event.id);
    } else {
      const keys = this.#keys;
      const open = this.#deliveries.filter((_, index) => !event.settled.has(keys[index]!));
      this.#handTo(open, { ...recalled.envelope, weight: 1 + event.more.count });
    }
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#deliveries.some((delivery) => delivery.hasRoomFor(bytes));
  }

  /** Something has left: what waited for room may go on. */
  #relieve(): void {
    for (const resolve of this.#whenRelieved.splice(0)) resolve();
    this.#intake.kick();
    this.#restock?.kick();
    this.#context.onLeft();
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
        this.#passage.settle(envelope.id, outcome);
        this.#relieve();
      },
      shrink: (envelope) => shrunk(envelope),
    });
  }

  async #within(done: Promise<void>, timeoutMs: number): Promise<boolean> {
    const { clock } = this.#context.platform;
    return new Promise((resolve) => {
      const timer = clock.schedule(() => resolve(false), timeoutMs, { keepAlive: true });
      void done.then(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }
}

const NOTHING_SPOOLED = { inHand: 0, waiting: 0 };

/** From disk only as much is taken as keeps the line busy: what happens now goes first. */
const FROM_DISK_AHEAD = 8;

function wantsFromDisk(delivery: Delivery): boolean {
  return !delivery.isHeldBack() && delivery.queued < FROM_DISK_AHEAD;
}

/** A finished event weighs several times what its capture does, so only a few are made ahead of the line. */
const READY_AHEAD = 64;

function wantsMore(delivery: Delivery): boolean {
  return delivery.queued < READY_AHEAD && delivery.hasRoomFor(1);
}

/** A failure of ours drops the event, counted and told, and is never an event of its own. */
function failure(error: unknown): Extract<Finished, { dropped: DropReason }> {
  return {
    dropped: "internal_sdk_error",
    trouble: `Corvid failed: ${error instanceof Error ? error.stack : String(error)}`,
  };
}

/** Half the size, for a server that found an event too large; attachments stay behind. */
function shrunk(envelope: Envelope): Envelope | undefined {
  const event = eventOf(envelope);
  if (event === undefined) return undefined;
  const { payload } = shrinkEvent(event, Math.floor(envelope.payload.length / 2));
  return { ...envelope, payload, attachments: [], bytes: payload.length };
}

function hasFiles({ snapshot }: Pending): boolean {
  return snapshot.hint.attachments.some(({ data }) => data.length > 0);
}

function withoutFiles(pending: Pending): Pending {
  const { snapshot, bytes } = pending;
  const { attachments } = snapshot.hint;
  const hint = { ...snapshot.hint, attachments: attachments.map(withoutData) };
  const weight = attachments.reduce((sum, { data }) => sum + data.length, 0);
  return { ...pending, snapshot: { ...snapshot, hint }, bytes: bytes - weight };
}
