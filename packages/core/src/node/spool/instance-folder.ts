import { lstatSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Timer } from "../../model/clock.js";
import { BEATS, DEAD_AFTER_MS, FILE_MODE, FOLDER_MODE, folderName, isAbsence, OWNER } from "./layout.js";
import { ownerText } from "./process-identity.js";

export interface HomeOptions {
  readonly dir: string;
  readonly group: string;
  /** 16 random hex digits. */
  readonly instance: string;
  readonly clock: Clock;
  /** The folder is not where it was: taken over, or deleted. Called once, from a beat. */
  readonly onGone: () => void;
}

const BEAT_EVERY_MS = 2000;
/** A beat this late may have made others believe that nobody is here; and they may be just as late. */
const LATE_AFTER_MS = 5000;

/**
 * The folder of one client, and its heartbeat. The beat renames a file within it, so that the file system itself sets
 * the folder's time: clocks of several machines on one volume need not agree. It is also what tells that the folder is
 * gone. A process id proves death only within one pid namespace of one machine; elsewhere the heartbeat decides.
 */
export class InstanceFolder {
  readonly folder: string;
  readonly #options: HomeOptions;
  #isOpen = false;
  #isGone = false;
  #beatAt = 0;
  #beatAtWall = 0;
  #nextName = 1;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(options: HomeOptions) {
    this.#options = options;
    const { dir, group, instance } = options;
    this.folder = join(dir, folderName({ instance, group, state: "live" }));
  }

  get instance(): string {
    return this.#options.instance;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Makes the folder, with those in front of it, and begins to beat. @throws what the system says */
  open(): void {
    if (this.#isOpen) return;
    mkdirSync(this.folder, { recursive: true, mode: FOLDER_MODE });
    writeFileSync(join(this.folder, BEATS[0]), "", { mode: FILE_MODE });
    try {
      writeFileSync(join(this.folder, OWNER), ownerText(), { mode: FILE_MODE });
    } catch {
      // A full disk has no room for it. The heartbeat is an empty file, and decides then.
    }
    this.#isOpen = true;
    this.#noteBeat();
    this.#arm();
  }

  /** Beats if the last beat was long ago: after it, what is appended goes to a folder that is ours. @returns false when it is gone */
  confirm(): boolean {
    if (this.#isOpen && this.#sinceBeat() > LATE_AFTER_MS) this.beat();
    return !this.#isGone;
  }

  /** Everybody may have been asleep: this is not the moment to declare others dead. */
  get isQuiet(): boolean {
    return this.#options.clock.monotonic() < this.#quietUntil;
  }

  /** Beats now. @throws what the system says, unless it is that the folder is gone */
  beat(): void {
    if (!this.#isOpen || this.#isGone) return;
    const wasLate = this.#sinceBeat() > LATE_AFTER_MS;
    if (!this.#touch()) {
      this.#isGone = true;
      this.#timer?.cancel();
      this.#options.onGone();
      return;
    }
    if (wasLate) this.#quietUntil = this.#options.clock.monotonic() + DEAD_AFTER_MS;
    this.#noteBeat();
  }

  /** What time the file system believes it is, and who it believes we are, told by what we have just touched. */
  look(): { readonly fileTime: number; readonly owner: number } {
    const { mtimeMs, uid } = lstatSync(this.folder);
    return { fileTime: mtimeMs, owner: uid };
  }

  /** The end: with `isEmpty` the folder is deleted, else it is left for others to take at once. */
  leave(isEmpty: boolean): void {
    this.#timer?.cancel();
    if (!this.#isOpen || this.#isGone) return;
    this.#isGone = true;
    const { dir, group, instance } = this.#options;
    if (isEmpty) rmSync(this.folder, { recursive: true, force: true });
    else renameSync(this.folder, join(dir, folderName({ instance, group, state: "left" })));
  }

  /** @returns false when the folder is gone */
  #touch(): boolean {
    const [from, to] = this.#nextName === 1 ? BEATS : [BEATS[1], BEATS[0]];
    try {
      renameSync(join(this.folder, from), join(this.folder, to));
      this.#nextName = 1 - this.#nextName;
      return true;
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
    if (!this.#isThere()) return false;
    writeFileSync(join(this.folder, from), "", { mode: FILE_MODE });
    return true;
  }

  #isThere(): boolean {
    try {
      return statSync(this.folder).isDirectory();
    } catch (error) {
      if (isAbsence(error)) return false;
      throw error;
    }
  }

  /** A suspended machine stops one of the clocks, and one that is set jumps on the other. */
  #sinceBeat(): number {
    const { clock } = this.#options;
    return Math.max(clock.monotonic() - this.#beatAt, Math.abs(clock.now() - this.#beatAtWall));
  }

  #noteBeat(): void {
    this.#beatAt = this.#options.clock.monotonic();
    this.#beatAtWall = this.#options.clock.now();
  }

  #arm(): void {
    this.#timer = this.#options.clock.schedule(() => {
      try {
        this.beat();
      } catch {
        // The disk has a trouble of its own; it shows with the next event that is to be kept.
      }
      if (!this.#isGone) this.#arm();
    }, BEAT_EVERY_MS);
  }
}
