import {
  addSighting,
  type CaptureContext,
  hintBytes,
  ownBytes,
  type Snapshot,
  sightingBytes,
  snapshotBytes,
} from "../capture/snapshot.js";
import type { Repeats } from "../gate/repeats.js";
import { BoundedQueue } from "../model/bounded-queue.js";
import type { Clock, Timer } from "../model/clock.js";
import type { EventBuilder } from "./build.js";
import { CompactCapture } from "./compact-capture.js";
import { TextArena } from "./text-arena.js";

/** What every capture that waits shows of itself, parked or not. */
export interface Waiting {
  readonly id: string;
  /** Later sightings of the same failure: they add what the first one lacked. */
  readonly sightings: CaptureContext[];
  /** How many captures it stands for. */
  readonly weight: number;
  bytes: number;
  /** When it may leave, on the monotonic clock. */
  readonly readyAt: number;
}

/** A capture on its way: taken, not yet made into an event. */
export interface QueuedCapture extends Waiting {
  snapshot: Snapshot;
  readonly repeats?: Repeats;
  /** Events that told of its causes before. */
  readonly related?: readonly string[];
  /** Where it is made into an event, when another process captured it. */
  readonly builder?: EventBuilder;
  /** It waited on disk, and so is in no hurry now. */
  readonly isFromDisk?: boolean;
  /** Destinations that have it already, by their keys. */
  readonly isDone?: ReadonlySet<string>;
}

export interface CaptureQueueOptions {
  readonly clock: Clock;
  readonly queueBytes: number;
  afterTurn(fn: () => void): void;
  /** Whether what comes behind can take one more. */
  hasRoomBehind(): boolean;
  /** Makes the event, calls {@link CaptureQueue.release} and sends it on. Must not reject. */
  finish(pending: QueuedCapture): Promise<void>;
}

/** Leaves without waiting for another sighting. */
export const AT_ONCE: number = Number.NEGATIVE_INFINITY;

/** Puts a capture on its way. */
export function queuedCapture(
  snapshot: Snapshot,
  readyAt: number,
  more: Pick<QueuedCapture, "repeats" | "related" | "builder" | "isFromDisk" | "isDone"> & {
    readonly bytes: number;
  },
): QueuedCapture {
  return { id: snapshot.id, snapshot, sightings: [], weight: more.repeats?.count ?? 1, readyAt, ...more };
}

/** Puts a closing event on its way: the last of the captures it stands for, and what later sightings of that one know. */
export function closingOf(
  snapshot: Snapshot,
  repeats: Repeats,
  sightings: readonly CaptureContext[],
): QueuedCapture {
  const bytes = sightings.reduce((sum, { hint }) => sum + sightingBytes(hint), snapshotBytes(snapshot));
  const closing = queuedCapture(snapshot, AT_ONCE, { repeats, bytes });
  closing.sightings.push(...sightings);
  return closing;
}

/** How long the loop works before it lets the application have a turn: for what has just happened, and for what waited on disk. */
const SLICE_MS = 4;
const SLICE_FROM_DISK_MS = 1;

/** So many wait as they are, which is enough while all is well; those behind them are parked. */
const MAX_UNPARKED = 256;

/**
 * Where captures wait, bounded in bytes (how many may wait is the gate's to say), until their turn of the event loop is over and other sightings have had their chance; and the
 * loop that takes them on, one by one, in order.
 */
export class CaptureQueue {
  readonly #options: CaptureQueueOptions;
  readonly #queue: BoundedQueue<QueuedCapture | CompactCapture>;
  readonly #arena: TextArena = new TextArena();
  readonly #byId = new Map<string, QueuedCapture | CompactCapture>();
  /** How many of the first must not wait: up to the last one that is in a hurry. */
  #urgent = 0;
  /** Taken out of the queue, and being made into an event. */
  #inHand: QueuedCapture | undefined;
  #running = false;
  #timer: Timer | undefined;
  #whenEmpty: (() => void)[] = [];

  constructor(options: CaptureQueueOptions) {
    this.#options = options;
    this.#queue = new BoundedQueue(options.queueBytes);
  }

  /** Captures that wait or are being made into events. */
  get size(): number {
    return this.#queue.size + (this.#inHand === undefined ? 0 : 1);
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  /** Takes a capture; `false` when full. */
  push(pending: QueuedCapture): boolean {
    const waiting = this.#isParkable(pending)
      ? new CompactCapture(pending, this.#arena, this.#queue.last)
      : pending;
    if (!this.#queue.push(waiting)) {
      if (waiting instanceof CompactCapture) waiting.leave(this.#arena);
      return false;
    }
    this.#byId.set(waiting.id, waiting);
    if (pending.readyAt <= this.#options.clock.monotonic()) this.#urgent = this.#queue.size;
    this.kick();
    return true;
  }

  /** Whether the capture of this id has not left yet. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** The same, and it stands for no other capture. */
  hasAlone(id: string): boolean {
    return this.#byId.get(id)?.weight === 1;
  }

  /** The failure of a waiting capture was seen again: what is known there and was not known before is added. */
  addSighting(id: string, sighting: CaptureContext): void {
    const waiting = this.#byId.get(id);
    if (waiting !== undefined) this.#addSighting(waiting, sighting);
  }

  /** A waiting capture becomes that of an error which wraps its own. */
  wrap(id: string, outer: Snapshot): void {
    const waiting = this.#byId.get(id);
    if (waiting === undefined) return;
    const before = waiting.bytes;
    const inner =
      waiting instanceof CompactCapture ? waiting.wrap(outer, this.#arena) : replace(waiting, outer);
    this.#queue.reweigh(waiting.bytes - before);
    this.#addSighting(waiting, inner);
  }

  /** Lets all that wait now go at once. */
  hurry(): void {
    this.#urgent = this.#queue.size;
    this.kick();
  }

  /** Looks whether something may go on. */
  kick(): void {
    if (this.#running) return;
    this.#running = true;
    this.#options.afterTurn(() => void this.#run());
  }

  /** Resolves when nothing waits here any more. */
  empty(): Promise<void> {
    return this.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Takes out all that wait. */
  takeAll(): Waiting[] {
    const all: Waiting[] = [];
    for (let next = this.#shift(); next !== undefined; next = this.#shift()) all.push(next);
    return all;
  }

  /** Takes the next one out at once, from the loop's hand if there is one: the loop will not run again. */
  seize(): QueuedCapture | undefined {
    const seized = this.#inHand ?? this.#take();
    this.#inHand = undefined;
    return seized;
  }

  /** What {@link CaptureQueueOptions.finish} was given goes on from here. `false`: it was seized meanwhile. */
  release(pending: QueuedCapture): boolean {
    if (this.#inHand !== pending) return false;
    this.#inHand = undefined;
    return true;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    let sliceBegan = clock.monotonic();
    for (let next = this.#nextReady(); next !== undefined; next = this.#nextReady()) {
      this.#inHand = next;
      await this.#options.finish(next);
      this.#inHand = undefined;
      const sliceMs = next.isFromDisk ? SLICE_FROM_DISK_MS : SLICE_MS;
      if (clock.monotonic() - sliceBegan >= sliceMs) {
        await new Promise<void>((resolve) => this.#options.afterTurn(resolve));
        sliceBegan = clock.monotonic();
      }
    }
    this.#running = false;
    if (this.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** Takes the next one that may leave, or sees to it that somebody asks again in time. */
  #nextReady(): QueuedCapture | undefined {
    const next = this.#queue.peek();
    if (next === undefined || !this.#options.hasRoomBehind()) return undefined;
    const wait = this.#urgent > 0 ? 0 : next.readyAt - this.#options.clock.monotonic();
    if (wait <= 0) return this.#take();
    this.#timer?.cancel();
    this.#timer = this.#options.clock.schedule(() => this.kick(), wait);
    return undefined;
  }

  #take(): QueuedCapture | undefined {
    const next = this.#shift();
    return next instanceof CompactCapture ? next.unparked() : next;
  }

  #shift(): QueuedCapture | CompactCapture | undefined {
    const next = this.#queue.shift();
    if (next === undefined) return undefined;
    this.#byId.delete(next.id);
    if (this.#urgent > 0) this.#urgent--;
    return next;
  }

  #isParkable({ repeats, builder, isDone }: QueuedCapture): boolean {
    const isPlain = (repeats ?? builder ?? isDone) === undefined;
    return isPlain && this.#queue.size >= MAX_UNPARKED;
  }

  #addSighting(waiting: Waiting, sighting: CaptureContext): void {
    const more = addSighting(waiting.sightings, sighting, (bytes) => this.#queue.hasRoomFor(bytes));
    waiting.bytes += more;
    this.#queue.reweigh(more);
  }
}

/** @returns what it was before */
function replace(pending: QueuedCapture, outer: Snapshot): Snapshot {
  const inner = pending.snapshot;
  pending.bytes += ownBytes(outer) + hintBytes(outer.hint) - ownBytes(inner);
  pending.snapshot = outer;
  return inner;
}
