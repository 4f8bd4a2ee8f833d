import type { Snapshot, Surroundings } from "./capture/snapshot.js";
import type { Clock, Timer } from "./clock.js";
import type { Workshop } from "./finish.js";
import type { Repeats } from "./gate/repeats.js";
import { BoundedQueue } from "./queue.js";

/** A capture on its way: taken, not yet made into an event. */
export interface Pending {
  readonly id: string;
  snapshot: Snapshot;
  /** Later sightings of the same failure: they add what the first one lacked. */
  readonly sightings: Surroundings[];
  /** How many captures it stands for. */
  readonly weight: number;
  readonly repeats?: Repeats;
  /** Events that told of its causes before. */
  readonly related?: readonly string[];
  readonly bytes: number;
  /** When it may leave, on the monotonic clock. */
  readonly readyAt: number;
  /** Where it is made into an event, when another process captured it. */
  readonly workshop?: Workshop;
}

export interface IntakeOptions {
  readonly clock: Clock;
  readonly queueBytes: number;
  afterTurn(fn: () => void): void;
  /** Whether what comes behind can take one more. */
  hasRoomBehind(): boolean;
  /** Makes the event, calls {@link Intake.release} and sends it on. Must not reject. */
  finish(pending: Pending): Promise<void>;
}

/** Leaves without waiting for another sighting. */
export const AT_ONCE: number = Number.NEGATIVE_INFINITY;

/** Puts a capture on its way. */
export function pendingOf(
  snapshot: Snapshot,
  readyAt: number,
  more: Pick<Pending, "repeats" | "related" | "workshop"> & { readonly bytes: number },
): Pending {
  return { id: snapshot.id, snapshot, sightings: [], weight: more.repeats?.count ?? 1, readyAt, ...more };
}

/** How long the loop works before it lets the application have a turn. */
const SLICE_MS = 4;

/**
 * Where captures wait, bounded in bytes (how many may wait is the gate's to say), until their turn of the event loop is over and other sightings have had their chance; and the
 * loop that takes them on, one by one, in order.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #queue: BoundedQueue<Pending>;
  readonly #byId = new Map<string, Pending>();
  /** How many of the first must not wait: up to the last one that is in a hurry. */
  #urgent = 0;
  /** Taken out of the queue, and being made into an event. */
  #inHand: Pending | undefined;
  #running = false;
  #timer: Timer | undefined;
  #whenEmpty: (() => void)[] = [];

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#queue = new BoundedQueue(Number.MAX_SAFE_INTEGER, options.queueBytes);
  }

  /** Captures that wait or are being made into events. */
  get size(): number {
    return this.#queue.size + (this.#inHand === undefined ? 0 : 1);
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  /** Takes a capture; `false` when full. */
  push(pending: Pending): boolean {
    if (!this.#queue.push(pending)) return false;
    this.#byId.set(pending.id, pending);
    if (pending.readyAt <= this.#options.clock.monotonic()) this.#urgent = this.#queue.size;
    this.kick();
    return true;
  }

  /** The capture of this id, as long as it has not left. */
  find(id: string): Pending | undefined {
    return this.#byId.get(id);
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
  takeAll(): Pending[] {
    const all: Pending[] = [];
    for (let next = this.#take(); next !== undefined; next = this.#take()) all.push(next);
    return all;
  }

  /** Takes the next one out at once, from the loop's hand if there is one: the loop will not run again. */
  seize(): Pending | undefined {
    const seized = this.#inHand ?? this.#take();
    this.#inHand = undefined;
    return seized;
  }

  /** What {@link IntakeOptions.finish} was given goes on from here. `false`: it was seized meanwhile. */
  release(pending: Pending): boolean {
    if (this.#inHand !== pending) return false;
    this.#inHand = undefined;
    return true;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    let sliceEnd = clock.monotonic() + SLICE_MS;
    for (let next = this.#nextReady(); next !== undefined; next = this.#nextReady()) {
      this.#inHand = next;
      await this.#options.finish(next);
      this.#inHand = undefined;
      if (clock.monotonic() >= sliceEnd) {
        await new Promise<void>((resolve) => this.#options.afterTurn(resolve));
        sliceEnd = clock.monotonic() + SLICE_MS;
      }
    }
    this.#running = false;
    if (this.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** Takes the next one that may leave, or sees to it that somebody asks again in time. */
  #nextReady(): Pending | undefined {
    const next = this.#queue.peek();
    if (next === undefined || !this.#options.hasRoomBehind()) return undefined;
    const wait = this.#urgent > 0 ? 0 : next.readyAt - this.#options.clock.monotonic();
    if (wait <= 0) return this.#take();
    this.#timer?.cancel();
    this.#timer = this.#options.clock.schedule(() => this.kick(), wait);
    return undefined;
  }

  #take(): Pending | undefined {
    const next = this.#queue.shift();
    if (next === undefined) return undefined;
    this.#byId.delete(next.id);
    if (this.#urgent > 0) this.#urgent--;
    return next;
  }
}
