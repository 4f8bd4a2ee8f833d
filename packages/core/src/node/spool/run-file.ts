import { closeSync, constants, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { checksum } from "./checksum.js";

/** Name of the file, in the folder of a process, that tells how the process is. */
export const RUN_FILE = "run.json";

/**
 * Two places, written in turn, so that a write that was cut short leaves the one before it whole. Each holds three
 * numbers of eight hex digits, a space after each, and then the text in UTF-8: a checksum of all that follows it, the
 * number of the write, and how many bytes the text has.
 */
const SLOT_BYTES = 32 * 1024;
const HEAD = /^([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8}) $/;
const HEAD_BYTES = 27;
const CHECKSUM_BYTES = 9;

/** Bytes of the longest text that is kept. */
export const MAX_TEXT_BYTES: number = SLOT_BYTES - HEAD_BYTES;
/** Bytes of the largest file that is written here. */
export const MAX_FILE_BYTES: number = 2 * SLOT_BYTES;

const FLAGS = constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);

/** A small text that is replaced again and again, whole or not at all. No method throws. */
export class RunFile {
  readonly #buffer = Buffer.allocUnsafe(SLOT_BYTES);
  #open: { readonly folder: string; readonly handle: number } | undefined;
  #writes = 0;

  /**
   * Replaces the text, with one write. One that is longer than {@link MAX_TEXT_BYTES} is not kept.
   *
   * @param folder - where the file stands; in another folder than last time it is a new file
   */
  write(folder: string, text: string): void {
    if (Buffer.byteLength(text) > MAX_TEXT_BYTES) return;
    try {
      const handle = this.#handle(folder);
      const slot = (this.#writes % 2) * SLOT_BYTES;
      const length = this.#buffer.write(text, HEAD_BYTES);
      this.#buffer.write(` ${hex(++this.#writes)} ${hex(length)} `, CHECKSUM_BYTES - 1);
      this.#buffer.write(checksumOf(this.#buffer, length), 0);
      writeSync(handle, this.#buffer, 0, HEAD_BYTES + length, slot);
    } catch {
      // A full disk, a folder that is gone: the next write tries again.
      this.#close();
    }
  }

  /** Ends it: without the file, there is nothing to tell of the process. */
  remove(): void {
    const folder = this.#open?.folder;
    this.#close();
    if (folder === undefined) return;
    try {
      unlinkSync(join(folder, RUN_FILE));
    } catch {
      // Gone already, or taken over by another process.
    }
  }

  #handle(folder: string): number {
    if (this.#open?.folder !== folder) {
      this.#close();
      this.#open = { folder, handle: openSync(join(folder, RUN_FILE), FLAGS, 0o600) };
    }
    return this.#open.handle;
  }

  #close(): void {
    if (this.#open === undefined) return;
    const { handle } = this.#open;
    this.#open = undefined;
    try {
      closeSync(handle);
    } catch {
      // Closed by somebody else.
    }
  }
}

/** The last text that was written whole; `undefined` for anything that is no such file. */
export function latestText(file: Buffer): string | undefined {
  const [a, b] = [slotAt(file, 0), slotAt(file, SLOT_BYTES)];
  const latest = a === undefined || (b !== undefined && b.write > a.write) ? b : a;
  return latest?.text;
}

function slotAt(file: Buffer, start: number): { readonly write: number; readonly text: string } | undefined {
  const slot = file.subarray(start, start + SLOT_BYTES);
  const head = HEAD.exec(slot.toString("latin1", 0, HEAD_BYTES));
  if (head === null) return undefined;
  const [write, length] = [Number.parseInt(head[2]!, 16), Number.parseInt(head[3]!, 16)];
  if (HEAD_BYTES + length > slot.length || checksumOf(slot, length) !== head[1]) return undefined;
  return { write, text: slot.toString("utf8", HEAD_BYTES, HEAD_BYTES + length) };
}

/** Of everything behind its own place. */
function checksumOf(slot: Buffer, length: number): string {
  return hex(checksum(slot.subarray(CHECKSUM_BYTES, HEAD_BYTES + length)));
}

function hex(number: number): string {
  return number.toString(16).padStart(8, "0");
}
