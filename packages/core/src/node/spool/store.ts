import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../clock.js";
import type { Diagnostics } from "../../diagnostics.js";
import type { PartKind, SpoolCount, SpooledEvent, SpoolLoss, SpoolStore } from "../../spool/store.js";
import { adoptEnded, bytesIn, type Found, instancesBeside } from "./adoption.js";
import { capturesOf, Entries, type Entry, type Segment } from "./entries.js";
import { Home } from "./home.js";
import { Journal } from "./journal.js";
import { CLAIMED, codeOf, textOf } from "./layout.js";
import { isId, LineWriter, LONGEST_PAYLOAD_BYTES } from "./line.js";
import { Losses } from "./losses.js";
import { PartReader } from "./part-reader.js";
import { type Placed, WaitingLine } from "./waiting-line.js";

/** What a spool on disk needs. */
export interface SpoolOptions {
  /** The folder; shared by any number of processes. It and those in front of it are made with the first event. */
  readonly dir: string;
  /** 8 hex digits: who may take over from whom. A hash over the destinations. */
  readonly group: string;
  /** Names of the destinations: an event that all of them are done with is forgotten. Without: when that is said. */
  readonly destinations?: readonly string[];
  /** What this process says of itself, as JSON; written once into each file. */
  readonly head: () => string;
  /** The most bytes of the whole folder, about. Default 64 MiB. */
  readonly maxBytes?: number;
  /** What waits for longer is dropped. Milliseconds; default 7 days. */
  readonly maxAgeMs?: number;
  /** Waits for the disk with every line: survives the machine's failure too, at milliseconds each. Default false. */
  readonly fsync?: boolean;
  readonly clock: Clock;
  readonly diagnostics: Diagnostics;
  /** 32 random lower-case hex digits. */
  readonly newId: () => string;
  /** Events that waited on disk alone are there no more. */
  readonly onLost?: (loss: SpoolLoss) => void;
  /** This process was silent for so long that another took its files. The events in hand are that one's now. */
  readonly onTakenOver?: (ids: readonly string[]) => void;
  /**
   * An ended instance was taken over. `folder`: its folder, with all that was in it, until the promise is settled.
   * Without it, files that are not the store's are left for someone who has it.
   */
  readonly onClaimed?: (folder: string) => Promise<void> | void;
  /** The user id whose folders are taken over. Default: whom the file system shows as owner of what we make. */
  readonly owner?: number;
}

/** A spool on disk, with the folder it is in. */
export interface FolderSpool extends SpoolStore {
  /** This client's own folder, for other files that belong to it; made when it is not there. `undefined`: it cannot be. */
  folder(): string | undefined;
}

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
const LARGEST_SEGMENT_BYTES = 4 * MIB;
const LONGEST_SEGMENT_AGE_MS = 60 * 60 * 1000;
/** The whole is in this many files at least, so that what must be dropped is a small part. */
const SEGMENTS = 8;
/** A disk that refused is left alone for so long. */
const RETRY_AFTER_MS = 30_000;

/** Makes the spool of one client. Nothing is on disk before the first event is. */
export function createSpoolStore(options: SpoolOptions): FolderSpool {
  return new FileSpool(options);
}

class FileSpool implements FolderSpool {
  readonly #options: SpoolOptions;
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  readonly #lines = new LineWriter();
  readonly #reader = new PartReader();
  readonly #line = new WaitingLine();
  #home: Home;
  #own: Journal;
  /** Ended instances that were taken over, by their folder. */
  readonly #claimed = new Map<string, Journal>();
  /** Their events that were handed out. */
  readonly #adopted = new Map<string, Placed>();
  #inHand = 0;
  #waiting = 0;
  /** Bytes in the folders of others, when they were last looked at. */
  #bytesElsewhere = 0;
  #adopting: Promise<SpoolCount> | undefined;
  #retryAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? 64 * MIB;
    this.#maxAgeMs = options.maxAgeMs ?? 7 * DAY_MS;
    this.#home = this.#newHome();
    this.#own = this.#newOwn();
  }

  get inHand(): number {
    return this.#inHand;
  }

  get waiting(): number {
    return this.#waiting;
  }

  folder(): string | undefined {
    return this.#writing(() => {
      this.#home.open();
      return this.#home.folder;
    });
  }

  keep(kind: PartKind, id: string, payload: string): boolean {
    if (!isId(id) || this.#isTooLong(payload)) return false;
    const wasKnown = this.holds(id);
    const isKept = this.#writing(() => {
      // Its lines went to another with the rest.
      if (wasKnown && !this.holds(id)) return false;
      const journal = this.#adopted.get(id)?.journal ?? this.#own;
      this.#home.open();
      if (!journal.keep(kind, id, payload)) return false;
      this.#takeInHand(journal.entries.byId.get(id)!, wasKnown);
      return true;
    });
    return isKept ?? false;
  }

  holds(id: string): boolean {
    return this.#own.entries.byId.has(id) || this.#adopted.has(id);
  }

  settle(id: string, destination?: string): void {
    if (!this.#isStillOurs()) return;
    const placed = this.#find(id);
    if (placed !== undefined) this.#settle(placed, destination);
  }

  handBack(id: string): void {
    const placed = this.#find(id);
    if (placed?.entry.state !== "hand") return;
    placed.entry.state = "waiting";
    this.#inHand--;
    this.#waiting++;
    this.#line.add(placed);
  }

  adopt(): Promise<SpoolCount> {
    this.#adopting ??= this.#adopt()
      .catch((error: unknown) => {
        this.#tellTrouble("what others left cannot be taken over", error);
        return NOTHING;
      })
      .finally(() => {
        this.#adopting = undefined;
      });
    return this.#adopting;
  }

  async next(): Promise<SpooledEvent | undefined> {
    while (!this.#isClosed) {
      const placed = this.#line.take();
      if (placed === undefined) {
        this.#reader.clear();
        return undefined;
      }
      const event = await this.#handOut(placed);
      if (event === "later") return undefined;
      if (event !== undefined) return event;
    }
    return undefined;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      const isOurs = this.#home.confirm();
      this.#own.close();
      if (isOurs) this.#home.leave(this.#own.isEmpty && this.#claimed.size === 0 && !this.#hasClaimed());
    } catch (error) {
      this.#tellTrouble("its folder cannot be left to others", error);
    }
  }

  /** An event from disk alone into memory. `later`: the system has no room for it now. */
  async #handOut(placed: Placed): Promise<SpooledEvent | "later" | undefined> {
    const { entry, journal } = placed;
    const segment = entry.parts[0]!.segment;
    const known = this.#find(entry.id);
    if (known !== undefined && known.entry !== entry) {
      this.#settle(placed, undefined);
      return undefined;
    }
    if (this.#isTooOld(segment)) {
      this.#lose(placed, "too_old");
      return undefined;
    }

    entry.state = "reading";
    const parts = await this.#readParts(entry);
    // It may have been dropped, taken over or added to meanwhile.
    if (entry.state !== "reading" || journal.entries.byId.get(entry.id) !== entry) return undefined;
    entry.state = "waiting";
    if (this.#isClosed) return undefined;
    if (parts === "gone") this.#lose(placed, "corrupt");
    if (parts === "later") this.#line.add(placed);
    if (typeof parts === "string") return parts === "later" ? parts : undefined;

    this.#takeInHand(entry, true);
    if (journal !== this.#own) this.#adopted.set(entry.id, placed);
    return {
      id: entry.id,
      head: segment.head,
      parts: parts.known,
      more: { count: entry.moreCount, last: parts.lastMore },
      settled: new Set(entry.settled),
      begunAt: segment.begunAt,
    };
  }

  async #readParts(entry: Entry): Promise<ReadEvent | "gone" | "later"> {
    const known: SpooledEvent["parts"][number][] = [];
    for (const part of [...entry.parts]) {
      const read = await this.#reader.read(part, entry.id);
      if (typeof read === "string") return read;
      if (part.kind !== "more") known.push({ kind: part.kind, payload: read.payload });
    }
    if (entry.moreLast === undefined) return { known, lastMore: undefined };
    const last = await this.#reader.read(entry.moreLast, entry.id);
    return last === "later" ? last : { known, lastMore: last === "gone" ? undefined : last.payload };
  }

  async #adopt(): Promise<SpoolCount> {
    const { dir } = this.#options;
    const beside = await instancesBeside(dir, this.#home.folder);
    if (beside.length > 0) this.folder();
    const home = this.#home;
    if (!home.isOpen || this.#isClosed) return NOTHING;
    home.beat();
    if (home !== this.#home || home.isQuiet) return NOTHING;

    let found: SpoolCount = NOTHING;
    for await (const each of adoptEnded(this.#adoption(home))) {
      if (this.#home !== home || this.#isClosed) return found;
      found = sum(found, this.#take(each));
    }
    this.#bytesElsewhere = await bytesIn(await instancesBeside(dir, home.folder));
    if (this.#home === home && !this.#isClosed) this.#dropExcess();
    return found;
  }

  #adoption(home: Home): Parameters<typeof adoptEnded>[0] {
    const { dir, group, destinations, diagnostics, clock, owner, onClaimed } = this.#options;
    const { fileTime, owner: shownOwner } = home.look();
    return {
      dir,
      group,
      destinations,
      diagnostics,
      home: home.folder,
      maxAgeMs: this.#maxAgeMs,
      fileTime,
      owner: owner ?? shownOwner,
      now: clock.now(),
      mayGoOn: () => !this.#isClosed && home === this.#home && home.confirm() && !home.isQuiet,
      isKnown: (folder) => this.#claimed.has(folder),
      onClaimed: async (folder) => {
        try {
          await onClaimed?.(folder);
        } catch (error) {
          this.#tellTrouble("a folder that was taken over could not be looked at", error);
        }
      },
    };
  }

  /** What an ended instance left waits here from now on. @returns what is new among what waits */
  #take({ folder, instance, scan }: Found): SpoolCount {
    const { entries, segments, unreadable, refused } = scan;
    const journal = this.#newClaimed(folder, instance, scan);
    if (refused > 0)
      this.#options.diagnostics.warn(
        "spool:foreign",
        `spool: ${refused} of the files in ${folder} are no files; they were not read`,
      );
    const losses = new Losses("corrupt");
    losses.addCount(unreadable, unreadable, segments);
    this.#tellLost(losses);
    this.#claimed.set(folder, journal);
    if (journal.isEmpty) {
      this.#tidy(journal);
      return NOTHING;
    }
    if (unreadable > 0) this.#note(journal, scan);
    this.#line.addJournal(journal, segments[0]?.begunAt ?? 0);
    const waiting = [...entries.byId.values()];
    this.#waiting += waiting.length;
    this.#dropAged(journal);
    const left = waiting.filter(({ id }) => entries.byId.has(id));
    return { events: left.length, captures: left.reduce((all, entry) => all + capturesOf(entry), 0) };
  }

  #note(journal: Journal, { unreadable, toldBefore }: Found["scan"]): void {
    try {
      journal.noteUnreadable(unreadable + toldBefore);
    } catch (error) {
      this.#tellTrouble("what was unreadable cannot be noted", error);
    }
  }

  #settle({ entry, journal }: Placed, destination: string | undefined): void {
    try {
      journal.settle(entry.id, destination);
    } catch (error) {
      // It is known here. After a crash it would be sent once more, with the same id.
      this.#tellTrouble("what is done cannot be noted", error);
    }
    if (journal.entries.byId.has(entry.id)) return;
    this.#uncount(entry);
    this.#tidy(journal);
  }

  #lose(placed: Placed, reason: SpoolLoss["reason"]): void {
    const losses = new Losses(reason);
    losses.add([placed.entry], [placed.entry.parts[0]!.segment]);
    this.#settle(placed, undefined);
    this.#tellLost(losses);
  }

  #dropAged(journal: Journal): void {
    this.#drop(journal, "too_old", (segment) => this.#isTooOld(segment));
  }

  /** The oldest files go until the rest is small enough. What is in hand is only no longer held. */
  #dropExcess(): void {
    for (const journal of [this.#own, ...this.#claimed.values()]) this.#dropAged(journal);
    while (this.#bytes() > this.#maxBytes) {
      const oldest = [this.#own, ...this.#claimed.values()]
        .filter((journal) => journal.oldest !== undefined)
        .sort((a, b) => a.oldest!.begunAt - b.oldest!.begunAt)[0];
      if (oldest === undefined) return;
      const first = oldest.oldest;
      this.#drop(oldest, "full", (segment) => segment === first);
    }
  }

  #drop(journal: Journal, reason: SpoolLoss["reason"], isWanted: (segment: Segment) => boolean): void {
    const losses = new Losses(reason);
    for (const { segment, lost } of journal.dropWhile(isWanted)) {
      const alone = lost.filter(({ state }) => state !== "hand");
      losses.add(alone, [segment]);
      for (const entry of lost) this.#uncount(entry);
    }
    this.#tellLost(losses);
    this.#tidy(journal);
  }

  #bytes(): number {
    let bytes = this.#own.bytes + this.#bytesElsewhere;
    for (const journal of this.#claimed.values()) bytes += journal.bytes;
    return bytes;
  }

  /** Deletes what nothing waits in any more. */
  #tidy(journal: Journal): void {
    if (!journal.isEmpty) return;
    try {
      if (journal === this.#own) journal.clear();
      else if (this.#claimed.delete(journal.folder) && !journal.hasGrown())
        journal.remove({ keepsOthers: this.#options.onClaimed === undefined });
    } catch (error) {
      this.#tellTrouble("what is done cannot be deleted", error);
    }
  }

  #find(id: string): Placed | undefined {
    const entry = this.#own.entries.byId.get(id);
    return entry === undefined ? this.#adopted.get(id) : { entry, journal: this.#own };
  }

  #takeInHand(entry: Entry, wasKnown: boolean): void {
    if (wasKnown && entry.state === "hand") return;
    if (wasKnown) this.#waiting--;
    entry.state = "hand";
    this.#inHand++;
  }

  #uncount(entry: Entry): void {
    if (entry.state === "hand") this.#inHand--;
    else this.#waiting--;
    if (this.#adopted.get(entry.id)?.entry === entry) this.#adopted.delete(entry.id);
  }

  #isTooOld({ begunAt }: Segment): boolean {
    return this.#options.clock.now() - begunAt > this.#maxAgeMs;
  }

  #isTooLong(payload: string): boolean {
    const most = Math.min(LONGEST_PAYLOAD_BYTES, this.#maxBytes / 4);
    if (payload.length <= most) return false;
    this.#options.diagnostics.warn("spool:large", `spool: an event of ${payload.length} bytes is not kept`);
    return true;
  }

  /** Does something on disk. A disk that refuses is left alone for a while. */
  #writing<T>(action: () => T): T | undefined {
    if (this.#isClosed || this.#options.clock.monotonic() < this.#retryAt) return undefined;
    try {
      this.#home.confirm();
      return action();
    } catch (error) {
      return this.#writingAgain(action, error);
    }
  }

  /** The folder may have been deleted a moment ago: then it is begun anew. */
  #writingAgain<T>(action: () => T, failure: unknown): T | undefined {
    let error = failure;
    try {
      const home = this.#home;
      if (codeOf(error) === "ENOENT") home.beat();
      if (home !== this.#home) return action();
    } catch (again) {
      error = again;
    }
    this.#retryAt = this.#options.clock.monotonic() + RETRY_AFTER_MS;
    this.#tellTrouble("events are kept in memory alone", error);
    return undefined;
  }

  #isStillOurs(): boolean {
    try {
      return this.#home.confirm();
    } catch {
      return true;
    }
  }

  /** All of it is another's now; or was deleted, and then what is in hand goes on from memory. */
  #gone(): void {
    const isDeleted = this.#own.isDeleted;
    const entries = [
      ...this.#own.entries.byId.values(),
      ...[...this.#adopted.values()].map(({ entry }) => entry),
    ];
    const inHand = entries.filter(({ state }) => state === "hand").map(({ id }) => id);
    const losses = this.#lossOfAll();
    this.#own.close();
    this.#claimed.clear();
    this.#adopted.clear();
    this.#line.clear();
    this.#reader.clear();
    this.#inHand = 0;
    this.#waiting = 0;
    this.#home = this.#newHome();
    this.#own = this.#newOwn();
    if (isDeleted) this.#tellLost(losses);
    else this.#call(() => this.#options.onTakenOver?.(inHand));
  }

  #lossOfAll(): Losses {
    const losses = new Losses("corrupt");
    for (const { entries } of [this.#own, ...this.#claimed.values()])
      losses.add(
        [...entries.byId.values()].filter(({ state }) => state !== "hand"),
        [],
      );
    return losses;
  }

  /** What was taken over and not read yet is nobody else's memory. */
  #hasClaimed(): boolean {
    try {
      return readdirSync(join(this.#home.folder, CLAIMED)).length > 0;
    } catch (error) {
      return codeOf(error) !== "ENOENT";
    }
  }

  #newHome(): Home {
    const { dir, group, clock, newId } = this.#options;
    const instance = newId().slice(0, 16);
    return new Home({ dir, group, instance, clock, onGone: () => this.#gone() });
  }

  #newOwn(): Journal {
    const { destinations, clock } = this.#options;
    return this.#newJournal(
      {
        folder: this.#home.folder,
        instance: this.#home.instance,
        segmentAgeMs: Math.min(LONGEST_SEGMENT_AGE_MS, this.#maxAgeMs / SEGMENTS),
        head: () => ({ begunAt: clock.now(), head: this.#head() }),
        staysOpen: true,
        onBegun: () => this.#dropExcess(),
      },
      new Entries(destinations, { isReading: false }),
    );
  }

  #newClaimed(folder: string, instance: string, { entries, segments }: Found["scan"]): Journal {
    const last = segments.at(-1);
    const said = { begunAt: last?.begunAt ?? this.#options.clock.now(), head: last?.head ?? "{}" };
    return this.#newJournal(
      {
        folder,
        instance,
        segmentAgeMs: Number.POSITIVE_INFINITY,
        head: () => said,
        staysOpen: false,
        onBegun: () => undefined,
      },
      entries,
      segments,
    );
  }

  #newJournal(
    options: Omit<ConstructorParameters<typeof Journal>[0], "lines" | "fsync" | "segmentBytes" | "now">,
    entries: Entries,
    segments: readonly Segment[] = [],
  ): Journal {
    const { clock, fsync = false } = this.#options;
    const segmentBytes = Math.min(LARGEST_SEGMENT_BYTES, this.#maxBytes / SEGMENTS);
    const common = { lines: this.#lines, fsync, segmentBytes, now: () => clock.now() };
    return new Journal({ ...common, ...options }, entries, segments);
  }

  #head(): string {
    try {
      return this.#options.head().slice(0, LONGEST_HEAD);
    } catch (error) {
      this.#tellTrouble("the process cannot be described", error);
      return "{}";
    }
  }

  #tellLost(losses: Losses): void {
    const loss = losses.total(this.#options.clock.now());
    if (loss !== undefined) this.#call(() => this.#options.onLost?.(loss));
  }

  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#tellTrouble("internal error", error);
    }
  }

  #tellTrouble(what: string, error: unknown): void {
    this.#options.diagnostics.warn(`spool:${what}`, `spool: ${what}: ${textOf(error)}`);
  }
}

interface ReadEvent {
  readonly known: SpooledEvent["parts"];
  readonly lastMore: string | undefined;
}

const NOTHING: SpoolCount = { events: 0, captures: 0 };
const LONGEST_HEAD = 256 * 1024;

function sum(a: SpoolCount, b: SpoolCount): SpoolCount {
  return { events: a.events + b.events, captures: a.captures + b.captures };
}
