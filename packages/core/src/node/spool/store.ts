import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../model/clock.js";
import type { Diagnostics } from "../../model/diagnostics.js";
import type { PartKind, SpoolCount, SpooledEvent, SpoolLoss, SpoolStore } from "../../spool/store.js";
import { DiskGuard } from "./disk-guard.js";
import { InstanceFolder } from "./instance-folder.js";
import { CLAIMED, codeOf, isAbsence, textOf } from "./layout.js";
import { isId, LONGEST_PAYLOAD_BYTES } from "./line.js";
import { SpoolIndex } from "./spool-index.js";
import { type AdoptionOptions, adoptEnded, bytesIn, instancesBeside } from "./takeover.js";

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
  /** The most bytes of this instance; of the whole folder, as far as is known of the others. Default 64 MiB. */
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
  /** What an ended instance left is among the waiting from now on. */
  readonly onAdopted?: (count: SpoolCount) => void;
  /** Another process took the files over after a long silence, with so many events that were on disk alone. */
  readonly onTakenOver?: (waiting: number) => void;
  /**
   * An ended instance was taken over: its folder, and how many undelivered captures it holds. Without this, files of
   * others in the folder stay.
   */
  readonly onClaimed?: (folder: string, undelivered: number) => void;
  /** The client ends: what else it keeps in its folder must go, or stay, with the rest. */
  readonly onClosing?: () => void;
  /** The user id whose folders are taken over. Default: whom the file system shows as owner of what we make. */
  readonly owner?: number;
}

/** A spool on disk, with the folder it is in. */
export interface FolderSpool extends SpoolStore {
  /** This client's own folder, for other files that belong to it; made when it is not there. `undefined`: it cannot be. */
  folder(): string | undefined;
}

export const DEFAULT_MAX_BYTES: number = 64 * 1024 * 1024;
export const DEFAULT_MAX_AGE_MS: number = 7 * 24 * 60 * 60 * 1000;
/** Written as JSON within JSON, and in UTF-8, it stays below what is read of a head. */
const LONGEST_HEAD = 64 * 1024;
const NOTHING: SpoolCount = { events: 0, captures: 0 };

/** Makes the spool of one client. Nothing is on disk before the first event is. */
export function createSpoolStore(options: SpoolOptions): FolderSpool {
  return new FileSpool(options);
}

class FileSpool implements FolderSpool {
  readonly #options: SpoolOptions;
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  readonly #disk: DiskGuard;
  /** The folder and what is in it: both are new after they were taken over. */
  #home: InstanceFolder;
  #holdings: SpoolIndex;
  #adopting: Promise<SpoolCount> | undefined;
  #isClosed = false;
  #hasEnded = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#maxAgeMs = options.maxAgeMs ?? DEFAULT_MAX_AGE_MS;
    this.#disk = new DiskGuard(options.clock, (error) =>
      this.#tellTrouble("events are kept in memory alone", error),
    );
    this.#home = this.#newHome();
    this.#holdings = this.#newHoldings();
  }

  get inHand(): number {
    return this.#holdings.inHand;
  }

  get waiting(): number {
    return this.#holdings.waiting;
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
      // It was taken over a moment ago, with the rest.
      if (wasKnown && !this.holds(id)) return false;
      this.#home.open();
      return this.#holdings.keep(kind, id, payload);
    });
    return isKept ?? false;
  }

  holds(id: string): boolean {
    return this.#holdings.has(id);
  }

  settle(id: string, destination?: string): void {
    if (this.#isClosed || !this.#isStillOurs()) return;
    this.#holdings.settle(id, destination);
    // No later moment deletes the folder of a process that has ended.
    if (this.#hasEnded && this.#holdings.isEmpty) this.end();
  }

  handBack(id: string): void {
    this.#holdings.handBack(id);
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

  async next(isWanted?: Parameters<SpoolStore["next"]>[0]): Promise<SpooledEvent | undefined> {
    if (this.#isClosed) return undefined;
    const event = await this.#holdings.next(isWanted);
    return event === "later" || this.#isClosed ? undefined : event;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#leave();
    this.#isClosed = true;
  }

  end(): void {
    if (this.#isClosed) return;
    this.#hasEnded = true;
    this.#leave();
    this.#beginAnew();
  }

  async #adopt(): Promise<SpoolCount> {
    const { dir, diagnostics } = this.#options;
    if ((await instancesBeside(dir, this.#home.folder)).length > 0) this.folder();
    const home = this.#home;
    const isHere = (): boolean => !this.#isClosed && home === this.#home;
    if (!home.isOpen || !isHere()) return NOTHING;
    home.beat();
    if (!isHere() || home.isQuiet) return NOTHING;

    let { events, captures } = NOTHING;
    for await (const found of adoptEnded(this.#adoption(home, isHere))) {
      if (!isHere()) return NOTHING;
      if (found.scan.refused > 0)
        diagnostics.warn("spool-left-alone", "there are entries that are no files", found.folder);
      const more = this.#holdings.take(found);
      events += more.events;
      captures += more.captures;
    }
    const bytesElsewhere = await bytesIn(await instancesBeside(dir, home.folder));
    if (!isHere()) return NOTHING;
    this.#holdings.bytesElsewhere = bytesElsewhere;
    this.#holdings.dropExcess();
    return { events, captures };
  }

  #adoption(home: InstanceFolder, isHere: () => boolean): AdoptionOptions {
    const { dir, group, destinations, diagnostics, clock, owner, onClaimed } = this.#options;
    const seen = home.look();
    return {
      dir,
      group,
      destinations,
      diagnostics,
      home: home.folder,
      maxAgeMs: this.#maxAgeMs,
      fileTime: seen.fileTime,
      owner: owner ?? seen.owner,
      now: clock.now(),
      mayGoOn: () => isHere() && home.confirm() && !home.isQuiet,
      isKnown: (folder) => this.#holdings.hasFolder(folder),
      onClaimed: (folder, undelivered) => this.#call(() => onClaimed?.(folder, undelivered)),
    };
  }

  /** Does something on disk, in a folder that is ours. */
  #writing<T>(action: () => T): T | undefined {
    if (this.#isClosed) return undefined;
    const inOurs = (): T => {
      this.#home.confirm();
      return action();
    };
    return this.#disk.attempt(inOurs, (error) => isAbsence(error) && this.#wasDeleted());
  }

  /** The folder may have been deleted a moment ago: then there is a new one. */
  #wasDeleted(): boolean {
    const home = this.#home;
    home.beat();
    return home !== this.#home;
  }

  #isStillHere(): boolean {
    const home = this.#home;
    try {
      home.beat();
    } catch {
      // A trouble of the disk's, not of the folder's.
    }
    return home === this.#home;
  }

  /** While the disk refuses even that, there is no reason to believe that anyone could have taken it. */
  #isStillOurs(): boolean {
    try {
      return this.#home.confirm();
    } catch {
      return true;
    }
  }

  /** What was taken over and not read yet. */
  #hasClaimed(): boolean {
    try {
      return readdirSync(join(this.#home.folder, CLAIMED)).length > 0;
    } catch (error) {
      return codeOf(error) !== "ENOENT";
    }
  }

  /** All of it is another's now; or was deleted, and then what is in hand goes on from memory. */
  #gone(): void {
    const holdings = this.#holdings;
    const { isDeleted } = holdings;
    holdings.close();
    if (isDeleted) {
      this.#home = this.#newHome();
      this.#holdings = this.#newHoldings();
      holdings.tellAllLost();
    } else this.#beginAnew();
  }

  /** Lets whoever comes take what is here. */
  #leave(): void {
    this.#call(() => this.#options.onClosing?.());
    const isOurs = this.#isStillHere();
    try {
      this.#holdings.close();
      if (isOurs) this.#home.leave(this.#holdings.isEmpty && !this.#hasClaimed());
    } catch (error) {
      this.#tellTrouble("its folder cannot be left to others", error);
    }
  }

  /** What was here is another's. */
  #beginAnew(): void {
    const holdings = this.#holdings;
    this.#home = this.#newHome();
    this.#holdings = this.#newHoldings();
    this.#call(() => this.#options.onTakenOver?.(holdings.waiting));
  }

  #newHome(): InstanceFolder {
    const { dir, group, clock, newId } = this.#options;
    const instance = newId().slice(0, 16);
    return new InstanceFolder({ dir, group, instance, clock, onGone: () => this.#gone() });
  }

  #newHoldings(): SpoolIndex {
    const { destinations, fsync = false, onClaimed, clock, onAdopted, onLost } = this.#options;
    const { folder, instance } = this.#home;
    return new SpoolIndex({
      folder,
      instance,
      destinations,
      head: () => this.#head(),
      maxBytes: this.#maxBytes,
      maxAgeMs: this.#maxAgeMs,
      fsync,
      keepsOthers: onClaimed === undefined,
      clock,
      onAdopted: (count) => this.#call(() => onAdopted?.(count)),
      onLost: (loss) => this.#call(() => onLost?.(loss)),
      onTrouble: (what, error) => this.#tellTrouble(what, error),
      isStillHere: () => this.#isStillHere(),
    });
  }

  #head(): string {
    try {
      const head = this.#options.head();
      return head.length <= LONGEST_HEAD ? head : "{}";
    } catch (error) {
      this.#tellTrouble("the process cannot be described", error);
      return "{}";
    }
  }

  #isTooLong(payload: string): boolean {
    if (payload.length <= Math.min(LONGEST_PAYLOAD_BYTES, this.#maxBytes / 4)) return false;
    this.#options.diagnostics.warn(
      "spool-trouble",
      "an event is too large to be kept",
      `${payload.length} bytes`,
    );
    return true;
  }

  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#tellTrouble("internal error", error);
    }
  }

  #tellTrouble(what: string, error: unknown): void {
    this.#options.diagnostics.warn("spool-trouble", what, textOf(error));
  }
}
