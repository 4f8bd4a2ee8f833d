import { writeSync } from "node:fs";
import { monotonicMs, systemClock } from "../clock.js";

/** How long a reader that takes nothing is waited for, before the write counts as failed. */
const PATIENCE_MS = 5000;
const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 100;

/**
 * Writes lines to a file descriptor itself, so that at any moment it is known how much is out: `process.stdout` queues
 * on a pipe, and what it has queued when the process exits is lost. A pipe that is not blocking says EAGAIN while its
 * reader is slow, and takes a part of what it is given; the rest is tried again.
 */
export class LineWriter {
  readonly #fd: number;
  #rest: Buffer = Buffer.alloc(0);
  /** A write failed within a line: the next one must not continue it. */
  #isTorn = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Writes whole lines, without ever waiting on the main thread. One call at a time. @throws what the system says */
  async write(text: string): Promise<void> {
    this.#begin(text);
    const startedAt = monotonicMs();
    for (let waitMs = FIRST_WAIT_MS; !this.#push(); waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      if (monotonicMs() - startedAt > PATIENCE_MS)
        this.#fail(new Error("nobody reads the other end of the pipe"));
      await new Promise<void>((resolve) => systemClock.schedule(resolve, waitMs));
    }
  }

  /** Writes the rest of what is under way, then `text`, now. @throws also when that took `deadlineMs` */
  writeNow(text: string, deadlineMs: number): void {
    const endsAt = monotonicMs() + deadlineMs;
    this.#finishBy(endsAt);
    this.#begin(text);
    this.#finishBy(endsAt);
  }

  #begin(text: string): void {
    this.#rest = Buffer.from(this.#isTorn ? `\n${text}` : text);
    this.#isTorn = false;
  }

  #finishBy(endsAt: number): void {
    while (!this.#push()) {
      if (monotonicMs() >= endsAt) this.#fail(new Error("nobody reads the other end of the pipe"));
      Atomics.wait(SLEEPER, 0, 0, FIRST_WAIT_MS);
    }
  }

  /** Writes as much as goes. @returns true when nothing is left */
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

const SLEEPER = new Int32Array(new SharedArrayBuffer(4));
