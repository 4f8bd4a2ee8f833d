import { readCauseTree } from "./capture/cause-tree.js";
import { captureContext, fingerprintOf, type Whereabouts, whereabouts } from "./capture/context.js";
import { readEventInput, type ToldText } from "./capture/event-input.js";
import { readException } from "./capture/exception-text.js";
import type { CaptureHint } from "./capture/hint.js";
import type { Sighting } from "./capture/seen-errors.js";
import { logEntryFrom, type Snapshot, type Subject, snapshotBytes, snapshotOf } from "./capture/snapshot.js";
import { captureSite, isEmptyStack, NO_STACK } from "./capture/stack.js";
import { versions } from "./client/copies.js";
import { type Integration, setUpIntegrations } from "./client/integration.js";
import {
  type ClientOptions,
  integrationList,
  type ResolvedOptions,
  resolveOptions,
  type Switches,
  switchesCheck,
} from "./client/options.js";
import type { EndWatch, Platform } from "./client/platform.js";
import type { ClientStats } from "./client/stats.js";
import { breadcrumbPolicy } from "./context/breadcrumbs.js";
import type { CaptureTarget } from "./context/current.js";
import type { Scope } from "./context/scope.js";
import { transportsOf } from "./delivery/destinations.js";
import { Ledger } from "./delivery/ledger.js";
import type { Folded } from "./gate/aggregate.js";
import { type Decision, Gate } from "./gate/gate.js";
import { repeatKey } from "./gate/group-key.js";
import { eventDetails, kindDetails } from "./gate/kind-details.js";
import { createDiagnostics, type Diagnostics } from "./model/diagnostics.js";
import type { EventInput, Level, LogEntry } from "./model/event.js";
import { thrownText } from "./model/messages.js";
import { demand } from "./model/option-checks.js";
import { read } from "./model/safe-read.js";
import { AT_ONCE, closingOf, queuedCapture } from "./pipeline/capture-queue.js";
import { createEventBuilder, showsErrors } from "./pipeline/event-builder.js";
import { Outbound } from "./pipeline/outbound.js";
import { openSpool } from "./spool/open.js";
import { ownCodeRule } from "./stacktrace/frames.js";
import type { OwnCode } from "./stacktrace/stack-text.js";
import type { DropReason } from "./transport/drops.js";

const DEFAULT_TIMEOUT_MS = 2000;

/** Tells the story of a capture: where it stands, whether it is wanted, what it holds, and off it goes. */
export class CorvidClient implements CaptureTarget {
  readonly scope: Scope;
  readonly #options: ResolvedOptions;
  readonly #platform: Platform;
  readonly #diagnostics: Diagnostics;
  readonly #integrations: readonly Integration[];
  /** Those of them that want to know of every capture. */
  readonly #observers: readonly Integration[];
  readonly #ledger: Ledger;
  readonly #gate: Gate;
  readonly #outbound: Outbound;
  readonly #tearDown: () => void;
  readonly #end: EndWatch | undefined;
  readonly #showsErrors: boolean;
  /** Which frames the application calls its own, where it does. */
  readonly #ownCode: OwnCode | undefined;
  #enabled: boolean;
  #closing: Promise<boolean> | undefined;

  /**
   * @param scope - what holds for everything this client captures
   * @throws {OptionsError | DsnError} for options that cannot be used
   */
  constructor(given: ClientOptions, platform: Platform, scope: Scope) {
    const options = resolveOptions(given, platform.env);
    this.scope = scope;
    this.#options = options;
    this.#platform = platform;
    const diagnostics = createDiagnostics({
      debug: options.debug,
      clock: platform.clock,
      write: platform.write,
    });
    this.#diagnostics = diagnostics;
    if (options.dsnTrouble !== undefined) diagnostics.warn("dsn-in-environment", ...options.dsnTrouble);
    if (versions().size > 1) diagnostics.warn("several-versions", [...versions()].join(" and "));

    const transports = transportsOf(options, platform, diagnostics);
    this.#enabled = transports.length > 0;
    this.#integrations = this.#enabled ? chosenIntegrations(options, platform) : [];
    this.#showsErrors = showsErrors(options, this.#integrations, platform.integrations);
    this.#ownCode = ownCodeRule(options);
    this.#observers = this.#integrations.filter((integration) => integration.onCapture !== undefined);
    const ledger = new Ledger((reason, weight) => this.#outbound.recordDiscard(reason, weight));
    this.#ledger = ledger;
    const builder = createEventBuilder(options, platform, this.#integrations, diagnostics);
    const road = { options, platform, diagnostics, builder, transports, ledger };
    const spool = openSpool({ ...road, scope, push: (pending) => this.#outbound.push(pending) });
    this.#outbound = new Outbound({
      ...road,
      spool: spool?.spoolWriter,
      spoolReader: spool?.spoolReader,
      onLeft: () => this.#end?.changed(),
    });
    this.#gate = new Gate({
      ...platform,
      client: this,
      echoes: spool === undefined && !options.debug && this.#areBuiltIn(this.#observers),
      options,
      behind: () => this.#outbound.pressure(this.#gate.held),
      isWaitingAlone: (id) => this.#outbound.isWaitingAlone(id),
      sendClosing: (snapshot, repeats, sightings) =>
        this.#outbound.push(closingOf(snapshot, repeats, sightings)),
    });
    const { maxBreadcrumbs, beforeBreadcrumb } = options;
    scope.governBreadcrumbs(
      breadcrumbPolicy(
        this.#enabled ? maxBreadcrumbs : 0,
        beforeBreadcrumb,
        diagnostics,
        spool?.spoolWriter.prepareCrumb,
      ),
    );
    this.#tearDown = setUpIntegrations(this.#integrations, this, (step, error) =>
      diagnostics.warn("integration-failed", step, thrownText(error)),
    );
    if (!this.#enabled || (options.shutdownTimeoutMs === 0 && spool === undefined)) return;
    this.#end = platform.watchEnd?.({
      shutdownTimeoutMs: options.shutdownTimeoutMs,
      undelivered: () => this.#queued,
      sendSync: (deadlineMs) => this.#sendSync(deadlineMs),
      over: () => spool?.spoolWriter.end(),
    });
  }

  /** Whether captures go anywhere at all. */
  get enabled(): boolean {
    return this.#enabled;
  }

  /**
   * Reports a failure.
   *
   * @param error - anything that was thrown; read at once, never changed
   * @returns the id of the event that tells of it, 32 hex digits: for a failure seen before that of the first
   * sighting, for a folded repeat that of the closing event
   */
  captureException(error: unknown, hint?: CaptureHint): string {
    const echoed = this.#enabled && hint === undefined ? this.#gate.echo(error) : undefined;
    if (echoed !== undefined) return this.#countEcho(echoed);

    return this.#guarded((where) => {
      const known = this.#gate.seenAs(where.identity, error);
      if (known !== undefined) return this.#merge(known, where, hint);

      const { limits } = this.#options;
      const head = readException(error, limits);
      const excluded = this.#gate.exclusion(error, head.type, head.value);
      if (excluded !== undefined)
        return this.#drop(excluded, this.#gate.rememberExcluded(where.identity, error));

      const tree = readCauseTree(error, head, limits);
      const site = isEmptyStack(head.stack) ? captureSite(this.captureException) : undefined;
      const fingerprint = fingerprintOf(where, hint);
      const details = kindDetails(tree.nodes);
      const key = repeatKey(head.type, head.value, site ?? head.stack, fingerprint, this.#ownCode, details);
      this.#announce(key, where);
      const decision = this.#gate.decide(key, where.identity, tree);
      return this.#carryOut(decision, key, where, hint, { exceptions: tree.nodes, site }, error);
    });
  }

  /**
   * Reports a message.
   *
   * @param hint - its level (default `info`), or a hint; with `params`, the message is a template with `%s`
   * @returns the id of the event
   */
  captureMessage(message: string, hint?: Level | CaptureHint): string {
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
      return await this.#tellAndFlush(milliseconds(timeoutMs));
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
    const { captured, delivered, merged, folded, dropped, handedOver } = this.#ledger;
    const { inHand, waiting } = this.#outbound.spooled;
    return {
      captured,
      delivered,
      merged,
      folded,
      dropped: { ...dropped },
      queued: this.#queued,
      spooled: inHand + waiting + handedOver,
      destinations: this.#outbound.destinations(),
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
      this.#enabled = enabled && this.#outbound.hasDestinations && this.#closing === undefined;
  }

  #areBuiltIn(integrations: readonly Integration[]): boolean {
    return integrations.every((integration) => this.#platform.integrations.includes(integration));
  }

  /** What is in memory alone. */
  get #queued(): number {
    const inMemory = this.#outbound.queued + this.#gate.held.items;
    return Math.max(0, inMemory - this.#outbound.spooled.inHand);
  }

  #captureText(
    { type, text, stack, causes }: ToldText,
    where: Whereabouts,
    hint: CaptureHint | undefined,
    subject: Subject,
  ): string {
    const excluded = this.#gate.exclusion(undefined, type, text);
    if (excluded !== undefined) return this.#drop(excluded);
    const fingerprint = fingerprintOf(where, hint, subject.event);
    const key = repeatKey(type, text, stack, fingerprint, undefined, eventDetails(causes));
    this.#announce(key, where);
    return this.#carryOut(
      this.#gate.decide(key, where.identity, undefined),
      key,
      where,
      hint,
      subject,
      undefined,
    );
  }

  /** Tells integrations of a failure, before anything is decided about it. */
  #announce(key: string, { identity }: Whereabouts): void {
    for (const integration of this.#observers) {
      try {
        integration.onCapture?.(key, identity);
      } catch (error) {
        this.#diagnostics.warn(
          "integration-failed",
          `integration ${integration.name}: onCapture`,
          thrownText(error),
        );
      }
    }
  }

  #carryOut(
    decision: Decision,
    key: string,
    where: Whereabouts,
    hint: CaptureHint | undefined,
    subject: Subject,
    original: unknown,
  ): string {
    if (decision.kind === "drop") return this.#drop(decision.reason, decision.id);
    const { clock } = this.#platform;
    const { id } = decision;
    const around = captureContext(where, hint, this.#options.limits, this.#options.request);
    const shown = this.#showsErrors ? original : undefined;
    const snapshot = snapshotOf(id, clock.now() / 1000, subject, around, shown);
    const bytes = snapshotBytes(snapshot);
    if (decision.kind === "fold") return this.#fold(key, snapshot, bytes, decision.folded, original);
    if (decision.kind === "wrap") {
      this.#ledger.merged++;
      this.#outbound.wrap(id, snapshot);
      return id;
    }
    const isUrgent = around.hint.level === "fatal" || around.hint.mechanism?.handled === false;
    const readyAt = isUrgent ? AT_ONCE : clock.monotonic() + this.#options.mergeMs;
    const isTaken = this.#outbound.push(
      queuedCapture(snapshot, readyAt, { bytes, related: decision.related }),
    );
    return isTaken ? id : this.#fold(key, snapshot, bytes, decision.folded, original);
  }

  #merge({ eventId: id, folded }: Sighting, where: Whereabouts, hint: CaptureHint | undefined): string {
    const { limits, request } = this.#options;
    this.#ledger.merged++;
    this.#diagnostics.debug("merged", id);
    // What one failure knows is not for an event that shows another one of its kind.
    if (folded?.isShown === false) return id;
    if (this.#outbound.isWaiting(id))
      this.#outbound.addSighting(id, captureContext(where, hint, limits, request));
    else if (folded?.held !== undefined)
      this.#gate.addSighting(folded, captureContext(where, hint, limits, request));
    return id;
  }

  #fold(key: string, snapshot: Snapshot, bytes: number, last: Folded, original: unknown): string {
    const folded = this.#gate.fold(key, snapshot, bytes, last, original);
    if (folded === "unknown") return this.#drop("queue_overflow", snapshot.id);
    this.#outbound.recordFold(snapshot);
    if (folded === "more") this.#ledger.folded++;
    this.#diagnostics.debug("folded", snapshot.id);
    return snapshot.id;
  }

  /** Nothing else is new: its kind is counted already, so the end of the process is watched and nobody waits for it. */
  #countEcho(id: string): string {
    this.#ledger.captured++;
    this.#ledger.folded++;
    return id;
  }

  #drop(reason: DropReason, id: string = this.#platform.newId()): string {
    this.#ledger.drop(reason);
    this.#diagnostics.debug("dropped", id, reason);
    return id;
  }

  /** Flushes as often as closing events find room only when others have left. */
  async #tellAndFlush(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#platform;
    const deadline = clock.monotonic() + timeoutMs;
    for (;;) {
      const isTold = this.#gate.tellAll();
      const isFlushed = await this.#outbound.flush(Math.max(0, deadline - clock.monotonic()));
      if (isTold || !isFlushed || clock.monotonic() >= deadline) return isTold && isFlushed;
    }
  }

  /** The same when nothing can be awaited any more. */
  #sendSync(deadlineMs: number): void {
    const { clock } = this.#platform;
    const deadline = clock.monotonic() + deadlineMs;
    try {
      for (let left = deadlineMs; left > 0; left = deadline - clock.monotonic()) {
        const isTold = this.#gate.tellAll();
        const isHeard = this.#outbound.sendSync(left);
        if (isTold || !isHeard) return;
      }
    } catch (error) {
      this.#reportTrouble("the end of the process", error);
    }
  }

  async #close(timeoutMs: number): Promise<boolean> {
    this.#enabled = false;
    let isDone = false;
    try {
      this.#tearDown();
      const deadline = this.#platform.clock.monotonic() + timeoutMs;
      await this.#tellAndFlush(timeoutMs);
      isDone = await this.#outbound.close(Math.max(0, deadline - this.#platform.clock.monotonic()));
    } catch (error) {
      this.#reportTrouble("close", error);
    }
    const untold = this.#gate.close();
    for (const { id, weight } of untold) this.#outbound.abandon(id, weight);
    this.#outbound.closeSpool();
    this.#end?.leave();
    return isDone && untold.length === 0;
  }

  /** No failure of ours reaches the application: it is counted and told, and an id comes back all the same. */
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

/** A message is recognised by its template. */
function messageTold({ message, formatted }: LogEntry): ToldText {
  return { type: "", text: message ?? formatted, stack: NO_STACK, causes: [] };
}

function chosenIntegrations(options: ResolvedOptions, platform: Platform): readonly Integration[] {
  const { integrations } = options;
  if (typeof integrations === "function") {
    const chosen = integrations(platform.integrations);
    demand("integrations()", chosen, integrationList);
    return chosen;
  }
  return [...platform.integrations, ...(integrations ?? [])];
}

function milliseconds(value: unknown): number {
  return typeof value === "number" && value >= 0 ? Math.min(value, 2_147_483_647) : DEFAULT_TIMEOUT_MS;
}
