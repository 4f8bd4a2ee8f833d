import {
  hintBytes,
  ownBytes,
  type Snapshot,
  type Subject,
  type Surroundings,
  snapshotOf,
} from "./capture/snapshot.js";
import { linesOf, type StackText } from "./capture/stack.js";
import type { RequestInfo } from "./event.js";
import type { Pending, Waiting } from "./intake.js";
import { type Shelf, type ShelfPlace, textAt } from "./shelf.js";

/** What a parked capture weighs beside its text, in bytes, about: alone, and with surroundings of its own. */
const OBJECT_BYTES = 256;
const AROUND_BYTES = 512;

/** What surrounds a capture and is not its alone: held as it is. */
type Around = Omit<Surroundings, "request">;

/** What is its alone: becomes text. */
interface OwnText extends Subject {
  readonly timestamp: number;
  readonly request: RequestInfo | undefined;
  readonly related: readonly string[] | undefined;
}

/**
 * A capture that may have to wait long: what is its alone stands as text on a shelf; what surrounds it is shared with
 * the capture before, where it is the same. Few fields, because there may be ten thousand.
 */
export class Parked implements Waiting, ShelfPlace {
  readonly id: string;
  readonly readyAt: number;
  bytes: number;
  board!: Uint8Array;
  start!: number;
  end!: number;
  #around: Around;
  #sightings: Surroundings[] | undefined;

  /** @param before - the capture in front of it, whose surroundings are often the same */
  constructor(pending: Pending, shelf: Shelf, before: Waiting | undefined) {
    const { id, readyAt, bytes, snapshot, related } = pending;
    this.id = id;
    // A whole number takes no place of its own.
    this.readyAt = Math.ceil(readyAt);
    const textBytes = this.#put(textOf(snapshot, related), shelf);
    const shared = before instanceof Parked ? before.#around : undefined;
    const isShared = shared !== undefined && isSame(snapshot, shared);
    this.#around = isShared ? shared : aroundOf(snapshot);
    this.bytes = OBJECT_BYTES + textBytes + (isShared ? 0 : bytes - ownBytes(snapshot) + AROUND_BYTES);
  }

  /** One capture; what stands for several is not parked. */
  get weight(): number {
    return 1;
  }

  get sightings(): Surroundings[] {
    this.#sightings ??= [];
    return this.#sightings;
  }

  /** Becomes the capture of an error that wraps its own, and weighs more. @returns what it was before */
  wrap(outer: Snapshot, shelf: Shelf): Snapshot {
    const { snapshot: inner, related } = this.unparked();
    this.#around = aroundOf(outer);
    // The old text stays where it is for as long as the board does.
    this.bytes += this.#put(textOf(outer, related), shelf) + AROUND_BYTES + hintBytes(outer.hint);
    return inner;
  }

  /** The capture as it was. */
  unparked(): Pending {
    const { timestamp, request, related, ...subject } = JSON.parse(textAt(this)) as OwnText;
    const { id, weight, bytes, readyAt, sightings } = this;
    const snapshot = snapshotOf(id, timestamp, subject, { ...this.#around, request }, undefined);
    return { id, snapshot, sightings, weight, related, bytes, readyAt };
  }

  /** @returns what the text weighs */
  #put(text: string, shelf: Shelf): number {
    const { board, start, end } = shelf.put(text);
    this.board = board;
    this.start = start;
    this.end = end;
    return end - start;
  }
}

function textOf(snapshot: Snapshot, related: Pending["related"]): string {
  const { timestamp, request, exceptions, message, event, site } = snapshot;
  return JSON.stringify({
    timestamp,
    request,
    related: related?.length === 0 ? undefined : related,
    exceptions: exceptions.map((node) => ({ ...node, stack: cut(node.stack) })),
    message,
    event,
    site: site === undefined ? undefined : cut(site),
  } satisfies OwnText);
}

/** The frame lines alone: the head repeats type and message. */
function cut(stack: StackText): StackText {
  return { lines: linesOf(stack) };
}

function aroundOf({ layers, trails, hint, transaction, trace }: Surroundings): Around {
  return { layers, trails, hint, transaction, trace };
}

function isSame(own: Surroundings, other: Around): boolean {
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
