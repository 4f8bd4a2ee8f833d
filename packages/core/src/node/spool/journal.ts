import { readdirSync, rmSync, statSync, truncateSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { PartKind } from "../../spool/store.js";
import { wholeText } from "./compacted.js";
import { Stragglers } from "./compaction.js";
import type { Entries, Entry, Segment } from "./entries.js";
import { BEATS, CLAIMED, isInstance, OWNER, segmentName, segmentNumbers } from "./layout.js";
import { type LineKind, type LineWriter, NOBODY } from "./line.js";
import { readNow } from "./part-reader.js";
import { headText, type SegmentHead } from "./scan.js";
import { SegmentFile } from "./segment-file.js";

export interface JournalOptions {
  readonly folder: string;
  /** 16 hex digits. */
  readonly instance: string;
  readonly lines: LineWriter;
  readonly fsync: boolean;
  /** A segment this large or, in milliseconds, this old is followed by another. */
  readonly segmentBytes: number;
  readonly segmentAgeMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** What the next segment begins with. */
  readonly head: () => SegmentHead;
  /** The file stays open between two lines: for one's own, which is written to at any time. */
  readonly staysOpen: boolean;
  /** So many bytes were added. */
  readonly onWritten: (bytes: number) => void;
  /** A segment was begun: it may be time to look at the sizes. */
  readonly onBegun: () => void;
}

/** The segments of one instance: appended to at the end, deleted from the beginning. */
export class Journal {
  readonly entries: Entries;
  readonly folder: string;
  readonly #options: JournalOptions;
  readonly #segments: Segment[];
  readonly #stragglers: Stragglers;
  /** The last segment, when lines may be added to it. */
  #active: Segment | undefined;
  #file: SegmentFile | undefined;

  constructor(options: JournalOptions, entries: Entries, segments: readonly Segment[] = []) {
    this.#options = options;
    this.folder = options.folder;
    this.entries = entries;
    this.#stragglers = new Stragglers(entries);
    this.#segments = [...segments];
  }

  get isEmpty(): boolean {
    return this.entries.byId.size === 0;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** What a segment begins with, when another must be begun; 0 as long as there was none. */
  get headBytes(): number {
    return this.#segments.at(-1)?.headBytes ?? 0;
  }

  /** The segment that goes first when something must go; never the one that is written to. */
  get oldest(): Segment | undefined {
    const first = this.#segments[0];
    return first === this.#active ? undefined : first;
  }

  /** The first segments, up to the first that `isWanted` refuses, are deleted. @returns the events lost with them */
  dropWhile(
    isWanted: (segment: Segment) => boolean,
  ): { readonly segment: Segment; readonly lost: Entry[] }[] {
    const dropped: { segment: Segment; lost: Entry[] }[] = [];
    for (let { oldest } = this; oldest !== undefined && isWanted(oldest); { oldest } = this) {
      const lost = this.entries.in(oldest);
      for (const entry of lost) this.entries.forget(entry);
      this.#unlinkFirst();
      dropped.push({ segment: oldest, lost });
    }
    return dropped;
  }

  /**
   * Adds a part of an event, with one write. What a `finished` makes unreadable, that others are done with it and how
   * many captures it stands for, is said again behind it.
   *
   * @returns whether the part is on disk: one that is too large, or of use to nobody, is not
   * @throws what the system says
   */
  keep(kind: PartKind, id: string, payload: string): boolean {
    if (!this.entries.accepts(kind, id) || !this.#append(kind, id, payload)) return false;
    const entry = this.entries.byId.get(id);
    if (entry !== undefined && kind === "finished") this.#saySoAgain(entry);
    return entry !== undefined;
  }

  /**
   * A destination, or with none all of them, is done with an event. The last event leaves no line: the files go.
   *
   * @throws what the system says; the event is forgotten here all the same
   */
  settle(id: string, destination: string | undefined): void {
    const isForgotten = this.entries.settle(id, destination);
    if (isForgotten && this.isEmpty && !this.hasGrown()) return;
    try {
      this.#append("done", id, isForgotten || destination === undefined ? "" : JSON.stringify(destination));
      this.#moveStraggler();
    } finally {
      while (this.#segments.length > 1 && this.#isDone(this.#segments[0]!)) this.#unlinkFirst();
    }
  }

  /** Nothing waits any more: what was written is cut off, and the segment used again unless it is old. */
  clear(): void {
    while (this.#segments.length > 0 && this.#segments[0] !== this.#active) this.#unlinkFirst();
    const active = this.#active;
    if (active === undefined || active.bytes === active.headBytes) return;
    if (this.#file === undefined || this.#isDue(active)) this.#deleteActive();
    else this.#file.truncate(active.headBytes);
    active.bytes = active.headBytes;
  }

  /** The next to read this need not count these again. @throws what the system says */
  noteUnreadable(lines: number): void {
    this.#append("count", NOBODY, String(lines));
  }

  /** Its owner, believed dead, has written here after all was read. */
  hasGrown(): boolean {
    return this.#segments.some((segment) => this.#isLonger(segment));
  }

  /**
   * Nothing waits any more, and nobody will write here again. Lines that cancel others go after those.
   *
   * @param options - `keepsOthers`: files that are not ours stay, and the folder with them
   * @throws what the system says
   */
  remove({ keepsOthers }: { readonly keepsOthers: boolean }): void {
    this.close();
    this.#active = undefined;
    while (this.#segments.length > 0) this.#unlinkFirst();
    const others = readdirSync(this.folder).filter((name) => !isOurs(name));
    // What it had claimed itself, and what could not be moved away, is not done with.
    const isStillHolding =
      others.includes(CLAIMED) && readdirSync(join(this.folder, CLAIMED)).some((name) => isInstance(name));
    if (!isStillHolding && !(keepsOthers && others.some((name) => name !== CLAIMED)))
      rmSync(this.folder, { recursive: true, force: true });
  }

  /** Whether it was deleted by someone who did not know that it is in use; `false` when it was taken over. */
  get isDeleted(): boolean {
    return this.#file?.isDeleted ?? false;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /**
   * Copies one event forward that keeps an old file for itself, so that what waits long does not fill the disk with what
   * is done. It is one line, which is there or not, and the old ones stay until all have moved: whoever dies meanwhile
   * leaves the event whole. It counts as no older than its new file: who waits in memory is given up in time there.
   */
  #moveStraggler(): void {
    if (!this.#options.staysOpen || this.#segments.length < FILES_WITHOUT_MOVING) return;
    const { oldest } = this;
    const entry = oldest && this.#stragglers.next(oldest);
    if (entry === undefined) return;
    const event = readNow(entry);
    // A new file is begun now if it must be: room for it may be made at the cost of this event.
    this.#writable();
    if (event === undefined || this.entries.byId.get(entry.id) !== entry) return;
    const [first] = event.parts;
    const isKept =
      first?.kind === "finished"
        ? this.#append("finished", entry.id, first.payload)
        : this.#append("whole", entry.id, wholeText(event));
    if (isKept) this.#saySoAgain(entry);
  }

  #saySoAgain({ id, moreCount, settled }: Entry): void {
    if (moreCount > 0) this.#append("count", id, String(moreCount));
    for (const name of settled ?? []) this.#append("done", id, JSON.stringify(name));
  }

  #append(kind: LineKind, id: string, payload: string): boolean {
    const { lines, staysOpen, onWritten } = this.#options;
    const { segment, file } = this.#writable();
    const line = lines.write(kind, id, payload);
    try {
      if (line === undefined) return false;
      const offset = file.append(line);
      segment.bytes = file.bytes;
      onWritten(line.length);
      this.entries.apply({ kind, id, segment, offset, length: line.length - 1, payload: () => payload });
      return true;
    } finally {
      if (!staysOpen) this.close();
    }
  }

  #writable(): { segment: Segment; file: SegmentFile } {
    const active = this.#active;
    if (active === undefined || this.#isDue(active) || active.bytes >= this.#options.segmentBytes)
      return this.#begin();
    this.#file ??= new SegmentFile(active.path, { isNew: false, fsync: this.#options.fsync });
    return { segment: active, file: this.#file };
  }

  #begin(): { segment: Segment; file: SegmentFile } {
    const { folder, instance, lines, fsync, head, onWritten, onBegun } = this.#options;
    const number = (this.#segments.at(-1)?.number ?? 0) + 1;
    const path = join(folder, segmentName(number));
    const said = head();
    const file = new SegmentFile(path, { isNew: true, fsync });
    try {
      file.append(lines.write("head", instance.padStart(32, "0"), headText(said)) ?? NO_HEAD);
    } catch (error) {
      file.close();
      unlinkQuietly(path);
      throw error;
    }
    this.close();
    this.#file = file;
    this.#active = { number, path, ...said, headBytes: file.bytes, bytes: file.bytes, liveBytes: 0 };
    this.#segments.push(this.#active);
    onWritten(file.bytes);
    onBegun();
    return { segment: this.#active, file };
  }

  #isDone(segment: Segment): boolean {
    return segment.liveBytes === 0 && !this.#isLonger(segment);
  }

  #isLonger({ path, bytes }: Segment): boolean {
    if (this.#options.staysOpen) return false;
    return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > bytes;
  }

  #isDue({ begunAt }: Segment): boolean {
    return Math.abs(this.#options.now() - begunAt) >= this.#options.segmentAgeMs;
  }

  #deleteActive(): void {
    this.close();
    this.#active = undefined;
    this.#unlinkFirst();
  }

  #unlinkFirst(): void {
    const segment = this.#segments.shift();
    if (segment === undefined) return;
    // Its owner, believed dead, may wake up: an empty file tells that what was in it is done.
    if (!this.#options.staysOpen) emptyQuietly(segment.path);
    unlinkQuietly(segment.path);
  }
}

function isOurs(name: string): boolean {
  return name === OWNER || BEATS.includes(name) || segmentNumbers([name]).length > 0;
}

/** So few are not worth the copying. */
const FILES_WITHOUT_MOVING = 3;

const NO_HEAD = new Uint8Array();

function emptyQuietly(path: string): void {
  try {
    truncateSync(path);
  } catch {
    // It will be deleted all the same, or not be either.
  }
}

/** A file that cannot be deleted is in the way of nobody. */
function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or on a disk that is read-only: whoever finds it sends what is in it once more.
  }
}
