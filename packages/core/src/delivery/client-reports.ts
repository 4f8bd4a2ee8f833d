import type { Clock, Timer } from "../model/clock.js";
import type { DiscardedEvents, DropReason } from "../transport/drops.js";
import { type Envelope, reportEnvelope } from "../transport/envelope.js";
import type { CheckedResult } from "./call-transport.js";

/** Options of {@link ClientReports}. */
export interface ClientReportsOptions {
  /** False records nothing. */
  readonly enabled: boolean;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Sends one report; `undefined` when nothing may leave now. */
  readonly send: (report: Envelope) => Promise<CheckedResult> | undefined;
  /** Called when a report has arrived or is lost. */
  readonly onDone: () => void;
}

const REPORT_EVERY_MS = 60_000;

/**
 * Reports to the server what was discarded on this side: counts, sent together a minute after the first of them, or on
 * `send`. A report is never retried and never reported; when it gets lost, its counts join the next one.
 *
 * @see https://develop.sentry.dev/sdk/telemetry/client-reports/
 */
export class ClientReports {
  readonly #options: ClientReportsOptions;
  readonly #counts = new DiscardCounts();
  #timer: Timer | undefined;
  #isSending = false;
  #isStopped = false;

  constructor(options: ClientReportsOptions) {
    this.#options = options;
  }

  get isSending(): boolean {
    return this.#isSending;
  }

  /** @param quantity - items; bytes for `attachment` */
  add(reason: DropReason, category: string, quantity: number): void {
    if (!this.#options.enabled || this.#isStopped) return;
    this.#counts.add(reason, category, quantity);
    this.#sendSoon();
  }

  /** Sends a report now. @returns true when one is under way, and `onDone` will follow */
  send(): boolean {
    if (this.#isSending) return true;
    if (this.#counts.isEmpty || this.#isStopped) return false;
    const { clock, newId, send, onDone } = this.#options;
    const lines = this.#counts.take();
    const sending = send(reportEnvelope(newId(), Math.floor(clock.now() / 1000), lines));
    if (sending === undefined) {
      this.#counts.giveBack(lines);
      return false;
    }
    this.#isSending = true;
    void sending.then((result) => {
      this.#isSending = false;
      // A refused report is done, too: a server without support answers 501 for ever.
      if (result.kind === "retry") this.#counts.giveBack(lines);
      this.#sendSoon();
      onDone();
    });
    return true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #sendSoon(): void {
    if (this.#timer !== undefined || this.#counts.isEmpty || this.#isStopped) return;
    this.#timer = this.#options.clock.schedule(() => {
      this.#timer = undefined;
      this.send();
      this.#sendSoon();
    }, REPORT_EVERY_MS);
  }
}

/** A report may have 4 KiB; a line of it is never longer than this. */
const LINES_PER_REPORT = 40;

/** The discards since the last report, by reason and data category. Bounded. */
class DiscardCounts {
  #counts = new Map<string, DiscardedEvents>();

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** @param quantity - items; for `attachment` bytes */
  add(reason: DropReason, category: string, quantity: number): void {
    if (!(quantity > 0) || !/^[a-z_]{1,24}$/.test(category)) return;
    const key = `${reason} ${category}`;
    const known = this.#counts.get(key);
    if (known === undefined && this.#counts.size >= 500) return;
    this.#counts.set(key, { reason, category, quantity: quantity + (known?.quantity ?? 0) });
  }

  /** Removes and returns as many lines as fit into one report. */
  take(): readonly DiscardedEvents[] {
    const taken = [...this.#counts.entries()].slice(0, LINES_PER_REPORT);
    for (const [key] of taken) this.#counts.delete(key);
    return taken.map(([, line]) => line);
  }

  /** A report was lost: its lines join the next one. */
  giveBack(lines: readonly DiscardedEvents[]): void {
    for (const { reason, category, quantity } of lines) this.add(reason, category, quantity);
  }
}
