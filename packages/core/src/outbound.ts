import { withoutData } from "./capture/attachments.js";
import type { Snapshot, Surroundings } from "./capture/snapshot.js";
import type { Diagnostics } from "./diagnostics.js";
import type { DropReason } from "./drops.js";
import type { Envelope } from "./envelope.js";
import { eventOf } from "./envelope.js";
import { type Finished, finish, finishNow, type Workshop } from "./finish.js";
import { Intake, type Pending } from "./intake.js";
import { type Ledger, Passage } from "./ledger.js";
import { thrownText } from "./messages.js";
import type { ResolvedOptions } from "./options.js";
import type { Platform } from "./platform.js";
import { shrinkEvent } from "./process/shrink.js";
import { createDelivery, type Delivery, type DestinationStats } from "./transport/delivery.js";
import type { Transport } from "./transport/transport.js";

export interface OutboundOptions {
  readonly options: ResolvedOptions;
  readonly platform: Platform;
  readonly diagnostics: Diagnostics;
  readonly workshop: Workshop;
  readonly transports: readonly Transport[];
  readonly ledger: Ledger;
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
  #whenRelieved: (() => void)[] = [];
  #isClosed = false;

  constructor(context: OutboundOptions) {
    this.#context = context;
    const { options, platform, ledger, transports } = context;
    this.#passage = new Passage(ledger);
    this.#deliveries = transports.map((transport) => this.#createDelivery(transport));
    this.#intake = new Intake({
      clock: platform.clock,
      queueBytes: options.queueBytes,
      afterTurn: platform.afterTurn,
      hasRoomBehind: () => this.#deliveries.some(wantsMore),
      finish: (pending) => this.#send(pending),
    });
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
      isOverflowing: this.#queuedBytes() + held.bytes >= queueBytes,
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
    return this.#intake.push(pending) || (hasFiles(pending) && this.#intake.push(withoutFiles(pending)));
  }

  /** Whether the event of this id has not left yet. */
  isWaiting(id: string): boolean {
    return this.#intake.find(id) !== undefined;
  }

  /** The failure of a waiting event was seen again: what is known there and was not known before is added. */
  addSighting(id: string, sighting: Surroundings): void {
    this.#intake.find(id)?.sightings.push(sighting);
  }

  /** A waiting event becomes that of an error which wraps its own. */
  wrap(id: string, outer: Snapshot): void {
    const pending = this.#intake.find(id);
    if (pending === undefined) return;
    pending.sightings.push(pending.snapshot);
    pending.snapshot = outer;
  }

  recordDiscard(reason: DropReason, quantity: number): void {
    for (const delivery of this.#deliveries) delivery.recordDiscard(reason, "error", quantity);
  }

  /** Sends all that waits. `true`: nothing is left. */
  async flush(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#context.platform;
    const deadline = clock.monotonic() + timeoutMs;
    this.#intake.hurry();
    const isEmpty = await this.#within(this.#intake.empty(), timeoutMs);
    const left = Math.max(0, deadline - clock.monotonic());
    const flushed = await Promise.all(this.#deliveries.map((delivery) => delivery.flush(left)));
    return isEmpty && flushed.every(Boolean);
  }

  /** Sends all that waits, counts what could not be sent, and gives everything back. */
  async close(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#context.platform;
    const deadline = clock.monotonic() + timeoutMs;
    const flushed = await this.flush(timeoutMs);
    this.#isClosed = true;
    this.#relieve();
    for (const { weight } of this.#intake.takeAll()) this.#context.ledger.drop("network_error", weight);
    const left = Math.max(0, deadline - clock.monotonic());
    const closed = await Promise.all(this.#deliveries.map((delivery) => delivery.close(left)));
    return flushed && closed.every(Boolean);
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

  /** Bytes that wait, about: here and at the destination that has most. */
  #queuedBytes(): number {
    let most = 0;
    for (const delivery of this.#deliveries) most = Math.max(most, delivery.queuedBytes);
    return this.#intake.bytes + most;
  }

  async #send(pending: Pending): Promise<void> {
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
    const { ledger, diagnostics } = this.#context;
    ledger.drop(dropped, weight);
    if (trouble !== undefined) diagnostics.warn(...trouble);
    diagnostics.debug("dropped", id, dropped);
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
    this.#passage.begin(envelope.id, envelope.weight, this.#deliveries.length);
    for (const delivery of this.#deliveries) {
      if (delivery.offer(envelope)) continue;
      this.#context.diagnostics.debug("dropped-for", delivery.name, "event", envelope.id, "queue_overflow");
      delivery.recordDiscard("queue_overflow", "error", envelope.weight);
      this.#passage.settle(envelope.id, "queue_overflow");
    }
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#deliveries.some((delivery) => delivery.hasRoomFor(bytes));
  }

  /** Something has left: what waited for room may go on. */
  #relieve(): void {
    for (const resolve of this.#whenRelieved.splice(0)) resolve();
    this.#intake.kick();
    this.#context.onLeft();
  }

  #createDelivery(transport: Transport): Delivery {
    const { options, platform, diagnostics } = this.#context;
    return createDelivery({
      transport,
      clock: platform.clock,
      random: platform.random,
      newId: platform.newId,
      diagnostics,
      queueSize: options.queueSize,
      queueBytes: options.queueBytes,
      maxAgeMs: MAX_AGE_MS,
      onSettled: (envelope, outcome) => {
        this.#passage.settle(envelope.id, outcome.kind === "dropped" ? outcome.reason : undefined);
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

/** A finished event weighs several times what its capture does, so only a few are made ahead of the line. */
const READY_AHEAD = 64;

function wantsMore(delivery: Delivery): boolean {
  return delivery.queued < READY_AHEAD && delivery.hasRoomFor(1);
}

/** A failure of ours drops the event, counted and told, and is never an event of its own. */
function failure(error: unknown): Extract<Finished, { dropped: DropReason }> {
  return {
    dropped: "internal_sdk_error",
    trouble: ["internal-error", "making an event", thrownText(error)],
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
