import type { CaptureContext, Snapshot } from "../capture/snapshot.js";
import type { ResolvedOptions } from "../client/options.js";
import type { Platform } from "../client/platform.js";
import type { Destinations } from "../delivery/destinations.js";
import type { Load } from "../gate/gate.js";
import type { Timer } from "../model/clock.js";
import { within } from "../model/deadline.js";
import type { Diagnostics } from "../model/diagnostics.js";
import type { SpoolWriter } from "../spool/writer.js";
import { type BuildResult, buildEvent, buildEventSync, type EventBuilder } from "./build.js";
import { type QueuedCapture, withoutFiles } from "./queued-capture.js";
import { WaitingCaptures } from "./waiting-captures.js";

export interface CaptureQueueOptions {
  readonly options: Pick<ResolvedOptions, "queueSize" | "queueBytes">;
  readonly platform: Pick<Platform, "clock" | "afterTurn">;
  readonly diagnostics: Diagnostics;
  readonly builder: EventBuilder;
  readonly destinations: Destinations;
  readonly spool?: SpoolWriter;
}

/** How long the loop works before it gives the application a turn: for new captures, and for those from disk. */
const SLICE_MS = 4;
const SLICE_FROM_DISK_MS = 1;

/** An event weighs several times as much as its capture, so only this many are built ahead of delivery. */
const BUILT_AHEAD = 64;

/**
 * The one place where captures wait until they are built into events, and the loop that builds them, one by one, in
 * order. With a spool, each of them is on disk before `push` returns.
 */
export class CaptureQueue {
  readonly #context: CaptureQueueOptions;
  readonly #waiting: WaitingCaptures;
  /** How many of the first do not wait for their time. */
  #urgent = 0;
  /** Taken out by the loop. */
  #building: QueuedCapture | undefined;
  #isRunning = false;
  #isClosed = false;
  #timer: Timer | undefined;
  #whenEmpty: (() => void)[] = [];
  #whenRoom: (() => void)[] = [];

  constructor(context: CaptureQueueOptions) {
    this.#context = context;
    this.#waiting = new WaitingCaptures(context.options.queueBytes);
    context.destinations.subscribe(() => {
      for (const resolve of this.#whenRoom.splice(0)) resolve();
      this.kick();
    });
  }

  /** Captures that wait or are being built. */
  get size(): number {
    return this.#waiting.size + (this.#building === undefined ? 0 : 1);
  }

  /**
   * How much more the client can take.
   *
   * @param held - the captures that wait elsewhere within the same bounds
   */
  pressure(held: { readonly items: number; readonly bytes: number }): Load {
    const { destinations, spool } = this.#context;
    const { queueSize, queueBytes } = this.#context.options;
    const { least, isHeldBack } = destinations;
    const isOnDisk = spool?.isWorking ?? false;
    const waiting = this.size + least.items;
    return {
      isFull: waiting + held.items >= queueSize,
      isOverflowing: !isOnDisk && this.#waiting.bytes + least.bytes + held.bytes >= queueBytes,
      isHeldBack,
      // One event must stay on its way: only its delivery can show that a destination works again.
      isStuck: waiting >= queueSize || (isHeldBack && waiting > 0),
      isOnDisk,
    };
  }

  /** Takes a capture; `false` when full. Its files are left behind when only they do not fit. */
  push(capture: QueuedCapture): boolean {
    const { spool } = this.#context;
    if (spool !== undefined && !spool.holds(capture)) spool.keep(capture.snapshot);
    if (this.pushRead(capture) || spool?.leave(capture.id)) return true;
    const smaller = withoutFiles(capture);
    return smaller !== undefined && this.pushRead(smaller);
  }

  /** Takes a capture that needs no writing to disk; `false` when full. */
  pushRead(capture: QueuedCapture): boolean {
    if (!this.#waiting.push(capture)) return false;
    if (capture.readyAt <= this.#context.platform.clock.monotonic()) this.#urgent = this.#waiting.size;
    this.kick();
    return true;
  }

  /** Whether the capture of this id waits here. */
  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Whether the capture of this id waits here and stands for no other capture. */
  hasAlone(id: string): boolean {
    return this.#waiting.hasAlone(id);
  }

  /** Adds to a capture what a later sighting of its failure knows. */
  addSighting(id: string, sighting: CaptureContext): void {
    this.#waiting.addSighting(id, sighting);
    // Of captures that are counted into one event, the first is the one on disk.
    if (this.hasAlone(id)) this.#context.spool?.sight(id, sighting);
  }

  /** Turns a capture into that of an error that wraps its own. */
  wrap(id: string, outer: Snapshot): void {
    this.#waiting.wrap(id, outer);
    this.#context.spool?.keep(outer);
  }

  /** Lets all that wait now go at once, and waits until none is left. @returns `false` after a timeout */
  async empty(timeoutMs: number): Promise<boolean> {
    this.#urgent = this.#waiting.size;
    this.kick();
    if (this.size === 0) return true;
    const emptied = new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
    return within(this.#context.platform.clock, emptied, timeoutMs);
  }

  /** Builds all that wait, and the one that is being built, synchronously: the loop does not run again. */
  buildAllSync(deadlineMs: number): void {
    const { clock } = this.#context.platform;
    const { builder, destinations } = this.#context;
    const endsAt = clock.monotonic() + deadlineMs;
    // Sending takes most of the time, so building may use up half of it.
    while (this.size > 0 && clock.monotonic() <= endsAt - deadlineMs / 2) {
      const capture = this.#building ?? this.#take()!;
      this.#building = undefined;
      const result = buildEventSync(capture, builder);
      if ("envelope" in result && !destinations.hasRoomFor(result.envelope.bytes))
        destinations.sendSync(endsAt);
      this.#sendOn(capture, result);
    }
  }

  /** Gives up all that wait: to the spool, else as dropped. */
  close(): void {
    this.#isClosed = true;
    for (const resolve of this.#whenRoom.splice(0)) resolve();
    this.#urgent = 0;
    for (const { id, weight } of this.#waiting.takeAll()) this.#context.destinations.abandon(id, weight);
  }

  /** Runs the loop when it is not running. */
  kick(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#context.platform.afterTurn(() => void this.#run());
  }

  async #run(): Promise<void> {
    const { clock, afterTurn } = this.#context.platform;
    let sliceBegan = clock.monotonic();
    for (let next = this.#takeReady(); next !== undefined; next = this.#takeReady()) {
      this.#building = next;
      await this.#build(next);
      const sliceMs = next.isFromDisk ? SLICE_FROM_DISK_MS : SLICE_MS;
      if (clock.monotonic() - sliceBegan >= sliceMs) {
        await new Promise<void>((resolve) => afterTurn(resolve));
        sliceBegan = clock.monotonic();
      }
    }
    this.#isRunning = false;
    if (this.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** Takes the first capture if it may leave; else sees to it that the loop runs again in time. */
  #takeReady(): QueuedCapture | undefined {
    const { clock } = this.#context.platform;
    const { next } = this.#waiting;
    if (next === undefined || !this.#context.destinations.wantsMore(BUILT_AHEAD)) return undefined;
    const wait = this.#urgent > 0 ? 0 : next.readyAt - clock.monotonic();
    if (wait <= 0) return this.#take();
    this.#timer?.cancel();
    this.#timer = clock.schedule(() => this.kick(), wait);
    return undefined;
  }

  #take(): QueuedCapture | undefined {
    if (this.#urgent > 0) this.#urgent--;
    return this.#waiting.take();
  }

  /** Must not reject. */
  async #build(capture: QueuedCapture): Promise<void> {
    const result = await buildEvent(capture, this.#context.builder);
    if ("envelope" in result) await this.#roomFor(result.envelope.bytes);
    // At the end of the process it may have been sent meanwhile.
    if (this.#building !== capture) return;
    this.#building = undefined;
    this.#sendOn(capture, result);
  }

  #sendOn({ id, weight, isDone }: QueuedCapture, result: BuildResult): void {
    const { destinations, diagnostics } = this.#context;
    if ("envelope" in result) {
      destinations.offer(result.envelope, isDone);
      destinations.recordDiscard("queue_overflow", "attachment", result.leftBytes);
      return;
    }
    if (result.trouble !== undefined) diagnostics.warn(...result.trouble);
    diagnostics.debug("dropped", id, result.dropped);
    destinations.giveUp(id, result.dropped, weight);
  }

  async #roomFor(bytes: number): Promise<void> {
    while (!this.#isClosed && !this.#context.destinations.hasRoomFor(bytes))
      await new Promise<void>((resolve) => this.#whenRoom.push(resolve));
  }
}
