import type { ExceptionNode } from "../capture/cause-tree.js";
import {
  type CaptureContext,
  errorBytes,
  hintBytes,
  ownBytes,
  type Snapshot,
  type Subject,
  snapshotOf,
} from "../capture/snapshot.js";
import { linesOf, type StackText } from "../capture/stack.js";
import type { RequestInfo } from "../model/event.js";
import type { QueuedCapture, Waiting } from "./queued-capture.js";
import { type TextArena, type TextSlice, textAt } from "./text-arena.js";

/** What a parked capture weighs beside its texts, in bytes, about: alone, and with captureContext of its own. */
const OBJECT_BYTES = 256;
const AROUND_BYTES = 512;

/** What surrounds a capture and is not its alone: held as it is. */
type Around = Omit<CaptureContext, "request">;

/** What is its alone: becomes text. */
interface OwnText extends Omit<Subject, "exceptions" | "site"> {
  readonly timestamp: number;
  readonly request: RequestInfo | undefined;
  readonly related: readonly string[] | undefined;
  readonly exceptions: readonly Omit<ExceptionNode, "stack">[];
}

/** Where it was thrown and reported: a text beside it, because failures that differ often come from one place. */
interface StacksText {
  /** One for each of the exceptions. */
  readonly stacks: readonly StackText[];
  readonly site: StackText | undefined;
}

/**
 * A capture that may have to wait long: it stands as text on a arena, and shares with the capture before whatever is
 * the same. Few fields, because there may be ten thousand.
 */
export class CompactCapture implements Waiting, TextSlice {
  readonly id: string;
  readonly readyAt: number;
  bytes: number;
  board!: Uint8Array;
  start!: number;
  end!: number;
  #stacks: TextSlice | undefined;
  #around: Around;
  #sightings: CaptureContext[] | undefined;
  /** A hook is owed the live error: of what parking would let go, it alone is kept. */
  #original: unknown;

  /** @param before - the capture in front of it */
  constructor(pending: QueuedCapture, arena: TextArena, before: Waiting | undefined) {
    const { id, readyAt, bytes, snapshot, related } = pending;
    this.id = id;
    // A whole number takes no place of its own.
    this.readyAt = Math.ceil(readyAt);
    this.#original = snapshot.original;
    if (before instanceof CompactCapture) this.#stacks = before.#stacks;
    const textBytes = this.#put(snapshot, related, arena);
    const shared = before instanceof CompactCapture ? before.#around : undefined;
    const isShared = shared !== undefined && isSame(snapshot, shared);
    this.#around = isShared ? shared : aroundOf(snapshot);
    this.bytes = OBJECT_BYTES + textBytes + liveBytes(snapshot);
    if (!isShared) this.bytes += bytes - ownBytes(snapshot) + AROUND_BYTES;
  }

  /** One capture; what stands for several is not parked. */
  get weight(): number {
    return 1;
  }

  get sightings(): CaptureContext[] {
    this.#sightings ??= [];
    return this.#sightings;
  }

  /** Becomes the capture of an error that wraps its own, and weighs more. @returns what it was before */
  wrap(outer: Snapshot, arena: TextArena): Snapshot {
    const { snapshot: inner, related } = this.unparked();
    this.#around = aroundOf(outer);
    this.#original = outer.original;
    // The old texts stay where they are for as long as the board does.
    this.bytes += this.#put(outer, related, arena) + AROUND_BYTES + hintBytes(outer.hint) + liveBytes(outer);
    return inner;
  }

  /** The capture as it was. */
  unparked(): QueuedCapture {
    const { timestamp, request, related, ...own } = JSON.parse(textAt(this)) as OwnText;
    const { stacks, site } = JSON.parse(textAt(this.#stacks!)) as StacksText;
    const exceptions = own.exceptions.map((node, index) => ({ ...node, stack: stacks[index]! }));
    const { id, weight, bytes, readyAt, sightings } = this;
    const around = { ...this.#around, request };
    const snapshot = snapshotOf(id, timestamp, { ...own, exceptions, site }, around, this.#original);
    return { id, snapshot, sightings, weight, related, bytes, readyAt };
  }

  /** Leaves the arena: there was no room for it in the queue. */
  leave(arena: TextArena): void {
    arena.takeBack(this);
    if (this.#stacks !== undefined) arena.takeBack(this.#stacks);
  }

  /** @returns what its texts weigh; stacks that were there already weigh nothing */
  #put(snapshot: Snapshot, related: QueuedCapture["related"], arena: TextArena): number {
    const stacks = arena.putShared(stacksOf(snapshot));
    const { board, start, end } = arena.put(textOf(snapshot, related));
    const isShared = stacks === this.#stacks;
    this.#stacks = stacks;
    this.board = board;
    this.start = start;
    this.end = end;
    return end - start + (isShared ? 0 : stacks.end - stacks.start);
  }
}

/** The weight of a live error, about: its own texts, which nothing else holds any more. */
function liveBytes({ original, exceptions }: Snapshot): number {
  return original === undefined ? 0 : OBJECT_BYTES + errorBytes(exceptions);
}

function textOf(
  { timestamp, request, exceptions, message, event }: Snapshot,
  related: QueuedCapture["related"],
): string {
  return JSON.stringify({
    timestamp,
    request,
    related: related?.length === 0 ? undefined : related,
    exceptions: exceptions.map((node) => ({ ...node, stack: undefined })),
    message,
    event,
  } satisfies OwnText);
}

function stacksOf({ exceptions, site }: Subject): string {
  return JSON.stringify({
    stacks: exceptions.map(({ stack }) => cut(stack)),
    site: site === undefined ? undefined : cut(site),
  } satisfies StacksText);
}

/** The frame lines alone: the head repeats type and message. */
function cut(stack: StackText): StackText {
  return { lines: linesOf(stack) };
}

function aroundOf({ layers, trails, hint, transaction, trace }: CaptureContext): Around {
  return { layers, trails, hint, transaction, trace };
}

function isSame(own: CaptureContext, other: Around): boolean {
  return (
    areSame(own.layers, other.layers) &&
    areSame(own.trails, other.trails) &&
    own.hint === other.hint &&
    own.transaction === other.transaction &&
    own.trace?.trace === other.trace?.trace &&
    own.trace?.span === other.trace?.span
  );
}

function areSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((item, index) => item === others[index]);
}
