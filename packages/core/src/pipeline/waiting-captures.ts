import { addSighting, type CaptureContext, hintBytes, ownBytes, type Snapshot } from "../capture/snapshot.js";
import { BoundedQueue } from "../model/bounded-queue.js";
import { CompactCapture } from "./compact-capture.js";
import type { QueuedCapture, Waiting } from "./queued-capture.js";
import { TextArena } from "./text-arena.js";

/** So many captures wait as objects; those behind them are stored compactly. */
const MAX_OBJECTS = 256;

/** Captures in the order they came, bounded in bytes. Those that may wait long are stored as text. */
export class WaitingCaptures {
  readonly #queue: BoundedQueue<QueuedCapture | CompactCapture>;
  readonly #arena: TextArena = new TextArena();
  readonly #byId = new Map<string, QueuedCapture | CompactCapture>();

  constructor(maxBytes: number) {
    this.#queue = new BoundedQueue(maxBytes);
  }

  get size(): number {
    return this.#queue.size;
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  /** The first one. */
  get next(): Waiting | undefined {
    return this.#queue.peek();
  }

  /** Whether the capture of this id waits here. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Whether the capture of this id waits here and stands for no other capture. */
  hasAlone(id: string): boolean {
    return this.#byId.get(id)?.weight === 1;
  }

  /** Adds a capture; `false` when full. */
  push(capture: QueuedCapture): boolean {
    const waiting = this.#isCompactable(capture)
      ? new CompactCapture(capture, this.#arena, this.#queue.last)
      : capture;
    if (!this.#queue.push(waiting)) {
      if (waiting instanceof CompactCapture) waiting.leave(this.#arena);
      return false;
    }
    this.#byId.set(waiting.id, waiting);
    return true;
  }

  /** Takes the first one out. */
  take(): QueuedCapture | undefined {
    const next = this.#shift();
    return next instanceof CompactCapture ? next.unparked() : next;
  }

  /** Takes all of them out. */
  takeAll(): Waiting[] {
    const all: Waiting[] = [];
    for (let next = this.#shift(); next !== undefined; next = this.#shift()) all.push(next);
    return all;
  }

  /** Adds to a capture what a later sighting of its failure knows. */
  addSighting(id: string, sighting: CaptureContext): void {
    const waiting = this.#byId.get(id);
    if (waiting !== undefined) this.#addSighting(waiting, sighting);
  }

  /** Turns a capture into that of an error that wraps its own. */
  wrap(id: string, outer: Snapshot): void {
    const waiting = this.#byId.get(id);
    if (waiting === undefined) return;
    const before = waiting.bytes;
    const inner =
      waiting instanceof CompactCapture ? waiting.wrap(outer, this.#arena) : replace(waiting, outer);
    this.#queue.reweigh(waiting.bytes - before);
    this.#addSighting(waiting, inner);
  }

  #shift(): QueuedCapture | CompactCapture | undefined {
    const next = this.#queue.shift();
    if (next !== undefined) this.#byId.delete(next.id);
    return next;
  }

  #isCompactable({ repeats, builder, isDone }: QueuedCapture): boolean {
    const isPlain = (repeats ?? builder ?? isDone) === undefined;
    return isPlain && this.#queue.size >= MAX_OBJECTS;
  }

  #addSighting(waiting: Waiting, sighting: CaptureContext): void {
    const more = addSighting(waiting.sightings, sighting, (bytes) => this.#queue.hasRoomFor(bytes));
    waiting.bytes += more;
    this.#queue.reweigh(more);
  }
}

/** @returns the snapshot it had before */
function replace(capture: QueuedCapture, outer: Snapshot): Snapshot {
  const inner = capture.snapshot;
  capture.bytes += ownBytes(outer) + hintBytes(outer.hint) - ownBytes(inner);
  capture.snapshot = outer;
  return inner;
}
