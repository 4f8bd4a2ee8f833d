import type { Clock } from "../../model/clock.js";
import type { PartKind, SpoolCount, SpooledEvent, SpoolLoss } from "../../spool/store.js";
import { capturesOf, Entries, type Entry, type Segment } from "./entries.js";
import { Journal, type JournalOptions } from "./journal.js";
import { LineWriter } from "./line.js";
import { Losses } from "./losses.js";
import { PartReader } from "./part-reader.js";
import type { Found } from "./takeover.js";
import { type Placed, WaitingLine } from "./waiting-line.js";

export interface HoldingsOptions {
  /** One's own folder. */
  readonly folder: string;
  readonly instance: string;
  readonly destinations: readonly string[] | undefined;
  readonly head: () => string;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly fsync: boolean;
  /** Files in the folders of others that are not ours stay. */
  readonly keepsOthers: boolean;
  readonly clock: Clock;
  /** These are among the waiting now; what of them is too old is told as lost right after. */
  readonly onAdopted: (count: SpoolCount) => void;
  readonly onLost: (loss: SpoolLoss) => void;
  readonly onTrouble: (what: string, error: unknown) => void;
  /** Looks at once whether the folder is where it was. */
  readonly isStillHere: () => boolean;
}

const LARGEST_SEGMENT_BYTES = 4 * 1024 * 1024;
const LONGEST_SEGMENT_AGE_MS = 60 * 60 * 1000;
/** Whoever asks for an event does not look through a hundred thousand that nobody takes now. */
const MOST_PASSED_OVER = 100;
const BY_NOBODY: ReadonlySet<string> = new Set();
const MOST_BYTES_PER_UNIT = 3;
/** Of a line without its payload, and of what is said again behind it. */
const BYTES_AROUND = 512;
/** The whole is in this many files at least, so that what must be dropped is a small part. */
const SEGMENTS = 8;

/** All events that one client has on disk: its own, and those of instances it took over. Knows which are in hand. */
export class SpoolIndex {
  inHand = 0;
  waiting = 0;
  /** Bytes in the folders of others, when they were last looked at. */
  bytesElsewhere = 0;
  readonly #options: HoldingsOptions;
  readonly #own: Journal;
  /** Ended instances that were taken over, by their folder. */
  readonly #claimed = new Map<string, Journal>();
  /** Their events that were handed out. */
  readonly #adopted = new Map<string, Placed>();
  readonly #line = new WaitingLine();
  readonly #lines = new LineWriter();
  readonly #reader = new PartReader();
  /** Bytes that can be added before all sizes must be looked at again: adding them up is too dear for each capture. */
  #room = 0;
  #isClosed = false;

  constructor(options: HoldingsOptions) {
    this.#options = options;
    this.#own = this.#newOwn();
  }

  get isEmpty(): boolean {
    return this.#own.isEmpty && this.#claimed.size === 0;
  }

  /** Someone deleted our files; they were not taken over. */
  get isDeleted(): boolean {
    return this.#own.isDeleted;
  }

  has(id: string): boolean {
    return this.#own.entries.byId.has(id) || this.#adopted.has(id);
  }

  hasFolder(folder: string): boolean {
    return this.#claimed.has(folder);
  }

  /** @returns whether it is on disk. @throws what the system says */
  keep(kind: PartKind, id: string, payload: string): boolean {
    this.#makeRoom(payload);
    const known = this.#find(id);
    const journal = known?.journal ?? this.#own;
    if (!journal.keep(kind, id, payload)) return false;
    const entry = journal.entries.byId.get(id)!;
    // Room may have been made for the line, at the cost of what was known.
    if (entry !== known?.entry) this.inHand++;
    else if (entry.state !== "hand") this.#move(1);
    entry.state = "hand";
    return true;
  }

  settle(id: string, destination: string | undefined): void {
    const placed = this.#find(id);
    if (placed !== undefined) this.#settle(placed, destination);
  }

  handBack(id: string): void {
    const placed = this.#find(id);
    if (placed?.entry.state !== "hand") return;
    this.#move(-1);
    placed.entry.state = "waiting";
    this.#line.add(placed);
  }

  /** What an ended instance left waits here from now on. @returns what is new among what waits */
  take({ folder, instance, scan }: Found): SpoolCount {
    const { entries, segments, unreadable, toldBefore } = scan;
    const journal = this.#newClaimed(folder, instance, scan);
    const losses = new Losses("corrupt");
    losses.addCount(unreadable, unreadable, segments);
    this.#tell(losses);
    this.#claimed.set(folder, journal);
    // Until the others are looked at again.
    this.bytesElsewhere = Math.max(0, this.bytesElsewhere - journal.bytes);
    this.waiting += entries.byId.size;
    this.#line.addJournal(journal, segments[0]?.begunAt ?? 0);
    if (unreadable > 0 && !journal.isEmpty)
      this.#try("what was unreadable cannot be noted", () => journal.noteUnreadable(unreadable + toldBefore));
    if (!journal.isEmpty) this.#options.onAdopted(countOf(entries));
    this.#dropAged(journal);
    this.#tidy(journal);
    return countOf(entries);
  }

  /** Hands out the event whose turn it is; `later` when the system has no room for it now. */
  async next(
    isWanted: (settled: ReadonlySet<string>) => boolean = () => true,
  ): Promise<SpooledEvent | "later" | undefined> {
    let mayPassOver = Math.min(this.waiting, MOST_PASSED_OVER);
    while (!this.#isClosed) {
      const placed = this.#line.take();
      if (placed === undefined) break;
      if (!isWanted(placed.entry.settled ?? BY_NOBODY)) {
        this.#line.add(placed);
        if (--mayPassOver <= 0) break;
        continue;
      }
      const event = await this.#handOut(placed);
      if (event !== undefined) return event;
    }
    this.#reader.clear();
    return undefined;
  }

  /**
   * The oldest files go until the rest is small enough. What is in hand is only no longer held.
   *
   * @param wanted - bytes that are to find room beside the rest
   */
  dropExcess(wanted = 0): void {
    for (const journal of this.#journals()) this.#dropAged(journal);
    const losses = new Losses("full");
    while (this.#bytes() + wanted > this.#options.maxBytes) {
      const journal = this.#journals()
        .filter(({ oldest }) => oldest !== undefined)
        .sort((a, b) => a.oldest!.begunAt - b.oldest!.begunAt)[0];
      if (journal === undefined) break;
      const { oldest } = journal;
      this.#drop(journal, losses, (segment) => segment === oldest);
    }
    this.#room = this.#options.maxBytes - this.#bytes();
    this.#tell(losses);
  }

  /** All that waits is lost. */
  tellAllLost(): void {
    const losses = new Losses("gone");
    for (const { entries } of this.#journals()) losses.add([...entries.byId.values()].filter(isAlone), []);
    this.#tell(losses);
  }

  /** The files are not here any more, or not ours. What is known of them stays known. */
  close(): void {
    this.#isClosed = true;
    this.#own.close();
    this.#line.clear();
    this.#reader.clear();
  }

  #journals(): Journal[] {
    return [this.#own, ...this.#claimed.values()];
  }

  get #segmentBytes(): number {
    return Math.min(LARGEST_SEGMENT_BYTES, this.#options.maxBytes / SEGMENTS);
  }

  #bytes(): number {
    return this.#journals().reduce((sum, { bytes }) => sum + bytes, this.bytesElsewhere);
  }

  /**
   * Sees to it that a line does not make the whole too large, nor what must be written before the oldest file can go: that
   * its events are done, and those that move away from it. No event shall be lost for the sake of that.
   */
  #makeRoom(payload: string): void {
    const around = BYTES_AROUND + this.#own.headBytes + this.#segmentBytes / 2;
    if (payload.length * MOST_BYTES_PER_UNIT + around <= this.#room) return;
    const wanted = Buffer.byteLength(payload) + around;
    if (wanted > this.#room) this.dropExcess(wanted);
  }

  #find(id: string): Placed | undefined {
    const entry = this.#own.entries.byId.get(id);
    return entry === undefined ? this.#adopted.get(id) : { entry, journal: this.#own };
  }

  async #handOut(placed: Placed): Promise<SpooledEvent | "later" | undefined> {
    const { entry, journal } = placed;
    const { segment } = entry.parts[0]!;
    const known = this.#find(entry.id);
    // Two instances with the same event: one that was stalled, and went on.
    if (known !== undefined && known.entry !== entry) return this.#settle(placed, undefined);
    if (this.#isTooOld(segment)) return this.#lose(placed, "too_old");

    entry.state = "reading";
    const read = await this.#reader.read(entry);
    // Meanwhile it may have been dropped, or added to; or all of it moved away.
    if (this.#isClosed) return undefined;
    if (entry.state !== "reading" || journal.entries.byId.get(entry.id) !== entry) return undefined;
    entry.state = "waiting";
    // Files that are not where they were may just be another's now.
    if (read === "gone") return this.#options.isStillHere() ? this.#lose(placed, "gone") : undefined;
    if (read === "later") {
      this.#line.add(placed);
      return "later";
    }
    this.#move(1);
    entry.state = "hand";
    if (journal !== this.#own) this.#adopted.set(entry.id, placed);
    const { head, begunAt } = segment;
    return { id: entry.id, head, ...read, settled: new Set(entry.settled), begunAt };
  }

  #settle({ entry, journal }: Placed, destination: string | undefined): undefined {
    // It is known here. Where it cannot be noted, it is sent once more after a crash, with the same id.
    this.#try("what is done cannot be noted", () => journal.settle(entry.id, destination));
    if (!journal.entries.byId.has(entry.id)) {
      this.#uncount(entry);
      this.#tidy(journal);
    }
    if (this.#room < 0) this.dropExcess();
  }

  #lose(placed: Placed, reason: SpoolLoss["reason"]): undefined {
    const losses = new Losses(reason);
    losses.add([placed.entry], [placed.entry.parts[0]!.segment]);
    this.#settle(placed, undefined);
    this.#tell(losses);
  }

  #dropAged(journal: Journal): void {
    const losses = new Losses("too_old");
    this.#drop(journal, losses, (segment) => this.#isTooOld(segment));
    this.#tell(losses);
  }

  #drop(journal: Journal, losses: Losses, isWanted: (segment: Segment) => boolean): void {
    for (const { segment, lost } of journal.dropWhile(isWanted)) {
      losses.add(lost.filter(isAlone), [segment]);
      for (const entry of lost) this.#uncount(entry);
    }
    this.#tidy(journal);
  }

  /** Deletes what nothing waits in any more. */
  #tidy(journal: Journal): void {
    if (!journal.isEmpty) return;
    this.#try("what is done cannot be deleted", () => {
      if (journal === this.#own) journal.clear();
      // What was written behind our back is read with the next adoption.
      else if (this.#claimed.delete(journal.folder) && !journal.hasGrown())
        journal.remove({ keepsOthers: this.#options.keepsOthers });
    });
  }

  /** From disk alone into hand, or back. */
  #move(intoHand: 1 | -1): void {
    this.inHand += intoHand;
    this.waiting -= intoHand;
  }

  #uncount(entry: Entry): void {
    if (isAlone(entry)) this.waiting--;
    else this.inHand--;
    if (this.#adopted.get(entry.id)?.entry === entry) this.#adopted.delete(entry.id);
  }

  #isTooOld({ begunAt }: Segment): boolean {
    return this.#options.clock.now() - begunAt > this.#options.maxAgeMs;
  }

  #tell(losses: Losses): void {
    const loss = losses.total(this.#options.clock.now());
    if (loss !== undefined) this.#options.onLost(loss);
  }

  #try(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#options.onTrouble(what, error);
    }
  }

  #newOwn(): Journal {
    const { folder, instance, destinations, clock, head, maxAgeMs } = this.#options;
    const entries = new Entries(destinations, { isReading: false });
    return this.#newJournal(entries, [], {
      folder,
      instance,
      segmentAgeMs: Math.min(LONGEST_SEGMENT_AGE_MS, maxAgeMs / SEGMENTS),
      head: () => ({ begunAt: clock.now(), head: head() }),
      staysOpen: true,
      onBegun: () => this.dropExcess(),
    });
  }

  /** What is added to an ended instance is as old as the rest, and its own process's. */
  #newClaimed(folder: string, instance: string, { entries, segments }: Found["scan"]): Journal {
    const { begunAt, head } = segments.at(-1) ?? { begunAt: this.#options.clock.now(), head: "{}" };
    return this.#newJournal(entries, segments, {
      folder,
      instance,
      segmentAgeMs: Number.POSITIVE_INFINITY,
      head: () => ({ begunAt, head }),
      staysOpen: false,
      onBegun: () => undefined,
    });
  }

  #newJournal(
    entries: Entries,
    segments: readonly Segment[],
    own: Omit<JournalOptions, "lines" | "fsync" | "segmentBytes" | "now" | "onWritten">,
  ): Journal {
    const { clock, fsync } = this.#options;
    const segmentBytes = this.#segmentBytes;
    const common = { lines: this.#lines, fsync, segmentBytes, now: () => clock.now() };
    const onWritten = (bytes: number): void => {
      this.#room -= bytes;
    };
    return new Journal({ ...common, ...own, onWritten }, entries, segments);
  }
}

function countOf({ byId }: Entries): SpoolCount {
  let captures = 0;
  for (const entry of byId.values()) captures += capturesOf(entry);
  return { events: byId.size, captures };
}

/** It is on disk and not in memory. */
function isAlone({ state }: Entry): boolean {
  return state !== "hand";
}
