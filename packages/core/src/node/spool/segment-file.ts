import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { APPEND_FLAGS, CREATE_FLAGS, FILE_MODE } from "./layout.js";

const NEWLINE = Buffer.from("\n");

/** A file that is only appended to, a line at a time, and knows how much of it is good. */
export class SegmentFile {
  readonly #fd: number;
  readonly #fsync: boolean;
  #bytes: number;
  /** It ends within a line that could not be written, nor be taken back. */
  #isTorn = false;

  /** @throws what the system says */
  constructor(path: string, options: { readonly isNew: boolean; readonly fsync: boolean }) {
    this.#fd = openSync(path, options.isNew ? CREATE_FLAGS : APPEND_FLAGS, FILE_MODE);
    this.#fsync = options.fsync;
    this.#bytes = options.isNew ? 0 : fstatSync(this.#fd).size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Nobody has it any more: it was deleted with what was in it, and not taken over. Who does that empties it first. */
  get isDeleted(): boolean {
    try {
      const { nlink, size } = fstatSync(this.#fd);
      return nlink === 0 && size >= this.#bytes;
    } catch {
      return false;
    }
  }

  /** @returns where the line begins. @throws what the system says; the file is then as it was, or a torn line longer */
  append(line: Uint8Array): number {
    if (this.#isTorn) this.#push(NEWLINE);
    const start = this.#bytes;
    this.#push(line);
    if (this.#fsync) fsyncSync(this.#fd);
    return start;
  }

  /** Cuts off what was appended after the first `bytes` bytes. @throws what the system says */
  truncate(bytes: number): void {
    ftruncateSync(this.#fd, bytes);
    this.#bytes = bytes;
    this.#isTorn = false;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #push(bytes: Uint8Array): void {
    const written = this.#write(bytes);
    if (written === bytes.length) {
      this.#bytes += written;
      this.#isTorn = false;
      return;
    }
    this.#takeBack();
    throw Object.assign(new Error("ENOSPC: only a part could be written"), { code: "ENOSPC" });
  }

  #write(bytes: Uint8Array): number {
    try {
      return writeSync(this.#fd, bytes, 0, bytes.length);
    } catch (error) {
      this.#takeBack();
      throw error;
    }
  }

  /** Shrinking works on a full disk. Where it does not, the next line starts on a new one. */
  #takeBack(): void {
    try {
      ftruncateSync(this.#fd, this.#bytes);
    } catch {
      this.#isTorn = true;
      this.#bytes = this.#sizeNow();
    }
  }

  #sizeNow(): number {
    try {
      return fstatSync(this.#fd).size;
    } catch {
      return this.#bytes;
    }
  }
}
