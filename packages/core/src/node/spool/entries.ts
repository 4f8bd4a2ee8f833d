import type { PartKind } from "../../spool/store.js";
import type { LineKind } from "./line.js";

/** A file of lines, as it is known in memory. */
export interface Segment {
  readonly number: number;
  readonly path: string;
  /** When it was begun, milliseconds since the Unix epoch. */
  readonly begunAt: number;
  /** What its writer said of itself; JSON. */
  readonly head: string;
  /** Bytes of the head's line: what is left when nothing waits. */
  readonly headBytes: number;
  bytes: number;
  /** Of the lines in it that an event still needs. */
  liveBytes: number;
}

/** A line that is a part of an event: where it is. */
export interface Part {
  readonly kind: PartKind | "whole";
  readonly segment: Segment;
  readonly offset: number;
  /** Bytes, without the newline. */
  readonly length: number;
}

/** An event on disk. */
export interface Entry {
  readonly id: string;
  parts: Part[];
  moreCount: number;
  moreLast: Part | undefined;
  settled: Set<string> | undefined;
  /** `hand`: also in memory, on its way. `waiting`: on disk alone. `reading`: on the way from one to the other. */
  state: "hand" | "waiting" | "reading";
  /** It stands in the line of those that were handed back. */
  isInLine: boolean;
}

/** A line with its place. `payload` is asked for only where the index needs it. */
export interface PlacedLine {
  readonly kind: LineKind;
  readonly id: string;
  readonly segment: Segment;
  readonly offset: number;
  readonly length: number;
  payload(): string;
}

/**
 * What the lines of one instance add up to: the events that still wait for someone. Writing and reading go through the
 * same rules, so that what is known in memory is what the next process will find.
 */
export class Entries {
  readonly byId: Map<string, Entry> = new Map();
  readonly #destinations: readonly string[] | undefined;
  /** While files are read: a line that stands there twice must not bring back what is done. */
  #done: Set<string> | undefined;

  /** @param destinations - without them an event is done only when that is said of all */
  constructor(destinations: readonly string[] | undefined, options: { readonly isReading: boolean }) {
    this.#destinations = destinations;
    this.#done = options.isReading ? new Set() : undefined;
  }

  /** All lines were read. */
  seal(): void {
    this.#done = undefined;
  }

  /** Whether a part makes sense now: later sightings of nothing, or of what is finished, are of no use. */
  accepts(kind: Part["kind"], id: string): boolean {
    if (isAllOfIt(kind)) return true;
    const entry = this.byId.get(id);
    if (entry === undefined) return kind === "raw";
    return kind === "more" || !isFinished(entry);
  }

  /** Takes a line in. */
  apply(line: PlacedLine): void {
    const { kind, id } = line;
    if (kind === "head" || this.#done?.has(id)) return;
    if (kind === "done") this.settle(id, destinationIn(line.payload()));
    else if (kind === "count") this.#count(id, line.payload());
    else if (this.accepts(kind, id)) this.#add(this.byId.get(id) ?? this.#create(id), kind, line);
  }

  /** @param destination - without one, all. @returns whether that makes the event one nobody waits for */
  settle(id: string, destination: string | undefined): boolean {
    const entry = this.byId.get(id);
    if (entry === undefined) {
      if (destination === undefined) this.#done?.add(id);
      return false;
    }
    if (destination !== undefined) {
      entry.settled ??= new Set();
      entry.settled.add(destination);
      if (!this.#destinations?.every((name) => entry.settled?.has(name))) return false;
    }
    this.forget(entry);
    return true;
  }

  /** Nothing of it is needed any more. */
  forget(entry: Entry): void {
    this.byId.delete(entry.id);
    this.#done?.add(entry.id);
    this.#release(entry);
  }

  /** Events that lose a part with this segment. */
  in(segment: Segment): Entry[] {
    const found: Entry[] = [];
    for (const entry of this.byId.values()) {
      if (entry.parts.some((part) => part.segment === segment)) found.push(entry);
    }
    return found;
  }

  #create(id: string): Entry {
    const entry: Entry = {
      id,
      parts: [],
      moreCount: 0,
      moreLast: undefined,
      settled: undefined,
      state: "waiting",
      isInLine: false,
    };
    this.byId.set(id, entry);
    return entry;
  }

  #add(entry: Entry, kind: Part["kind"], { segment, offset, length }: PlacedLine): void {
    const part: Part = { kind, segment, offset, length };
    segment.liveBytes += length;
    if (kind === "more") {
      if (entry.moreLast !== undefined) release(entry.moreLast);
      entry.moreLast = part;
      entry.moreCount++;
      return;
    }
    if (isAllOfIt(kind)) this.#release(entry);
    entry.parts.push(part);
  }

  #count(id: string, payload: string): void {
    const entry = this.byId.get(id);
    const count = Number(payload);
    if (entry !== undefined && Number.isSafeInteger(count) && count >= 0) entry.moreCount = count;
  }

  #release(entry: Entry): void {
    for (const part of entry.parts) release(part);
    if (entry.moreLast !== undefined) release(entry.moreLast);
    entry.parts = [];
    entry.moreLast = undefined;
  }
}

/** What was written of the event before is of no use. */
function isAllOfIt(kind: Part["kind"]): boolean {
  return kind === "finished" || kind === "whole";
}

function release({ segment, length }: Part): void {
  segment.liveBytes -= length;
}

/** The event itself is there, and not only what it is to be made of. */
export function isFinished(entry: Entry): boolean {
  return entry.parts[0]?.kind === "finished";
}

/** The captures an event stands for. */
export function capturesOf(entry: Entry): number {
  return 1 + entry.moreCount;
}

function destinationIn(payload: string): string | undefined {
  if (payload === "") return undefined;
  try {
    return String(JSON.parse(payload));
  } catch {
    return payload;
  }
}
