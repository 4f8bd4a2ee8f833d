import type { Destinations } from "../delivery/destinations.js";
import type { Gate } from "../gate/gate.js";
import type { Clock } from "../model/clock.js";
import { deadlineIn, within } from "../model/deadline.js";
import type { CaptureQueue } from "../pipeline/capture-queue.js";
import type { ClientSpool } from "../spool/open.js";

export interface FlushOptions {
  readonly clock: Clock;
  readonly gate: Gate;
  readonly queue: CaptureQueue;
  readonly destinations: Destinations;
  readonly spool: ClientSpool | undefined;
}

/** Sends everything that a client holds: counts of repeats, captures, envelopes, events on disk. */
export class Flush {
  readonly #parts: FlushOptions;

  constructor(parts: FlushOptions) {
    this.#parts = parts;
  }

  /** Events in memory that are neither delivered nor given up, on disk or not. */
  get undelivered(): number {
    return this.#inMemory + this.#parts.gate.held.items;
  }

  /** Those of them that are in memory alone. */
  get queued(): number {
    return Math.max(0, this.undelivered - (this.#parts.spool?.writer.inHand ?? 0));
  }

  /** Sends all that waits. @returns `true` when nothing is left */
  async flush(timeoutMs: number): Promise<boolean> {
    const { clock, gate, queue, destinations, spool } = this.#parts;
    const leftMs = deadlineIn(clock, timeoutMs);
    for (;;) {
      // Summary events that found no room go in the next round.
      const isSummarised = gate.sendAll();
      const isBuilt = await queue.empty(leftMs());
      const isSent = await destinations.flush(leftMs());
      if (!isBuilt || !isSent) return false;
      if (spool !== undefined) {
        await within(clock, spool.replay.settled(), leftMs());
        if (this.#inMemory > 0) continue;
        if (spool.writer.waiting > 0) return false;
      }
      if (isSummarised || leftMs() === 0) return isSummarised;
    }
  }

  /** Sends all that waits synchronously, at the end of the process. */
  sendSync(timeoutMs: number): void {
    const { clock, gate, queue, destinations } = this.#parts;
    const leftMs = deadlineIn(clock, timeoutMs);
    for (let left = timeoutMs; left > 0; left = leftMs()) {
      const isSummarised = gate.sendAll();
      if (!destinations.canSendSync) return;
      destinations.hold();
      queue.buildAllSync(left);
      destinations.sendSync(clock.monotonic() + leftMs());
      destinations.resume();
      if (isSummarised) return;
    }
  }

  /** Sends all that waits, then leaves the rest to the spool or counts it as dropped. @returns `true` when nothing is left */
  async close(timeoutMs: number): Promise<boolean> {
    const { clock, gate, queue, destinations, spool } = this.#parts;
    const leftMs = deadlineIn(clock, timeoutMs);
    let isDone = false;
    try {
      isDone = await this.flush(timeoutMs);
      spool?.replay.stop();
      queue.close();
      isDone = (await destinations.close(leftMs())) && isDone;
    } finally {
      for (const { id, weight } of gate.close()) {
        destinations.abandon(id, weight);
        isDone = false;
      }
      spool?.writer.close();
    }
    return isDone;
  }

  get #inMemory(): number {
    return this.#parts.queue.size + this.#parts.destinations.held;
  }
}
