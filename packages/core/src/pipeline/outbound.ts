import type { CaptureContext, Snapshot } from "../capture/snapshot.js";
import type { DestinationStats } from "../client/stats.js";
import { withoutData } from "../context/attachments.js";
import { Destinations, type DestinationsOptions } from "../delivery/destinations.js";
import type { Behind } from "../gate/gate.js";
import { thrownText } from "../model/messages.js";
import type { SpoolReader } from "../spool/reader.js";
import { SpoolReplay } from "../spool/replay.js";
import type { SpooledEvent } from "../spool/store.js";
import type { DropReason } from "../transport/drops.js";
import type { Envelope } from "../transport/envelope.js";
import { type EventBuilder, type Finished, finish, finishNow } from "./build.js";
import { CaptureQueue, type QueuedCapture } from "./capture-queue.js";

export interface OutboundOptions extends Omit<DestinationsOptions, "onRelieved"> {
  readonly builder: EventBuilder;
  /** Reads back what was written down; present with `spool`. */
  readonly spoolReader?: SpoolReader;
  /** Called whenever an event has left or was given up. */
  onLeft(): void;
}

/** Everything behind the gate: the captureQueue, the making of events, the destinations, and what comes back from disk. */
export class Outbound {
  readonly #context: OutboundOptions;
  readonly #captureQueue: CaptureQueue;
  readonly #destinations: Destinations;
  readonly #replay: SpoolReplay | undefined;
  #whenRelieved: (() => void)[] = [];
  #isClosed = false;

  constructor(context: OutboundOptions) {
    this.#context = context;
    const { options, platform } = context;
    this.#destinations = new Destinations({ ...context, onRelieved: () => this.#relieve() });
    this.#captureQueue = new CaptureQueue({
      clock: platform.clock,
      queueBytes: options.queueBytes,
      afterTurn: platform.afterTurn,
      hasRoomBehind: () => this.#destinations.wantsMore(READY_AHEAD),
      finish: (pending) => this.#send(pending),
    });
    this.#replay = this.#createRestock();
  }

  /** Events that have not arrived yet and are not given up. */
  get queued(): number {
    return this.#captureQueue.size + this.#destinations.held;
  }

  /** Whether there is place for more, and whether the line takes anything. `held`: what waits elsewhere within the same bounds. */
  pressure(held: { readonly items: number; readonly bytes: number }): Behind {
    const { options, spool } = this.#context;
    const { queueSize, queueBytes } = options;
    const { least, isHeldBack } = this.#destinations;
    const isOnDisk = spool?.isWorking ?? false;
    const waiting = this.#captureQueue.size + least.items;
    return {
      isFull: waiting + held.items >= queueSize,
      isOverflowing: !isOnDisk && this.#captureQueue.bytes + least.bytes + held.bytes >= queueBytes,
      isHeldBack,
      // With nothing to try it with, nobody would learn that the line is up again.
      isStuck: waiting >= queueSize || (isHeldBack && waiting > 0),
      isOnDisk,
    };
  }

  get hasDestinations(): boolean {
    return !this.#destinations.isNone;
  }

  destinations(): DestinationStats[] {
    return this.#destinations.stats();
  }

  /** Takes a capture; `false` when full. Its files are left behind when only they are too much. */
  push(pending: QueuedCapture): boolean {
    const { spool } = this.#context;
    if (spool?.isTakenOver(pending)) {
      this.#destinations.leave(pending.id);
      return true;
    }
    if (spool !== undefined && !spool.holds(pending)) spool.keep(pending.snapshot);
    if (this.#captureQueue.push(pending) || spool?.leave(pending.id)) return true;
    return hasFiles(pending) && this.#captureQueue.push(withoutFiles(pending));
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
    const { spool } = this.#context;
    if (spool === undefined) return NOTHING_SPOOLED;
    const { inHand, waiting } = spool.store;
    return { inHand: inHand + spool.takenOverInHand, waiting };
  }

  /** Whether the event of this id has not left yet. */
  isWaiting(id: string): boolean {
    return this.#captureQueue.has(id);
  }

  /** The same, and it stands for no other capture. */
  isWaitingAlone(id: string): boolean {
    return this.#captureQueue.hasAlone(id);
  }

  /** The failure of a waiting event was seen again: what is known there and was not known before is added. */
  addSighting(id: string, sighting: CaptureContext): void {
    this.#captureQueue.addSighting(id, sighting);
    // Of captures that are counted into one event, the first is the one on disk.
    if (this.isWaitingAlone(id)) this.#context.spool?.sight(id, sighting);
  }

  /** A waiting event becomes that of an error which wraps its own. */
  wrap(id: string, outer: Snapshot): void {
    this.#captureQueue.wrap(id, outer);
    this.#context.spool?.keep(outer);
  }

  recordDiscard(reason: DropReason, quantity: number): void {
    this.#destinations.recordDiscard(reason, "error", quantity);
  }

  /** Sends all that waits, on disk too. `true`: nothing is left. */
  async flush(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#context.platform;
    const deadline = clock.monotonic() + timeoutMs;
    for (;;) {
      const isFlushed = await this.#flushMemory(Math.max(0, deadline - clock.monotonic()));
      if (!isFlushed || this.#replay === undefined) return isFlushed;
      await this.#within(this.#replay.settled(), Math.max(0, deadline - clock.monotonic()));
      if (this.queued > 0) continue;
      return this.spooled.waiting === 0;
    }
  }

  /** Sends all that waits, leaves the rest to the spool or counts it as dropped, and gives everything back. */
  async close(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#context.platform;
    const deadline = clock.monotonic() + timeoutMs;
    const flushed = await this.flush(timeoutMs);
    this.#isClosed = true;
    this.#replay?.stop();
    this.#relieve();
    for (const { id, weight } of this.#captureQueue.takeAll()) this.abandon(id, weight);
    const left = Math.max(0, deadline - clock.monotonic());
    return (await this.#destinations.close(left)) && flushed;
  }

  /** An event that cannot be sent any more is left to the spool, or else dropped. */
  abandon(id: string, weight: number): void {
    if (!this.#leaveOnDisk({ id })) this.#context.ledger.drop("network_error", weight);
  }

  /** Makes all that waits into events and sends them, synchronously. `false`: nobody would take anything now. */
  sendSync(deadlineMs: number): boolean {
    const { clock } = this.#context.platform;
    const endsAt = clock.monotonic() + deadlineMs;
    if (!this.#destinations.canSpeak) return false;
    this.#destinations.hold();
    // What takes time is the sending; the making must leave it some.
    const makeUntil = endsAt - deadlineMs / 2;
    while (this.#captureQueue.size > 0 && clock.monotonic() <= makeUntil) {
      const pending = this.#captureQueue.seize()!;
      if (this.#leaveOnDisk(pending)) continue;
      const made = this.#makeNow(pending);
      if (!("envelope" in made)) this.#drop(pending, made);
      else this.#offerNow(made.envelope, pending.isDone, endsAt);
    }
    this.#destinations.speak(endsAt);
    this.#destinations.resume();
    return true;
  }

  /** Sends all that waits in memory. */
  async #flushMemory(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#context.platform;
    const deadline = clock.monotonic() + timeoutMs;
    this.#captureQueue.hurry();
    const isEmpty = await this.#within(this.#captureQueue.empty(), timeoutMs);
    const left = Math.max(0, deadline - clock.monotonic());
    return (await this.#destinations.flush(left)) && isEmpty;
  }

  async #send(pending: QueuedCapture): Promise<void> {
    if (this.#context.spool?.isTakenOver(pending)) {
      if (this.#captureQueue.release(pending)) this.#destinations.leave(pending.id);
      return;
    }
    const made = await finish(pending, this.#context.builder).catch(failure);
    if ("envelope" in made) await this.#roomFor(made.envelope.bytes);
    if (!this.#captureQueue.release(pending)) return;
    if ("envelope" in made) this.#offer(made.envelope, pending.isDone);
    else this.#drop(pending, made);
    this.#tellLeft(made);
  }

  /** Files that did not fit into their event cost nothing but themselves. */
  #tellLeft(made: Finished): void {
    if (!("envelope" in made)) return;
    this.#destinations.recordDiscard("queue_overflow", "attachment", made.leftBytes);
  }

  #makeNow(pending: QueuedCapture): Finished {
    try {
      return finishNow(pending, this.#context.builder);
    } catch (error) {
      return failure(error);
    }
  }

  #drop(
    { id, weight }: QueuedCapture,
    { dropped, trouble }: Extract<Finished, { dropped: DropReason }>,
  ): void {
    const { ledger, diagnostics, spool } = this.#context;
    spool?.settle(id);
    ledger.drop(dropped, weight);
    if (trouble !== undefined) diagnostics.warn(...trouble);
    diagnostics.debug("dropped", id, dropped);
    this.#context.onLeft();
  }

  async #roomFor(bytes: number): Promise<void> {
    while (!this.#isClosed && !this.#destinations.hasRoomFor(bytes))
      await new Promise<void>((resolve) => this.#whenRelieved.push(resolve));
  }

  /** Nobody here sends an event that is on disk. @returns `false` when it is in memory alone */
  #leaveOnDisk(event: Pick<QueuedCapture, "id">): boolean {
    const { spool } = this.#context;
    if (!spool?.holds(event) && !spool?.isTakenOver(event)) return false;
    this.#destinations.leave(event.id);
    return true;
  }

  /** When there is no room, what is held is spoken first. */
  #offerNow(envelope: Envelope, isDone: QueuedCapture["isDone"], endsAt: number): void {
    if (!this.#destinations.hasRoomFor(envelope.bytes)) this.#destinations.speak(endsAt);
    this.#offer(envelope, isDone);
  }

  /** Hands an event to every destination that does not have it. */
  #offer(envelope: Envelope, isDone: QueuedCapture["isDone"]): void {
    if (this.#destinations.isHeldBack) this.#context.spool?.finish(envelope);
    this.#destinations.offer(envelope, isDone);
  }

  #createRestock(): SpoolReplay | undefined {
    const { platform, spool } = this.#context;
    return (
      spool &&
      new SpoolReplay({
        store: spool.store,
        clock: platform.clock,
        random: platform.random,
        afterTurn: platform.afterTurn,
        hasRoom: (isDone) =>
          this.#captureQueue.size < FROM_DISK_AHEAD &&
          this.#destinations.wantsFromDisk(FROM_DISK_AHEAD, isDone),
        take: (event) => this.#takeFromDisk(event),
      })
    );
  }

  /** An event from disk goes on from where it had come; `false`: it must wait there for more room. */
  #takeFromDisk(event: SpooledEvent): boolean {
    const { spoolReader, spool, ledger } = this.#context;
    const recalled = spoolReader?.read(event);
    if (recalled === undefined) {
      spool?.settle(event.id);
      ledger.drop("internal_sdk_error", 1 + event.more.count);
      return true;
    }
    const isTaken =
      "pending" in recalled
        ? this.#captureQueue.push(recalled.pending)
        : this.#resume(recalled.envelope, event);
    if (!isTaken) this.#destinations.leave(event.id);
    return isTaken;
  }

  #resume(envelope: Envelope, { more, settled }: SpooledEvent): boolean {
    if (!this.#destinations.hasRoomFor(envelope.bytes)) return false;
    this.#destinations.offer({ ...envelope, weight: 1 + more.count }, settled);
    return true;
  }

  /** Something has left: what waited for room may go on. */
  #relieve(): void {
    for (const resolve of this.#whenRelieved.splice(0)) resolve();
    this.#captureQueue.kick();
    this.#replay?.kick();
    this.#context.onLeft();
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

/** A finished event weighs several times what its capture does, so only a few are made ahead of the line. */
const READY_AHEAD = 64;

/** A failure of ours drops the event, counted and told, and is never an event of its own. */
function failure(error: unknown): Extract<Finished, { dropped: DropReason }> {
  return {
    dropped: "internal_sdk_error",
    trouble: ["internal-error", "making an event", thrownText(error)],
  };
}

function hasFiles({ snapshot }: QueuedCapture): boolean {
  return snapshot.hint.attachments.some(({ data }) => data.length > 0);
}

function withoutFiles(pending: QueuedCapture): QueuedCapture {
  const { snapshot, bytes } = pending;
  const { attachments } = snapshot.hint;
  const hint = { ...snapshot.hint, attachments: attachments.map(withoutData) };
  const weight = attachments.reduce((sum, { data }) => sum + data.length, 0);
  return { ...pending, snapshot: { ...snapshot, hint }, bytes: bytes - weight };
}
