import type { Diagnostics } from "../client/diagnostics.js";
import { thrownText } from "../client/messages.js";
import type { Clock } from "../model/clock.js";
import { byteLength } from "../process/text.js";
import type { DropReason } from "../transport/drops.js";
import type { Envelope } from "../transport/envelope.js";
import type { SendResult, Transport } from "../transport/transport.js";
import { Backlog, type Parcel } from "./backlog.js";
import { attempt } from "./call-transport.js";
import { Line } from "./circuit-breaker.js";
import { RateLimits } from "./rate-limits.js";
import { isAnswer, pauseAfter, Trials } from "./retry-budget.js";
import { Alarm } from "./wake-timer.js";

/** What became of an envelope at one destination. `kept`: nobody here tries any more, but a spool holds it. */
export type Outcome =
  | { readonly kind: "delivered" }
  | { readonly kind: "kept" }
  | { readonly kind: "dropped"; readonly reason: DropReason };

/** What a courier needs; all durations in milliseconds. */
export interface CourierOptions {
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
  /** Once per parcel. `told`: the server has counted the drop itself. */
  readonly onSettled: (parcel: Parcel, outcome: Outcome, told: boolean) => void;
  /** Attachments stayed behind, while their event goes on. */
  readonly onAttachmentsLeft: (reason: DropReason, bytes: number) => void;
}

/** What a courier must know of a spool. */
export interface SpoolView {
  /** Whether the envelope is on disk, so that it need not be given up. */
  holds(envelope: Envelope): boolean;
  /** Whether another process has taken the envelope over, and sends it. */
  isTakenOver(envelope: Envelope): boolean;
  /** The envelope will not be delivered at once: from now on it is to be on disk as it is, not as it was captured. */
  finish(envelope: Envelope): void;
}

type Retry = Extract<SendResult, { kind: "retry" }>;
type Refused = Extract<SendResult, { kind: "refused" }>;

/** Enough for thousands of events per minute; the rest of `maxInFlight` is for a backlog. */
const USUAL_IN_FLIGHT = 2;
/** One more send at a time for each such span the head of the line has waited, so that a hung one blocks nobody. */
const GROW_EVERY_MS = 1000;

/** Brings parcels to one transport: which one next, when, how many at once, and what an answer means for it. */
export class Courier {
  retries = 0;
  lastError: string | undefined;
  readonly underWay: Set<Parcel> = new Set();
  readonly backlog: Backlog = new Backlog();
  readonly #options: CourierOptions;
  readonly #limits = new RateLimits();
  readonly #line: Line;
  readonly #trials = new Trials();
  #sends = 0;
  #stopped = false;
  #isHolding = false;
  #pumping = false;
  readonly #alarm: Alarm;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#line = new Line(options.random);
    this.#alarm = new Alarm(options.clock, () => this.pump());
  }

  get #mostAtOnce(): number {
    return this.#options.transport.maxInFlight ?? 1;
  }

  /** Parcels not settled yet. */
  get held(): number {
    return this.backlog.size + this.underWay.size;
  }

  get isDown(): boolean {
    return this.#line.isDown(this.#now());
  }

  get isLimited(): boolean {
    return this.#limits.blockedUntil(CATEGORIES.event, this.#now()) > 0;
  }

  add(envelope: Envelope): void {
    const now = this.#now();
    const parcel: Parcel = {
      offered: envelope,
      envelope,
      expiresAt: now + this.#options.maxAgeMs,
      readySince: now,
      trial: this.#trials.begin(),
      shrunk: false,
      settled: false,
      told: false,
    };
    this.backlog.add(parcel, now);
    this.pump();
  }

  /** Tries everything again that is only backing off. */
  hurry(): void {
    this.backlog.hurry(this.#now());
    this.pump();
  }

  /** Sends something of no consequence beside the parcels; `undefined` when this is not the moment for it. */
  sendAside(envelope: Envelope): Promise<SendResult> | undefined {
    const blocked = this.#limits.blockedUntil(CATEGORIES[envelope.kind], this.#now()) > 0;
    if (this.#stopped || this.#line.isFailing || blocked || this.#sends >= this.#mostAtOnce) return undefined;
    this.#sends++;
    return this.#attempt([envelope]).then(([result]) => {
      this.#sends--;
      this.#limits.add(result!.limits ?? [], this.#now());
      this.pump();
      return result!;
    });
  }

  /** Sends nothing by itself for a while. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Goes on after {@link hold}. */
  resume(): void {
    this.#isHolding = false;
    this.pump();
  }

  /** Sends nothing more. Whatever is held is left to the spool, or else settled as dropped. */
  stop(): void {
    this.#stopped = true;
    this.#alarm.clear();
    const left = [...this.underWay, ...this.backlog.takeAll()];
    this.underWay.clear();
    for (const parcel of left) {
      if (this.#isOnDisk(parcel)) this.#leaveToSpool(parcel);
      else this.#drop(parcel, this.#reasonForLeaving(parcel));
    }
  }

  /** Says once what became of a parcel that is held no more. */
  settle(parcel: Parcel, outcome: Outcome): void {
    if (parcel.settled) return;
    parcel.settled = true;
    this.#options.onSettled(parcel, outcome, parcel.told);
  }

  /** Starts whatever may start now, and sets the alarm for what may start later. */
  pump(): void {
    // A settled parcel may lead to the next offer from within: the running loop sees it.
    if (this.#pumping || this.#stopped || this.#isHolding) return;
    this.#pumping = true;
    try {
      this.#expire();
      while (this.#startOne());
    } finally {
      this.#pumping = false;
    }
    this.#alarm.set(this.#nextMoment());
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }

  #expire(): void {
    for (const parcel of this.backlog.expire(this.#now())) this.#drop(parcel, this.#reasonForLeaving(parcel));
  }

  #startOne(): boolean {
    const now = this.#now();
    this.backlog.promote(now);
    const head = this.backlog.head;
    if (head === undefined || this.#stopped) return false;
    if (this.#isTakenOver(head)) {
      this.settle(this.backlog.take()!, KEPT);
      return true;
    }

    const limitedUntil = this.#limits.blockedUntil(CATEGORIES[head.envelope.kind], now);
    if (limitedUntil > 0) {
      this.backlog.addLater(this.backlog.take()!, limitedUntil);
      return true;
    }
    if (this.#mayStartAt(head) > now) return false;

    void this.#send(this.#takeBatch(now), now);
    return true;
  }

  /** The moment the next send may start; infinite while every place is taken. */
  #mayStartAt(head: Parcel): number {
    if (this.#sends >= this.#mostAtOnce) return Number.POSITIVE_INFINITY;
    if (this.#line.isFailing) return this.#line.nextProbeAt;
    const beyondUsual = this.#sends - USUAL_IN_FLIGHT + 1;
    return beyondUsual <= 0 ? Number.NEGATIVE_INFINITY : head.readySince + beyondUsual * GROW_EVERY_MS;
  }

  /** A probe, and a parcel that failed before, travel alone: what fails then is known. */
  #takeBatch(now: number): readonly Parcel[] {
    const first = this.backlog.take()!;
    const batch = [first];
    const alone = this.#line.isFailing || first.lastReason !== undefined;
    const most = alone ? 1 : (this.#options.transport.maxBatch ?? 1);
    while (batch.length < most && this.#mayRideAlong(this.backlog.head, now)) {
      batch.push(this.backlog.take()!);
    }
    for (const parcel of batch) {
      this.underWay.add(parcel);
      if (parcel.lastReason === undefined) this.#trials.setOut(parcel.trial);
      this.#leaveLimitedAttachments(parcel, now);
    }
    return batch;
  }

  #mayRideAlong(parcel: Parcel | undefined, now: number): boolean {
    if (parcel === undefined || parcel.lastReason !== undefined || this.#isTakenOver(parcel)) return false;
    return this.#limits.blockedUntil(CATEGORIES[parcel.envelope.kind], now) === 0;
  }

  #leaveToSpool(parcel: Parcel): void {
    if (parcel.lastReason === undefined) this.#options.spool?.finish(parcel.offered);
    this.settle(parcel, KEPT);
  }

  #isTakenOver({ offered }: Parcel): boolean {
    return this.#options.spool?.isTakenOver(offered) ?? false;
  }

  #leaveLimitedAttachments(parcel: Parcel, now: number): void {
    const { envelope } = parcel;
    if (envelope.attachments.length === 0 || this.#limits.blockedUntil(["attachment"], now) === 0) return;
    parcel.envelope = withoutAttachments(envelope);
    this.#options.onAttachmentsLeft("ratelimit_backoff", attachmentBytes(envelope));
  }

  async #send(batch: readonly Parcel[], startedAt: number): Promise<void> {
    this.#sends++;
    this.#line.started(startedAt);
    const results = await this.#attempt(batch.map(({ envelope }) => envelope));
    this.#sends--;
    this.#line.ended(this.#now(), results.some(isAnswer));
    batch.forEach((parcel, index) => {
      if (!this.underWay.delete(parcel)) return;
      try {
        this.#conclude(parcel, results[index]!, startedAt);
      } catch (error) {
        this.#options.diagnostics.warn("internal-error", "sending", thrownText(error));
        this.#drop(parcel, "internal_sdk_error");
      }
    });
    this.pump();
  }

  #attempt(envelopes: readonly Envelope[]): Promise<readonly SendResult[]> {
    const { transport, clock, sendDeadlineMs } = this.#options;
    return attempt(transport, envelopes, clock, sendDeadlineMs);
  }

  #conclude(parcel: Parcel, result: SendResult, startedAt: number): void {
    const now = this.#now();
    if (result.limits !== undefined) this.#limits.add(result.limits, now);
    if (result.kind === "retry") {
      this.#keep(parcel, result, startedAt, now);
      return;
    }
    this.#trials.answered(result.kind);
    this.#lineWorked(now);
    if (result.kind === "accepted") {
      const { diagnostics, transport } = this.#options;
      diagnostics.debug("delivered", transport.name, parcel.envelope.kind, parcel.envelope.id);
      this.settle(parcel, { kind: "delivered" });
    } else {
      this.#refuse(parcel, result, now);
    }
  }

  #lineWorked(now: number): void {
    if (this.#line.worked(now)) this.backlog.hasten(now);
  }

  #keep(parcel: Parcel, result: Retry, startedAt: number, now: number): void {
    const { trial } = parcel;
    const isOnDisk = this.#isOnDisk(parcel);
    const counts = this.#trials.failed(trial, result.reason, isOnDisk);
    if (parcel.lastReason === undefined) this.#options.spool?.finish(parcel.offered);
    parcel.lastReason = result.reason;
    parcel.told = result.reason === "ratelimit_backoff";
    this.#noteFailure(parcel, result);
    if (parcel.told) this.#lineWorked(now);
    else this.#line.failed(startedAt, now);

    if (trial.strikes >= this.#options.maxTries) {
      this.#drop(parcel, result.reason);
      return;
    }
    this.retries++;
    if (!counts) {
      this.backlog.add(parcel, now);
      return;
    }
    const pause = pauseAfter(trial, result.afterMs, isOnDisk, this.#options.random());
    this.backlog.addLater(parcel, now + pause.patientMs, now + pause.soonMs);
  }

  #isOnDisk({ offered }: Parcel): boolean {
    return this.#options.spool?.holds(offered) ?? false;
  }

  #refuse(parcel: Parcel, result: Refused, now: number): void {
    this.#noteFailure(parcel, result);
    const smaller = result.tooLarge === true && !parcel.shrunk ? this.#shrunk(parcel.envelope) : undefined;
    if (smaller === undefined) {
      this.#drop(parcel, result.reason);
      return;
    }
    const left = attachmentBytes(parcel.envelope) - attachmentBytes(smaller);
    this.#options.onAttachmentsLeft(result.reason, left);
    parcel.shrunk = true;
    parcel.envelope = smaller;
    this.retries++;
    this.backlog.add(parcel, now);
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

  #noteFailure(parcel: Parcel, result: Retry | Refused): void {
    const { diagnostics, transport } = this.#options;
    const detail = result.detail ?? result.reason;
    this.lastError = detail;
    const { kind, id } = parcel.envelope;
    diagnostics.warn(result.kind === "retry" ? "kept" : "refused", transport.name, kind, id, detail);
  }

  #drop(parcel: Parcel, reason: DropReason): void {
    const { diagnostics, transport } = this.#options;
    diagnostics.debug("dropped-for", transport.name, parcel.envelope.kind, parcel.envelope.id, reason);
    this.settle(parcel, { kind: "dropped", reason });
  }

  #reasonForLeaving(parcel: Parcel): DropReason {
    return parcel.lastReason ?? (this.isLimited ? "ratelimit_backoff" : "network_error");
  }

  #nextMoment(): number {
    const { head, nextDueAt } = this.backlog;
    return head === undefined ? nextDueAt : Math.min(nextDueAt, this.#mayStartAt(head));
  }
}

/** What a rate limit must name to hold each kind. Servers book plain events as `error`. */
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
