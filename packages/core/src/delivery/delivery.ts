import type { DestinationStats } from "../client/stats.js";
import type { Clock } from "../model/clock.js";
import type { Diagnostics } from "../model/diagnostics.js";
import { thrownText } from "../model/messages.js";
import type { DropReason } from "../transport/drops.js";
import type { Envelope, EnvelopeKind } from "../transport/envelope.js";
import type { Transport } from "../transport/transport.js";
import type { QueuedEnvelope } from "./backlog.js";
import { type CheckedResult, checked } from "./call-transport.js";
import { ClientReports } from "./client-reports.js";
import { attachmentBytes, type Outcome, Scheduler, type SpoolView } from "./scheduler.js";

export type { Outcome, SpoolView } from "./scheduler.js";

/** Options of {@link createDelivery}. */
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
  /** The most attempts for one envelope. A silent destination uses up none: then only `maxAgeMs` counts. Default 10. */
  readonly maxTries?: number;
  /** When `send` has not settled after so long, it counts as a lost line. Default 60 000. */
  readonly sendDeadlineMs?: number;
  /** Reports discards to the server, once a minute at most. Default: where the transport takes `client_report`. */
  readonly reports?: boolean;
  /** A smaller envelope with the same id, for one that was refused as too large. Tried once. */
  readonly shrink?: (envelope: Envelope) => Envelope | undefined;
  /** How envelopes outlive the process: those on disk are not given up while the destination is down. */
  readonly spool?: SpoolView;
  /** Called exactly once for every envelope that `offer` took. */
  readonly onSettled: (envelope: Envelope, outcome: Outcome) => void;
}

/**
 * Everything between the pipeline and one {@link Transport}: queue, order, retries, rate limits, client reports and
 * counts. No method throws.
 */
export interface Delivery {
  readonly name: string;
  /** Envelopes that are not under way; all that are not settled yet, and their bytes. */
  readonly queued: number;
  readonly held: number;
  readonly queuedBytes: number;
  /** Takes an envelope; `false` when full or closed: {@link overflow} then counts it. */
  offer(envelope: Envelope): boolean;
  /** Counts an envelope that {@link offer} did not take: left to the spool, or dropped. */
  overflow(envelope: Envelope): Outcome;
  hasRoomFor(bytes: number): boolean;
  /** The breaker is open, events are rate limited, or the queue is full: captures should fold meanwhile. */
  isHeldBack(): boolean;
  /** Whether `sendSync` has a chance: the transport implements it, and is neither down nor limited. */
  readonly canSendSync: boolean;
  /** Counts something dropped elsewhere for the next client report. `category` is the protocol's, like `error`. */
  recordDiscard(reason: DropReason, category: string, quantity: number): void;
  /** Waits until nothing is left, keeping the process alive; false when `timeoutMs` was not enough. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Flushes, leaves the rest to the spool or drops it, closes the transport. Only the first call acts; later ones share its answer. */
  close(timeoutMs: number): Promise<boolean>;
  /** The process is about to end: envelopes wait for {@link sendSync} alone, until {@link resume}. */
  hold(): void;
  /** Sends by itself again: not every process that is about to end does. */
  resume(): void;
  /** Hands everything undelivered to the transport's `sendSync` and settles what has a result. */
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
  /** Checks of `flush` calls that wait. */
  readonly #waiting = new Set<() => void>();
  readonly #dropped: Partial<Record<DropReason, number>> = {};
  #bytes = 0;
  #offered = 0;
  #delivered = 0;
  #kept = 0;
  #attachmentBytesLeft = 0;
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
      onSettled: (item, outcome) => this.#settled(item, outcome),
      onAttachmentsLeft: (reason, bytes) => this.recordDiscard(reason, "attachment", bytes),
    });
    this.#reports = new ClientReports({
      enabled: options.reports ?? kindsOf(transport).includes("client_report"),
      clock,
      newId: options.newId,
      send: (envelope) => this.#scheduler.sendAside(envelope),
      onDone: () => this.#checkWaiting(),
    });
  }

  offer(envelope: Envelope): boolean {
    if (this.#closed || !this.hasRoomFor(envelope.bytes)) return false;
    this.#bytes += envelope.bytes;
    this.#offered++;
    this.#scheduler.add(envelope);
    return true;
  }

  overflow(envelope: Envelope): Outcome {
    const { spool, diagnostics } = this.#options;
    this.#offered++;
    if (spool?.holds(envelope)) {
      // All destinations are to have the same event: hooks do not see it again.
      spool.finish(envelope);
      return this.#count({ kind: "kept" }, envelope, false);
    }
    diagnostics.debug("dropped-for", this.name, envelope.kind, envelope.id, "queue_overflow");
    return this.#count({ kind: "dropped", reason: "queue_overflow" }, envelope, false);
  }

  hasRoomFor(bytes: number): boolean {
    const held = this.#scheduler.backlog.size;
    if (held === 0) return this.#options.queueSize > 0;
    return held < this.#options.queueSize && this.#bytes + bytes <= this.#options.queueBytes;
  }

  isHeldBack(): boolean {
    return this.#scheduler.isDown || this.#scheduler.isLimited || !this.hasRoomFor(1);
  }

  get canSendSync(): boolean {
    return this.#options.transport.sendSync !== undefined && this.#state() === "up";
  }

  recordDiscard(reason: DropReason, category: string, quantity: number): void {
    if (category === "attachment") this.#attachmentBytesLeft += quantity;
    if (!this.#closed) this.#reports.add(reason, category, quantity);
  }

  flush(timeoutMs: number): Promise<boolean> {
    this.#scheduler.hurry();
    let reported = false;
    const isDone = (): boolean => {
      if (this.#scheduler.backlog.size > 0 || this.#reports.isSending) return false;
      if (reported) return true;
      reported = true;
      return !this.#reports.send();
    };
    if (isDone()) return Promise.resolve(true);
    return this.#until(isDone, timeoutMs).then(() => this.#scheduler.backlog.size === 0);
  }

  close(timeoutMs: number): Promise<boolean> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  hold(): void {
    this.#scheduler.hold();
    if (!this.canSendSync) return;
    try {
      this.#options.transport.prepareSync?.();
    } catch {
      // `sendSync` will fail the same way.
    }
  }

  resume(): void {
    this.#scheduler.resume();
  }

  sendSync(deadlineMs: number): void {
    if (!this.canSendSync) return;
    const { backlog } = this.#scheduler;
    const inFlight = backlog.inFlight;
    const all = backlog.takeAll();
    // The error that ends the process goes first: the time may not suffice for all.
    const batch = [...all].sort(
      (a, b) => Number(b.envelope.isFatal ?? false) - Number(a.envelope.isFatal ?? false),
    );
    if (batch.length > 0) this.#sendNow(batch, deadlineMs);
    for (const item of all.slice(inFlight)) {
      if (!item.isSettled) backlog.add(item, this.#options.clock.monotonic());
    }
  }

  #sendNow(batch: readonly QueuedEnvelope[], deadlineMs: number): void {
    const envelopes = batch.map(({ envelope }) => envelope);
    try {
      const results = this.#options.transport.sendSync?.(envelopes, deadlineMs) ?? [];
      batch.forEach((item, index) => {
        const result = checked(results[index], "no answer");
        this.#logResult(item, result);
        if (result.kind === "accepted") this.#scheduler.settle(item, { kind: "delivered" });
        if (result.kind === "refused")
          this.#scheduler.settle(item, { kind: "dropped", reason: result.reason });
      });
    } catch (error) {
      // What was not sent stays counted as queued. Node's permission model refuses threads on purpose.
      const { code } = (error ?? {}) as { readonly code?: unknown };
      if (code === "ERR_ACCESS_DENIED") return;
      this.#options.diagnostics.warn("internal-error", "sending at the process's end", thrownText(error));
    }
  }

  #logResult({ envelope: { kind, id } }: QueuedEnvelope, result: CheckedResult): void {
    const { transport, diagnostics } = this.#options;
    if (result.kind === "accepted") diagnostics.debug("delivered", transport.name, kind, id);
    else if (result.kind === "refused")
      diagnostics.debug("dropped-for", transport.name, kind, id, result.reason);
    else diagnostics.debug("undelivered", transport.name, kind, id, result.detail ?? result.reason);
  }

  get queued(): number {
    return this.#scheduler.backlog.queued;
  }

  get held(): number {
    return this.#scheduler.backlog.size;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  stats(): DestinationStats {
    const { lastError, backlog, retries } = this.#scheduler;
    return {
      name: this.name,
      offered: this.#offered,
      queued: backlog.queued,
      queuedBytes: this.#bytes,
      inFlight: backlog.inFlight,
      delivered: this.#delivered,
      spooled: this.#kept,
      dropped: { ...this.#dropped },
      attachmentBytesLeft: this.#attachmentBytesLeft,
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

  #settled({ offered, envelope, isCountedByServer }: QueuedEnvelope, outcome: Outcome): void {
    this.#bytes -= offered.bytes;
    this.#count(outcome, envelope, isCountedByServer);
    try {
      this.#options.onSettled(offered, outcome);
    } catch (error) {
      this.#options.diagnostics.warn("internal-error", "counting a delivery", thrownText(error));
    }
    this.#checkWaiting();
  }

  #count(outcome: Outcome, envelope: Envelope, isCountedByServer: boolean): Outcome {
    if (outcome.kind === "delivered") this.#delivered++;
    else if (outcome.kind === "kept") this.#kept++;
    else {
      const { reason } = outcome;
      this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
      if (!isCountedByServer) this.#reportDrop(reason, envelope);
    }
    return outcome;
  }

  #reportDrop(reason: DropReason, envelope: Envelope): void {
    if (envelope.kind === "event") this.recordDiscard(reason, "error", envelope.weight);
    if (envelope.kind === "check_in") this.recordDiscard(reason, "monitor", 1);
    this.recordDiscard(reason, "attachment", attachmentBytes(envelope));
  }

  #checkWaiting(): void {
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

/** The kinds of envelopes a transport takes. */
export function kindsOf({ kinds = ["event"] }: Transport): readonly EnvelopeKind[] {
  return kinds;
}

function boundedWait(timeoutMs: number): number {
  return timeoutMs > 0 ? Math.min(timeoutMs, LONGEST_WAIT_MS) : 0;
}
