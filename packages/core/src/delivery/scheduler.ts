import type { Clock } from "../model/clock.js";
import type { Diagnostics } from "../model/diagnostics.js";
import { thrownText } from "../model/messages.js";
import { byteLength } from "../process/text.js";
import type { DropReason } from "../transport/drops.js";
import { type Envelope, withAttachmentsLeft } from "../transport/envelope.js";
import { RateLimits } from "../transport/rate-limits.js";
import type { Transport } from "../transport/transport.js";
import { Backlog, type QueuedEnvelope } from "./backlog.js";
import { type CheckedResult, callTransport } from "./call-transport.js";
import { CircuitBreaker } from "./circuit-breaker.js";
import { isAnswer, pauseAfter, RetryBudget } from "./retry-budget.js";
import { WakeTimer } from "./wake-timer.js";

/** How an envelope ended at one destination. `kept`: this process no longer tries, but a spool holds it. */
export type Outcome =
  | { readonly kind: "delivered" }
  | { readonly kind: "kept" }
  | { readonly kind: "dropped"; readonly reason: DropReason };

/** Options of {@link Scheduler}; durations in milliseconds. */
export interface SchedulerOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly diagnostics: Diagnostics;
  readonly maxAgeMs: number;
  readonly maxTries: number;
  readonly sendDeadlineMs: number;
  readonly shrink: (envelope: Envelope) => Envelope | undefined;
  /** How envelopes outlive the process; absent where none does. */
  readonly spool?: SpoolView;
  /** Once per item. */
  readonly onSettled: (item: QueuedEnvelope, outcome: Outcome) => void;
  /** Attachments stay behind, while their event goes on. */
  readonly onAttachmentsLeft: (reason: DropReason, bytes: number) => void;
}

/** The spool, as a scheduler sees it. */
export interface SpoolView {
  /** Whether the envelope is on disk, so that it need not be given up. */
  holds(envelope: Envelope): boolean;
  /** The envelope will not be delivered at once: from now on it is to be on disk as it is, not as it was captured. */
  finish(envelope: Envelope): void;
}

type Retry = Extract<CheckedResult, { kind: "retry" }>;
type Refused = Extract<CheckedResult, { kind: "refused" }>;

/** Enough for thousands of events per minute; the rest of `maxInFlight` is for a backlog. */
const USUAL_IN_FLIGHT = 2;
/** One more send at a time for each such span the head has waited, so that a hung one blocks no other. */
const GROW_EVERY_MS = 1000;

/** Sends the backlog over one transport: decides which item leaves next, when, how many at once, and acts on the results. */
export class Scheduler {
  retries = 0;
  lastError: string | undefined;
  readonly backlog: Backlog = new Backlog();
  readonly #options: SchedulerOptions;
  readonly #limits = new RateLimits();
  readonly #breaker: CircuitBreaker;
  readonly #budget = new RetryBudget();
  #sends = 0;
  #stopped = false;
  #isHolding = false;
  #pumping = false;
  readonly #wakeTimer: WakeTimer;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#breaker = new CircuitBreaker(options.random);
    this.#wakeTimer = new WakeTimer(options.clock, () => this.pump());
  }

  get #mostAtOnce(): number {
    return this.#options.transport.maxInFlight ?? 1;
  }

  get isDown(): boolean {
    return this.#breaker.isDown(this.#now());
  }

  get isLimited(): boolean {
    return this.#limits.blockedUntil(CATEGORIES.event, this.#now()) > 0;
  }

  add(envelope: Envelope): void {
    const now = this.#now();
    const item: QueuedEnvelope = {
      offered: envelope,
      envelope,
      expiresAt: now + this.#options.maxAgeMs,
      readySince: now,
      attempts: this.#budget.begin(),
      isShrunk: false,
      isSettled: false,
      isCountedByServer: false,
    };
    this.backlog.add(item, now);
    this.pump();
  }

  /** Retries at once everything that is backing off. */
  hurry(): void {
    this.backlog.hurry(this.#now());
    this.pump();
  }

  /** Sends an envelope that is not in the backlog, once; `undefined` when nothing may leave now. */
  sendAside(envelope: Envelope): Promise<CheckedResult> | undefined {
    const blocked = this.#limits.blockedUntil(CATEGORIES[envelope.kind], this.#now()) > 0;
    if (this.#stopped || this.#breaker.isOpen || blocked || this.#sends >= this.#mostAtOnce) return undefined;
    this.#sends++;
    return this.#call([envelope]).then(([result]) => {
      this.#sends--;
      this.#limits.add(result!.limits ?? [], this.#now());
      this.pump();
      return result!;
    });
  }

  /** Sends nothing until {@link resume}. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Goes on after {@link hold}. */
  resume(): void {
    this.#isHolding = false;
    this.pump();
  }

  /** Sends nothing more. The backlog is left to the spool, or else settled as dropped. */
  stop(): void {
    this.#stopped = true;
    this.#wakeTimer.clear();
    for (const item of this.backlog.takeAll()) {
      if (this.#isOnDisk(item)) this.#leaveToSpool(item);
      else this.#drop(item, this.#reasonForLeaving(item));
    }
  }

  /** Ends an item, once. */
  settle(item: QueuedEnvelope, outcome: Outcome): void {
    this.backlog.remove(item);
    if (item.isSettled) return;
    item.isSettled = true;
    this.#options.onSettled(item, outcome);
  }

  /** Starts all sends that may start now, and sets the timer for the next. */
  pump(): void {
    // A settled item may lead to the next offer from within: the running loop sees it.
    if (this.#pumping || this.#stopped || this.#isHolding) return;
    this.#pumping = true;
    try {
      this.#expire();
      while (this.#startOne());
    } finally {
      this.#pumping = false;
    }
    this.#wakeTimer.set(this.#nextMoment());
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }

  #expire(): void {
    for (const item of this.backlog.expire(this.#now())) this.#drop(item, this.#reasonForLeaving(item));
  }

  #startOne(): boolean {
    const now = this.#now();
    this.backlog.promote(now);
    const head = this.backlog.head;
    if (head === undefined || this.#stopped) return false;

    const limitedUntil = this.#limits.blockedUntil(CATEGORIES[head.envelope.kind], now);
    if (limitedUntil > 0) {
      this.backlog.delay(this.backlog.take()!, limitedUntil);
      return true;
    }
    if (this.#mayStartAt(head) > now) return false;

    void this.#send(this.#takeBatch(now), now);
    return true;
  }

  /** The moment the next send may start; infinite while every place is taken. */
  #mayStartAt(head: QueuedEnvelope): number {
    if (this.#sends >= this.#mostAtOnce) return Number.POSITIVE_INFINITY;
    if (this.#breaker.isOpen) return this.#breaker.nextProbeAt;
    const beyondUsual = this.#sends - USUAL_IN_FLIGHT + 1;
    return beyondUsual <= 0 ? Number.NEGATIVE_INFINITY : head.readySince + beyondUsual * GROW_EVERY_MS;
  }

  /** A probe, and an item that failed before, travel alone, so that a failure has one cause. */
  #takeBatch(now: number): readonly QueuedEnvelope[] {
    const first = this.backlog.take()!;
    const batch = [first];
    const alone = this.#breaker.isOpen || first.lastReason !== undefined;
    const most = alone ? 1 : (this.#options.transport.maxBatch ?? 1);
    let room = (this.#options.transport.maxBatchBytes ?? Number.POSITIVE_INFINITY) - first.envelope.bytes;
    while (batch.length < most && this.#mayJoin(this.backlog.head, room, now)) {
      const item = this.backlog.take()!;
      room -= item.envelope.bytes;
      batch.push(item);
    }
    for (const item of batch) {
      if (item.lastReason === undefined) this.#budget.started(item.attempts);
      this.#leaveLimitedAttachments(item, now);
    }
    return batch;
  }

  #mayJoin(item: QueuedEnvelope | undefined, room: number, now: number): boolean {
    if (item === undefined || item.lastReason !== undefined) return false;
    if (item.envelope.bytes > room) return false;
    return this.#limits.blockedUntil(CATEGORIES[item.envelope.kind], now) === 0;
  }

  #leaveToSpool(item: QueuedEnvelope): void {
    if (item.lastReason === undefined) this.#options.spool?.finish(item.offered);
    this.settle(item, KEPT);
  }

  #leaveLimitedAttachments(item: QueuedEnvelope, now: number): void {
    const { envelope } = item;
    if (envelope.attachments.length === 0 || this.#limits.blockedUntil(["attachment"], now) === 0) return;
    const bytes = attachmentBytes(envelope);
    item.envelope = withAttachmentsLeft(withoutAttachments(envelope), bytes, "ratelimit_backoff");
    this.#options.onAttachmentsLeft("ratelimit_backoff", bytes);
  }

  async #send(batch: readonly QueuedEnvelope[], startedAt: number): Promise<void> {
    this.#sends++;
    this.#breaker.started(startedAt);
    const results = await this.#call(batch.map(({ envelope }) => envelope));
    this.#sends--;
    this.#breaker.ended(this.#now(), results.some(isAnswer));
    batch.forEach((item, index) => {
      if (item.isSettled) return;
      try {
        this.#conclude(item, results[index]!, startedAt);
      } catch (error) {
        this.#options.diagnostics.warn("internal-error", "sending", thrownText(error));
        this.#drop(item, "internal_sdk_error");
      }
    });
    this.pump();
  }

  #call(envelopes: readonly Envelope[]): Promise<readonly CheckedResult[]> {
    const { transport, clock, sendDeadlineMs } = this.#options;
    return callTransport(transport, envelopes, clock, sendDeadlineMs);
  }

  #conclude(item: QueuedEnvelope, result: CheckedResult, startedAt: number): void {
    const now = this.#now();
    if (result.limits !== undefined) this.#limits.add(result.limits, now);
    if (result.kind === "retry") {
      this.#keep(item, result, startedAt, now);
      return;
    }
    this.#budget.answered(result.kind);
    this.#worked(now);
    if (result.kind === "accepted") {
      const { diagnostics, transport } = this.#options;
      diagnostics.debug("delivered", transport.name, item.envelope.kind, item.envelope.id);
      this.settle(item, { kind: "delivered" });
    } else {
      this.#refuse(item, result, now);
    }
  }

  #worked(now: number): void {
    if (this.#breaker.worked(now)) this.backlog.hasten(now);
  }

  #keep(item: QueuedEnvelope, result: Retry, startedAt: number, now: number): void {
    const { attempts } = item;
    const isOnDisk = this.#isOnDisk(item);
    const counts = this.#budget.failed(attempts, result.reason, isOnDisk);
    if (item.lastReason === undefined) this.#options.spool?.finish(item.offered);
    item.lastReason = result.reason;
    item.isCountedByServer = result.reason === "ratelimit_backoff";
    this.#noteFailure(item, result);
    if (item.isCountedByServer) this.#worked(now);
    else this.#breaker.failed(startedAt, now);

    if (attempts.failures >= this.#options.maxTries) {
      this.#drop(item, result.reason);
      return;
    }
    this.retries++;
    if (!counts) {
      this.backlog.add(item, now);
      return;
    }
    const pause = pauseAfter(attempts, result.afterMs, isOnDisk, this.#options.random());
    this.backlog.delay(item, now + pause.patientMs, now + pause.soonMs);
  }

  #isOnDisk({ offered }: QueuedEnvelope): boolean {
    return this.#options.spool?.holds(offered) ?? false;
  }

  #refuse(item: QueuedEnvelope, result: Refused, now: number): void {
    this.#noteFailure(item, result);
    const smaller = result.tooLarge === true && !item.isShrunk ? this.#shrunk(item.envelope) : undefined;
    if (smaller === undefined) {
      this.#drop(item, result.reason);
      return;
    }
    const left = attachmentBytes(item.envelope) - attachmentBytes(smaller);
    this.#options.onAttachmentsLeft(result.reason, left);
    item.isShrunk = true;
    item.envelope = withAttachmentsLeft(smaller, left, result.reason);
    this.retries++;
    this.backlog.add(item, now);
  }

  #shrunk(envelope: Envelope): Envelope | undefined {
    try {
      const smaller = this.#options.shrink(envelope);
      if (smaller !== undefined) return smaller;
    } catch (error) {
      this.#options.diagnostics.warn("internal-error", "shrinking an event", thrownText(error));
    }
    return envelope.attachments.length > 0 ? withoutAttachments(envelope) : undefined;
  }

  #noteFailure(item: QueuedEnvelope, result: Retry | Refused): void {
    const { diagnostics, transport } = this.#options;
    const detail = result.detail ?? result.reason;
    this.lastError = detail;
    const { kind, id } = item.envelope;
    diagnostics.warn(result.kind === "retry" ? "kept" : "refused", transport.name, kind, id, detail);
  }

  #drop(item: QueuedEnvelope, reason: DropReason): void {
    const { diagnostics, transport } = this.#options;
    diagnostics.debug("dropped-for", transport.name, item.envelope.kind, item.envelope.id, reason);
    this.settle(item, { kind: "dropped", reason });
  }

  #reasonForLeaving(item: QueuedEnvelope): DropReason {
    return item.lastReason ?? (this.isLimited ? "ratelimit_backoff" : "network_error");
  }

  #nextMoment(): number {
    const { head, nextDueAt } = this.backlog;
    return head === undefined ? nextDueAt : Math.min(nextDueAt, this.#mayStartAt(head));
  }
}

/** The categories by which a rate limit holds back each kind. Servers count plain events as `error`. */
const CATEGORIES: Readonly<Record<Envelope["kind"], readonly string[]>> = {
  event: ["error", "default"],
  check_in: ["monitor"],
  client_report: ["internal"],
};

/** Bytes of an envelope's attachments, as they would be sent. */
export function attachmentBytes({ attachments }: Envelope): number {
  return attachments.reduce(
    (sum, { data }) => sum + (typeof data === "string" ? byteLength(data) : data.length),
    0,
  );
}

function withoutAttachments(envelope: Envelope): Envelope {
  return { ...envelope, attachments: [], bytes: envelope.payload.length };
}

const KEPT: Outcome = { kind: "kept" };
