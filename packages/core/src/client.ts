import { type CauseTree, readCauseTree } from "./capture/cause-tree.js";
import { captureContext, fingerprintOf, type Whereabouts, whereabouts } from "./capture/context.js";
import { readEventInput, type ToldText } from "./capture/event-input.js";
import { readException } from "./capture/exception-text.js";
import type { CaptureHint } from "./capture/hint.js";
import type { Sighting } from "./capture/seen-errors.js";
import {
  type CaptureContext,
  describeRequest,
  logEntryFrom,
  type Snapshot,
  type Subject,
  snapshotBytes,
  snapshotOf,
} from "./capture/snapshot.js";
import { captureSite, isEmptyStack, NO_STACK } from "./capture/stack.js";
import { HeldExceptions } from "./client/held-exceptions.js";
import {
  announceCapture,
  type CapturedFailure,
  type Integration,
  setUpIntegrations,
} from "./client/integration.js";
import { type ClientOptions, type ResolvedOptions, type Switches, switchesCheck } from "./client/options.js";
import type { EndWatch, Platform } from "./client/platform.js";
import { type ClientParts, setUpClient } from "./client/setup.js";
import type { ClientStats } from "./client/stats.js";
import { takeUnread } from "./context/api.js";
import {
  type CaptureTarget,
  currentClient,
  currentContext,
  type HeldException,
  type Unseen5xx,
} from "./context/current.js";
import { innermost, type Scope } from "./context/scope.js";
import type { Ledger } from "./delivery/ledger.js";
import type { Folded } from "./gate/aggregate.js";
import type { Decision, Gate } from "./gate/gate.js";
import { eventDetails, groupDetails } from "./gate/group-details.js";
import { groupKey, topPositionsOf } from "./gate/group-key.js";
import { normaliseMessage } from "./gate/normalise-message.js";
import type { Diagnostics } from "./model/diagnostics.js";
import type { EventInput, Level, LogEntry } from "./model/event.js";
import { levelFrom } from "./model/levels.js";
import { thrownText } from "./model/messages.js";
import { demand } from "./model/option-checks.js";
import { read } from "./model/safe-read.js";
import { needCaptureStack } from "./model/stack-room.js";
import type { CaptureQueue } from "./pipeline/capture-queue.js";
import { AT_ONCE, queuedCapture } from "./pipeline/queued-capture.js";
import type { DropReason } from "./transport/drops.js";

const DEFAULT_TIMEOUT_MS = 2000;
/** The id of a capture for which the stack had no room left. */
const NO_EVENT = "00000000000000000000000000000000";

/**
 * A client: decides on each capture, and takes a snapshot of those that are wanted. Everything else happens in the
 * parts that `client/setup.ts` puts together.
 */
export class CorvidClient implements CaptureTarget {
  readonly scope: Scope;
  readonly #platform: Platform;
  readonly #parts: ClientParts;
  readonly #options: ResolvedOptions;
  readonly #diagnostics: Diagnostics;
  readonly #ledger: Ledger;
  readonly #queue: CaptureQueue;
  readonly #gate: Gate;
  /** The integrations that hear of every capture. */
  readonly #observers: readonly Integration[];
  readonly #tearDown: () => void;
  readonly #end: EndWatch | undefined;
  /** Captures for which the stack had no room left. */
  #unread = 0;
  readonly #held: HeldExceptions;
  #enabled: boolean;
  #closing: Promise<boolean> | undefined;

  /**
   * @param scope - applies to everything this client captures
   * @throws {OptionsError | DsnError} for options that cannot be used
   */
  constructor(given: ClientOptions, platform: Platform, scope: Scope) {
    this.scope = scope;
    this.#platform = platform;
    const parts = setUpClient(given, platform, this);
    const { options, integrations, diagnostics, destinations, flush, spool } = parts;
    this.#parts = parts;
    this.#options = options;
    this.#diagnostics = diagnostics;
    this.#ledger = parts.ledger;
    this.#queue = parts.queue;
    this.#gate = parts.gate;
    this.#held = new HeldExceptions(platform.clock, options.mergeMs);
    this.#enabled = !destinations.isNone;
    this.#observers = integrations.filter((integration) => integration.onCapture !== undefined);
    this.#tearDown = setUpIntegrations(integrations, this, diagnostics);
    const { shutdownTimeoutMs } = options;
    if (!this.#enabled || (shutdownTimeoutMs === 0 && spool === undefined)) return;
    const end = platform.watchEnd?.({
      shutdownTimeoutMs,
      undelivered: () => flush.undelivered + this.#held.size,
      sendSync: (deadlineMs) => this.#sendSync(deadlineMs),
      over: () => spool?.writer.end(),
    });
    this.#end = end;
    if (end !== undefined) destinations.subscribe(() => end.changed());
  }

  /** Whether captures go anywhere at all. */
  get enabled(): boolean {
    return this.#enabled;
  }

  /**
   * Reports a failure.
   *
   * @param error - anything that was thrown; read at once, never changed
   * @returns the id of its event, 32 hex digits: for a failure seen before that of the first
   * sighting, for a folded repeat that of the closing event
   */
  captureException(error: unknown, hint?: CaptureHint): string {
    try {
      needCaptureStack();
    } catch {
      this.#unread++;
      return NO_EVENT;
    }
    return this.#guarded((where) => {
      markFailed();
      // Reported by hand, a failure that is held is one.
      const { held } = where.identity;
      if (held !== undefined && held.error === error) held.send();
      const known = this.#gate.seenAs(where.identity, error);
      const mechanism = mechanismOf(hint);
      const seen = known && this.#gate.judge(known, where.identity, mechanism, isEnd(hint));
      if (known !== undefined && seen === "same") return this.#merge(known, where, hint);

      const head = readException(error, this.#options.limits);
      const copied = known ?? this.#gate.seenAsCopy(where.identity, head.stack, mechanism);
      if (known === undefined && copied !== undefined) return this.#merge(copied, where, hint);
      let failure: Failure | undefined;
      const readFailure = (): Failure => {
        failure ??= this.#read(error, head, where, hint, this.captureException);
        return failure;
      };
      this.#announce(head.type, where, hint, "error", () => readFailure().key);
      const excluded = this.#exclude(error, head, where, hint);
      if (excluded !== undefined) return excluded;
      return this.#report(readFailure(), undefined, seen === "fatal" ? known : undefined);
    });
  }

  holdException(error: unknown, hint: CaptureHint, isAnswer: boolean): HeldException | undefined {
    if (!this.#enabled) return undefined;
    try {
      const where = whereabouts(this.scope);
      const { limits, request } = this.#options;
      markFailed();
      if (this.#gate.seenAs(where.identity, error) !== undefined)
        return isAnswer ? undefined : settled(this.captureException(error, hint));
      const head = readException(error, limits);
      const failure: Failure = {
        ...this.#read(error, head, where, hint, this.holdException),
        around: captureContext(where, hint, limits, request),
        at: this.#platform.clock.now() / 1000,
      };
      const id = (isAnswer ? undefined : this.#gate.summaryId(failure.key)) ?? this.#platform.newId();
      const held = this.#held.hold(id, isAnswer, () =>
        this.#guarded(() => {
          where.identity.held = undefined;
          const known = this.#gate.seenAs(where.identity, error);
          if (known !== undefined) return this.#merge(known, where, hint);
          this.#announce(head.type, where, hint, "error", () => failure.key);
          return this.#exclude(error, head, where, hint) ?? this.#report(failure, id);
        }),
      );
      where.identity.held = { error, send: () => held.send() };
      this.#end?.changed();
      return held;
    } catch (thrown) {
      this.#reportTrouble("capture", thrown);
      return undefined;
    }
  }

  reportUnseen(
    method: string,
    status: number,
    advice: string,
    unseen5xx: Unseen5xx = this.#options.unseen5xx,
  ): void {
    if (!this.#enabled || unseen5xx === false) return;
    const where = whereabouts(this.scope);
    const name =
      innermost(where.layers, "transaction") ??
      describeRequest(where.layers, this.#options.request).transaction ??
      method;
    const title = `${name} answered ${status}`;
    if (unseen5xx === "warn") {
      this.#diagnostics.warn("unseen-5xx", title, advice);
      return;
    }
    this.#guarded(() => {
      const key = `unseen ${title}`;
      const hint: CaptureHint = { level: "error", mechanism: UNSEEN, fingerprint: [title] };
      this.#announce("", where, hint, "error", () => key);
      const excluded = this.#gate.exclusion(undefined, "", title);
      if (excluded !== undefined) return this.#drop(excluded);
      const message = logEntryFrom(`${title}\n${advice}`, undefined, this.#options.limits.stringLength);
      const decision = this.#gate.decide(key, where.identity, undefined, { full: 1 });
      return this.#carryOut(decision, { key, where, hint, subject: { exceptions: [], message } });
    });
  }

  /**
   * Reports a message.
   *
   * @param hint - its level (default `info`), or a hint; with `params`, the message is a template with `%s`
   * @returns the id of the event
   */
  captureMessage(message: string, hint?: Level | CaptureHint): string {
    try {
      needCaptureStack();
    } catch {
      this.#unread++;
      return NO_EVENT;
    }
    return this.#guarded((where) => {
      const given: CaptureHint | undefined = typeof hint === "string" ? { level: hint } : hint;
      const text = logEntryFrom(message, read(given, "params"), this.#options.limits.stringLength);
      const site = this.#options.attachStacktrace ? captureSite(this.captureMessage) : undefined;
      return this.#captureText(messageTold(text), where, given, {
        exceptions: [],
        message: text,
        site,
      });
    });
  }

  /**
   * Reports an event that was made elsewhere: any part of one; id, time and platform are filled in.
   *
   * @returns the id of the event
   */
  captureEvent(input: EventInput, hint?: CaptureHint): string {
    try {
      needCaptureStack();
    } catch {
      this.#unread++;
      return NO_EVENT;
    }
    return this.#guarded((where) => {
      const { event, message, ...told } = readEventInput(input, this.#options.limits);
      return this.#captureText(told, where, hint, { exceptions: [], event, message });
    });
  }

  /**
   * Sends all that waits, folded counts too.
   *
   * @param timeoutMs - the deadline for all of it, in milliseconds
   * @returns `true` when nothing is left behind
   */
  async flush(timeoutMs: number = DEFAULT_TIMEOUT_MS): Promise<boolean> {
    try {
      if (!this.#hasStack()) await undefined;
      this.#held.send(false);
      return await this.#parts.flush.flush(milliseconds(timeoutMs));
    } catch (error) {
      this.#reportTrouble("flush", error);
      return false;
    }
  }

  /**
   * Sends all that waits, then ends: hooks are undone, sockets and timers given back, captures do nothing any more.
   *
   * @param timeoutMs - the deadline for all of it, in milliseconds
   * @returns `true` when nothing is left behind; what is, is counted as dropped
   */
  close(timeoutMs: number = DEFAULT_TIMEOUT_MS): Promise<boolean> {
    this.#closing ??= this.#close(milliseconds(timeoutMs));
    return this.#closing;
  }

  /** What became of all captures so far. */
  stats(): ClientStats {
    this.#countUnread();
    const { captured, delivered, merged, folded, dropped, handedOver } = this.#ledger;
    const { flush, destinations, spool } = this.#parts;
    return {
      captured,
      delivered,
      merged,
      folded,
      dropped: { ...dropped },
      queued: flush.queued,
      spooled: (spool === undefined ? 0 : spool.writer.inHand + spool.writer.waiting) + handedOver,
      destinations: destinations.stats(),
    };
  }

  /**
   * Switches reporting off and on, or samples it, while the application runs: for a bad night.
   *
   * @throws {OptionsError} for values that `init` would not take
   */
  configure(switches: Switches): void {
    demand("configure", switches, switchesCheck);
    const { enabled, sampleRate } = switches;
    if (sampleRate !== undefined) this.#gate.sampleRate = sampleRate;
    if (enabled !== undefined)
      this.#enabled = enabled && !this.#parts.destinations.isNone && this.#closing === undefined;
  }

  #captureText(
    { type, text, stack, causes }: ToldText,
    where: Whereabouts,
    hint: CaptureHint | undefined,
    subject: Subject,
  ): string {
    if (isFailure(hint, subject)) markFailed();
    let known: string | undefined;
    const readKey = (): string => {
      known ??= groupKey(type, text, stack, {
        fingerprint: fingerprintOf(where, hint, subject.event),
        details: eventDetails(causes),
        place: () => subject.event?.transaction ?? this.#transaction(where, hint),
      });
      return known;
    };
    const { event } = subject;
    const level = event?.level ?? (event?.exception === undefined ? "info" : "error");
    this.#announce(type, where, hint, level, readKey);
    const excluded = this.#gate.exclusion(undefined, type, text);
    if (excluded !== undefined) return this.#drop(excluded);
    const key = readKey();
    const decision = this.#gate.decide(key, where.identity, undefined);
    return this.#carryOut(decision, { key, where, hint, subject });
  }

  /** Reads a failure, but for what surrounds it. @param entry - the public function whose caller stands for it without a stack */
  #read(
    error: unknown,
    head: ExceptionHead,
    where: Whereabouts,
    hint: CaptureHint | undefined,
    entry: (...args: never[]) => unknown,
  ): Failure {
    const tree = readCauseTree(error, head, this.#options.limits);
    const site = isEmptyStack(head.stack) ? captureSite(entry) : undefined;
    const isOwn = this.#parts.ownCode;
    const key = groupKey(head.type, head.value, head.stack, {
      fingerprint: fingerprintOf(where, hint),
      isOwn,
      details: groupDetails(tree.nodes, isOwn),
      place: () => {
        const name = this.#transaction(where, hint);
        if (name !== undefined && site === undefined) return name;
        const { text, areOwn } = topPositionsOf(site ?? captureSite(entry), isOwn);
        return areOwn ? `${name ?? ""} ${text}` : name;
      },
    });
    return { key, where, hint, subject: { exceptions: tree.nodes, site }, error, tree };
  }

  /** @param id - the one it goes by if it is sent in full */
  #report(failure: Failure, id?: string, earlier?: Sighting): string {
    const { key, where, tree, hint } = failure;
    const mechanism = mechanismOf(hint);
    const decision = this.#gate.decide(key, where.identity, tree, { id, mechanism, earlier });
    if (earlier !== undefined && !earlier.isExcluded && decision.kind === "send")
      this.#ledger.replaces(decision.id);
    return this.#carryOut(decision, failure);
  }

  /** @returns the id it goes by when the failure is not wanted */
  #exclude(
    error: unknown,
    { type, value }: ExceptionHead,
    { identity }: Whereabouts,
    hint: CaptureHint | undefined,
  ): string | undefined {
    const excluded = this.#gate.exclusion(error, type, value);
    return excluded && this.#drop(excluded, this.#gate.rememberExcluded(identity, error, mechanismOf(hint)));
  }

  /** The name of the request or job, without the ids in it. */
  #transaction({ layers }: Whereabouts, hint: CaptureHint | undefined): string | undefined {
    const name =
      read(hint, "transaction") ??
      innermost(layers, "transaction") ??
      describeRequest(layers, this.#options.request).transaction;
    return typeof name === "string" ? normaliseMessage(name, true) : undefined;
  }

  /** @param level - where neither hint nor scope has one */
  #announce(
    type: string,
    { identity, layers }: Whereabouts,
    hint: CaptureHint | undefined,
    level: Level,
    key: () => string,
  ): void {
    if (this.#observers.length === 0) return;
    const failure: CapturedFailure = {
      type,
      handled: read(read(hint, "mechanism"), "handled") !== false,
      level: levelFrom(read(hint, "level")) ?? innermost(layers, "level") ?? level,
      scope: identity,
      get key() {
        return key();
      },
    };
    announceCapture(this.#observers, failure, this.#diagnostics);
  }

  #carryOut(decision: Decision, failure: Failure): string {
    if (decision.kind === "drop") return this.#drop(decision.reason, decision.id);
    const { clock } = this.#platform;
    const { id } = decision;
    const { key, where, hint, subject, error } = failure;
    const { at = clock.now() / 1000 } = failure;
    const around = failure.around ?? captureContext(where, hint, this.#options.limits, this.#options.request);
    const shown = this.#parts.showsErrors ? error : undefined;
    const snapshot = snapshotOf(id, at, subject, around, shown);
    const bytes = snapshotBytes(snapshot);
    if (decision.kind === "fold") return this.#fold(key, snapshot, bytes, decision.folded);
    if (decision.kind === "wrap") {
      this.#ledger.merged++;
      this.#queue.wrap(id, snapshot);
      return id;
    }
    const isUrgent = around.hint.level === "fatal" || around.hint.mechanism?.handled === false;
    const readyAt = isUrgent ? AT_ONCE : clock.monotonic() + this.#options.mergeMs;
    const isTaken = this.#queue.push(queuedCapture(snapshot, readyAt, { bytes, related: decision.related }));
    return isTaken ? id : this.#fold(key, snapshot, bytes, decision.folded);
  }

  #merge({ eventId: id, folded }: Sighting, where: Whereabouts, hint: CaptureHint | undefined): string {
    const { limits, request } = this.#options;
    this.#ledger.merged++;
    this.#diagnostics.debug("merged", id);
    // What one failure knows is not for an event that shows another one of its kind.
    if (folded?.isShown === false) return id;
    if (this.#queue.has(id)) this.#queue.addSighting(id, captureContext(where, hint, limits, request));
    else if (folded?.held !== undefined)
      this.#gate.addSighting(folded, captureContext(where, hint, limits, request));
    return id;
  }

  #fold(key: string, snapshot: Snapshot, bytes: number, last: Folded): string {
    const folded = this.#gate.fold(key, snapshot, bytes, last);
    if (folded === "unknown") return this.#drop("queue_overflow", snapshot.id);
    this.#parts.spool?.writer.fold(snapshot);
    if (folded === "more") this.#ledger.folded++;
    this.#diagnostics.debug("folded", snapshot.id);
    return snapshot.id;
  }

  #drop(reason: DropReason, id: string = this.#platform.newId()): string {
    this.#parts.destinations.drop(reason);
    this.#diagnostics.debug("dropped", id, reason);
    return id;
  }

  /** `false`: what has to be done is done when the turn is over. */
  #hasStack(): boolean {
    try {
      needCaptureStack();
      return true;
    } catch {
      return false;
    }
  }

  #countUnread(): void {
    const count = this.#unread + (currentClient() === this ? takeUnread() : 0);
    if (count === 0) return;
    this.#unread = 0;
    this.#ledger.captured += count;
    for (let left = count; left > 0; left--) this.#parts.destinations.drop("internal_sdk_error");
  }

  /** Must not throw. */
  #sendSync(deadlineMs: number): void {
    try {
      this.#held.send(true);
      this.#parts.flush.sendSync(deadlineMs);
    } catch (error) {
      this.#reportTrouble("the end of the process", error);
    }
  }

  async #close(timeoutMs: number): Promise<boolean> {
    this.#held.send(true);
    this.#enabled = false;
    try {
      if (!this.#hasStack()) await undefined;
      this.#tearDown();
      return await this.#parts.flush.close(timeoutMs);
    } catch (error) {
      this.#reportTrouble("close", error);
      return false;
    } finally {
      this.#end?.leave();
    }
  }

  /** Keeps failures of Corvid from the application: they are counted and logged, and an id is returned. */
  #guarded(capture: (where: Whereabouts) => string): string {
    if (!this.#enabled) return this.#platform.newId();
    this.#ledger.captured++;
    try {
      return capture(whereabouts(this.scope));
    } catch (error) {
      this.#reportTrouble("capture", error);
      return this.#drop("internal_sdk_error");
    } finally {
      this.#end?.changed();
    }
  }

  #reportTrouble(where: string, error: unknown): void {
    this.#diagnostics.warn("internal-error", where, thrownText(error));
  }
}

/** A capture that was read: its subject, and the parts of its group key. */
interface Failure {
  readonly key: string;
  readonly where: Whereabouts;
  readonly hint: CaptureHint | undefined;
  readonly subject: Subject;
  readonly error?: unknown;
  readonly tree?: CauseTree;
  /** What surrounded it and when, in seconds, where that is not here and now. */
  readonly around?: CaptureContext;
  readonly at?: number;
}

type ExceptionHead = ReturnType<typeof readException>;

const UNSEEN = { type: "auto.http.unseen", handled: false };

/** The request that the running code belongs to has failed. */
function markFailed(): void {
  const { server } = currentContext();
  if (server !== undefined) server.hasFailed = true;
}

/** Whether a message or an event reports a failure, as its level or its exceptions say. */
function isFailure(hint: CaptureHint | undefined, { event }: Subject): boolean {
  const level = read(hint, "level") ?? read(event, "level");
  return level === "error" || level === "fatal" || read(event, "exception") !== undefined;
}

/** The type of the mechanism that a capture came by; `""` for a capture by hand. */
function mechanismOf(hint: CaptureHint | undefined): string {
  const type = read(read(hint, "mechanism"), "type");
  return typeof type === "string" ? type : "";
}

/** Whether a capture reports the end of the process. */
function isEnd(hint: CaptureHint | undefined): boolean {
  return read(hint, "level") === "fatal" && read(read(hint, "mechanism"), "handled") === false;
}

/** A failure that is decided. */
function settled(id: string): HeldException {
  return { id, send: () => id, discard: () => undefined };
}

/** A message is recognised by its template. */
function messageTold({ message, formatted }: LogEntry): ToldText {
  return { type: "", text: message ?? formatted, stack: NO_STACK, causes: [] };
}

function milliseconds(value: unknown): number {
  return typeof value === "number" && value >= 0 ? Math.min(value, 2_147_483_647) : DEFAULT_TIMEOUT_MS;
}
