import { writeSync } from "node:fs";
import { monotonicMs, systemClock } from "../clock.js";
import type { Carrier } from "./line-transport.js";

/** How long a write waits for a reader that reads nothing, before it fails. */
const PATIENCE_MS = 5000;
const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 100;

/**
 * The carrier to a file descriptor. It writes the descriptor itself, so that it always knows how much has been written:
 * `process.stdout` queues on a pipe, and loses its queue when the process exits. A pipe that does not block fails with
 * EAGAIN while its reader is slow, and takes a part of the bytes; the rest is tried again.
 */
export class LineWriter {
  readonly #fd: number;
  #rest: Buffer = Buffer.alloc(0);
  /** A write failed within a line: the next one starts a new line. */
  #isTorn = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Writes whole lines without blocking the thread. One call at a time. @throws the system's error */
  async write(bytes: Uint8Array): Promise<void> {
    this.#begin(bytes);
    const startedAt = monotonicMs();
    for (let waitMs = FIRST_WAIT_MS; !this.#push(); waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      if (monotonicMs() - startedAt > PATIENCE_MS)
        this.#fail(new Error("the reader of the pipe has stopped"));
      await new Promise<void>((resolve) => systemClock.schedule(resolve, waitMs));
    }
  }

  /** Writes the rest of a write that is under way, then `bytes`, synchronously. @throws after `deadlineMs`, too */
  writeSync(bytes: Uint8Array, deadlineMs: number): void {
    const endsAt = monotonicMs() + deadlineMs;
    this.#finishBy(endsAt);
    this.#begin(bytes);
    this.#finishBy(endsAt);
  }

  #begin(bytes: Uint8Array): void {
    this.#rest = Buffer.concat(this.#isTorn ? [NEWLINE, bytes] : [bytes]);
    this.#isTorn = false;
  }

  #finishBy(endsAt: number): void {
    while (!this.#push()) {
      if (monotonicMs() >= endsAt) this.#fail(new Error("the reader of the pipe has stopped"));
      Atomics.wait(SLEEPER, 0, 0, FIRST_WAIT_MS);
    }
  }

  /** Writes as much as the descriptor takes. @returns true when nothing is left */
  #push(): boolean {
    while (this.#rest.length > 0) {
      try {
        this.#rest = this.#rest.subarray(writeSync(this.#fd, this.#rest));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
        this.#fail(error);
      }
    }
    return true;
  }

  #fail(error: unknown): never {
    this.#isTorn = true;
    this.#rest = Buffer.alloc(0);
    throw error;
  }
}

/** The carrier of a transport that writes to a descriptor. @param writer - for now: a file may have been rotated */
export function writerCarrier(writer: () => LineWriter, close: () => void): Carrier {
  return {
    open() {
      writer();
      return false;
    },
    write: (bytes) => writer().write(bytes),
    writeSync: (bytes, deadlineMs) => writer().writeSync(bytes, deadlineMs),
    close,
  };
}

const NEWLINE = Buffer.from("\n");
const SLEEPER = new Int32Array(new SharedArrayBuffer(4));
