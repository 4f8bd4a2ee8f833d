import type { DestinationStats } from "../client/stats.js";
import type { Clock } from "../model/clock.js";
import type { Diagnostics } from "../model/diagnostics.js";
import { thrownText } from "../model/messages.js";
import type { DropReason } from "../transport/drops.js";
import type { Envelope } from "../transport/envelope.js";
import type { SendResult, Transport } from "../transport/transport.js";
import type { QueuedEnvelope } from "./backlog.js";
import { ClientReports } from "./client-reports.js";
import { attachmentBytes, type Outcome, Scheduler, type SpoolView } from "./scheduler.js";

export type { Outcome, SpoolView } from "./scheduler.js";

/** What a delivery needs. */
export interface DeliveryOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** From 0 to 1: spreads the retries of many processes. */
  readonly random: () => number;
  readonly diagnostics: Diagnostics;
  /** Makes the ids of client reports: 32 lower-case hex digits. */
  readonly newId: () => string;
  /** The most envelopes held, those under way included. */
  readonly queueSize: number;
  /** The most bytes held, about. One envelope of any size is taken when nothing else is held. */
  readonly queueBytes: number;
  /** How long an envelope is kept for a destination that does not take it. Default one hour. */
  readonly maxAgeMs?: number;
  /** The most tries for one envelope. A silent destination uses up none: then only `maxAgeMs` counts. Default 10. */
  readonly maxTries?: number;
  /** When `send` has not settled after so long, it counts as a lost line. Default 60 000. */
  readonly sendDeadlineMs?: number;
  /** Tells the server what was discarded, once a minute at most. Default true. */
  readonly reports?: boolean;
  /** A smaller envelope with the same id, for one that was refused as too large. Tried once. */
  readonly shrink?: (envelope: Envelope) => Envelope | undefined;
  /** How envelopes outlive the process: what is on disk is never given up while the destination takes nothing. */
  readonly spool?: SpoolView;
  /** Called exactly once for every envelope that `offer` took, with that envelope. */
  readonly onSettled: (envelope: Envelope, outcome: Outcome) => void;
}

/**
 * Everything between the pipeline and one {@link Transport}: queue, order, retries, rate limits, client reports and
 * counts. No method throws.
 */
export interface Delivery {
  readonly name: string;
  /** Envelopes that wait for their turn; all that are not settled yet, and their bytes. */
  readonly queued: number;
  readonly held: number;
  readonly queuedBytes: number;
  /** Takes an envelope; false when full or closed: the caller folds or drops it, and counts. */
  offer(envelope: Envelope): boolean;
  hasRoomFor(bytes: number): boolean;
  /** The line is down, events are rate limited, or the queue is full: captures had better fold meanwhile. */
  isHeldBack(): boolean;
  /** Whether `sendSync` has a chance: the transport knows how, and its line is neither down nor limited. */
  readonly canSpeak: boolean;
  /** Counts something dropped elsewhere for the next client report. `category` is the protocol's, like `error`. */
  recordDiscard(reason: DropReason, category: string, quantity: number): void;
  /** Waits until nothing is left, keeping the process alive; false when `timeoutMs` was not enough. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Flushes, leaves the rest to the spool or drops it, closes the transport. Only the first call acts; later ones share its answer. */
  close(timeoutMs: number): Promise<boolean>;
  /** The process is about to end: what is offered from now on waits for {@link sendSync} alone, until {@link resume}. */
  hold(): void;
  /** Goes on by itself, with what the last words did not bring out: not every process that is about to end does. */
  resume(): void;
  /** Hands everything undelivered to the transport's `sendSync`, synchronously, and settles what that can tell. */
  sendSync(deadlineMs: number): void;
  stats(): DestinationStats;
}

/** Makes the delivery of one destination. */
export function createDelivery(options: DeliveryOptions): Delivery {
  return new TransportDelivery(options);
}

const HOUR_MS = 3_600_000;
const LONGEST_WAIT_MS = 2 ** 31 - 1;

class TransportDelivery implements Delivery {
  readonly name: string;
  readonly #options: DeliveryOptions;
  readonly #scheduler: Scheduler;
  readonly #reports: ClientReports;
  /** Those who wait for something to be finished. */
  readonly #waiting = new Set<() => void>();
  readonly #dropped: Partial<Record<DropReason, number>> = {};
  #bytes = 0;
  #delivered = 0;
  #closed = false;
  #closing: Promise<boolean> | undefined;

  constructor(options: DeliveryOptions) {
    const { transport, clock, random, diagnostics } = options;
    this.name = transport.name;
    this.#options = options;
    this.#scheduler = new Scheduler({
      transport,
      clock,
      random,
      diagnostics,
      maxAgeMs: options.maxAgeMs ?? HOUR_MS,
      maxTries: options.maxTries ?? 10,
      sendDeadlineMs: options.sendDeadlineMs ?? 60_000,
      shrink: (envelope) => options.shrink?.(envelope),
      spool: options.spool,
      onSettled: (item, outcome, told) => this.#settled(item, outcome, told),
      onAttachmentsLeft: (reason, bytes) => this.recordDiscard(reason, "attachment", bytes),
    });
    this.#reports = new ClientReports({
      enabled: options.reports ?? true,
      clock,
      newId: options.newId,
      send: (envelope) => this.#scheduler.sendAside(envelope),
      onDone: () => this.#tellWaiting(),
    });
  }

  offer(envelope: Envelope): boolean {
    if (this.#closed || !this.hasRoomFor(envelope.bytes)) return false;
    this.#bytes += envelope.bytes;
    this.#scheduler.add(envelope);
    return true;
  }

  hasRoomFor(bytes: number): boolean {
    const { held } = this.#scheduler;
    if (held === 0) return this.#options.queueSize > 0;
    return held < this.#options.queueSize && this.#bytes + bytes <= this.#options.queueBytes;
  }

  isHeldBack(): boolean {
    return this.#scheduler.isDown || this.#scheduler.isLimited || !this.hasRoomFor(1);
  }

  get canSpeak(): boolean {
    return this.#options.transport.sendSync !== undefined && this.#state() === "up";
  }

  recordDiscard(reason: DropReason, category: string, quantity: number): void {
    if (!this.#closed) this.#reports.add(reason, category, quantity);
  }

  flush(timeoutMs: number): Promise<boolean> {
    this.#scheduler.hurry();
    let reported = false;
    const isDone = (): boolean => {
      if (this.#scheduler.held > 0 || this.#reports.isSending) return false;
      if (reported) return true;
      reported = true;
      return !this.#reports.send();
    };
    if (isDone()) return Promise.resolve(true);
    return this.#until(isDone, timeoutMs).then(() => this.#scheduler.held === 0);
  }

  close(timeoutMs: number): Promise<boolean> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  hold(): void {
    this.#scheduler.hold();
    if (!this.canSpeak) return;
    try {
      this.#options.transport.prepareSync?.();
    } catch {
      // Whatever it is will show when the words are said.
    }
  }

  resume(): void {
    this.#scheduler.resume();
  }

  sendSync(deadlineMs: number): void {
    if (!this.canSpeak) return;
    const queued = this.#scheduler.backlog.takeAll();
    const batch = [...this.#scheduler.underWay, ...queued].filter((item) => !this.#isOnDisk(item));
    if (batch.length > 0) this.#speak(batch, deadlineMs);
    for (const item of queued) {
      if (!item.settled) this.#scheduler.backlog.add(item, this.#options.clock.monotonic());
    }
  }

  #speak(batch: readonly QueuedEnvelope[], deadlineMs: number): void {
    const envelopes = batch.map(({ envelope }) => envelope);
    try {
      const results = this.#options.transport.sendSync?.(envelopes, deadlineMs) ?? [];
      batch.forEach((item, index) => {
        const result = results[index];
        this.#tellLastWord(item, result);
        if (result?.kind === "accepted") this.#scheduler.settle(item, { kind: "delivered" });
        if (result?.kind === "refused")
          this.#scheduler.settle(item, { kind: "dropped", reason: result.reason });
        if (item.settled) this.#scheduler.underWay.delete(item);
      });
    } catch {
      // The process is ending; what could not be said stays counted as queued.
    }
  }

  /** Then it needs no last words. */
  #isOnDisk({ offered }: QueuedEnvelope): boolean {
    const { spool } = this.#options;
    return spool !== undefined && (spool.holds(offered) || spool.isTakenOver(offered));
  }

  /** Later there is nobody left to say what became of it. */
  #tellLastWord({ envelope: { kind, id } }: QueuedEnvelope, result: SendResult | undefined): void {
    const { transport, diagnostics } = this.#options;
    if (result?.kind === "accepted") diagnostics.debug("delivered", transport.name, kind, id);
    else if (result?.kind === "refused")
      diagnostics.debug("dropped-for", transport.name, kind, id, result.reason);
    else diagnostics.debug("undelivered", transport.name, kind, id, result?.detail ?? "no answer");
  }

  get queued(): number {
    return this.#scheduler.backlog.size;
  }

  get held(): number {
    return this.#scheduler.held;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  stats(): DestinationStats {
    const { lastError, backlog, underWay, retries } = this.#scheduler;
    return {
      name: this.name,
      queued: backlog.size,
      queuedBytes: this.#bytes,
      inFlight: underWay.size,
      delivered: this.#delivered,
      dropped: { ...this.#dropped },
      retries,
      state: this.#state(),
      ...(lastError === undefined ? {} : { lastError }),
    };
  }

  #state(): DestinationStats["state"] {
    if (this.#closed) return "closed";
    if (this.#scheduler.isLimited) return "limited";
    return this.#scheduler.isDown ? "down" : "up";
  }

  #settled(item: QueuedEnvelope, outcome: Outcome, told: boolean): void {
    const { offered, envelope } = item;
    this.#bytes -= offered.bytes;
    if (outcome.kind === "delivered") {
      this.#delivered++;
    } else if (outcome.kind === "dropped") {
      this.#dropped[outcome.reason] = (this.#dropped[outcome.reason] ?? 0) + 1;
      if (!told) this.#reportDrop(outcome.reason, envelope);
    }
    try {
      this.#options.onSettled(offered, outcome);
    } catch (error) {
      this.#options.diagnostics.warn("internal-error", "counting a delivery", thrownText(error));
    }
    this.#tellWaiting();
  }

  #reportDrop(reason: DropReason, envelope: Envelope): void {
    if (envelope.kind === "event") this.recordDiscard(reason, "error", envelope.weight);
    if (envelope.kind === "check_in") this.recordDiscard(reason, "monitor", 1);
    this.recordDiscard(reason, "attachment", attachmentBytes(envelope));
  }

  #tellWaiting(): void {
    for (const look of this.#waiting) look();
  }

  /** Waits for `isDone`, asked again after every change, for at most `timeoutMs`; keeps the process alive meanwhile. */
  #until(isDone: () => boolean, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        this.#waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        if (isDone()) finish();
      };
      const timer = this.#options.clock.schedule(finish, boundedWait(timeoutMs), { keepAlive: true });
      this.#waiting.add(look);
    });
  }

  async #close(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const endsAt = clock.monotonic() + boundedWait(timeoutMs);
    const isEmpty = await this.flush(timeoutMs);
    this.#closed = true;
    this.#reports.stop();
    this.#scheduler.stop();
    await this.#closeTransport(Math.max(endsAt - clock.monotonic(), 0));
    return isEmpty;
  }

  async #closeTransport(leftMs: number): Promise<void> {
    const { transport, clock, diagnostics } = this.#options;
    if (transport.close === undefined) return;
    const closing = (async () => transport.close?.(leftMs))().catch((error: unknown) => {
      diagnostics.warn("not-closed", this.name, thrownText(error));
    });
    await new Promise<void>((resolve) => {
      const timer = clock.schedule(resolve, leftMs, { keepAlive: true });
      void closing.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}

function boundedWait(timeoutMs: number): number {
  return timeoutMs > 0 ? Math.min(timeoutMs, LONGEST_WAIT_MS) : 0;
}
