import type { CauseTree } from "../capture/cause-tree.js";
import { findSighting, rememberSighting, type Sighting } from "../capture/seen-errors.js";
import type { CaptureContext, Snapshot } from "../capture/snapshot.js";
import type { StackText } from "../capture/stack.js";
import type { ResolvedOptions } from "../client/options.js";
import type { Scope } from "../context/scope.js";
import type { Clock } from "../model/clock.js";
import type { DropReason } from "../transport/drops.js";
import {
  Aggregator,
  type AggregatorOptions,
  type Folded,
  type Pressure,
  type Unsent,
  type Verdict,
} from "./aggregate.js";
import { isIgnored } from "./ignore.js";

/** What becomes of a capture, decided before it costs anything. */
export type Decision =
  /** A new event; `related` are the ids of earlier events of its causes. Folded where the queue has no room. */
  | {
      readonly kind: "send";
      readonly id: string;
      readonly related: readonly string[];
      readonly folded: Folded;
    }
  /** One more of a group that is only counted now; `id` is that of the summary event. */
  | { readonly kind: "fold"; readonly id: string; readonly folded: Folded }
  /** It wraps the failure of the waiting event `id`, and becomes that event. */
  | { readonly kind: "wrap"; readonly id: string }
  | { readonly kind: "drop"; readonly id: string; readonly reason: DropReason };

/** How much the queue and the destinations hold. */
export interface Load {
  /** As many events as may wait in memory. */
  readonly isFull: boolean;
  /** Nothing new can be kept. */
  readonly isOverflowing: boolean;
  /** No destination takes anything at the moment. */
  readonly isHeldBack: boolean;
  /** Another event would only wait behind others. */
  readonly isStuck: boolean;
  /** An event that finds no room in memory waits on disk. */
  readonly isOnDisk: boolean;
}

export interface GateOptions {
  readonly client: { readonly scope: Scope };
  readonly options: Pick<ResolvedOptions, "ignoreErrors" | "mergeMs" | "once" | "sampleRate">;
  readonly clock: Clock;
  random(): number;
  newId(): string;
  /** @param held - the captures that wait here within the same bounds */
  load(held: { readonly items: number; readonly bytes: number }): Load;
  /** Whether the event of this id has not left yet. */
  isWaiting(id: string): boolean;
  /** Whether the event of this id has not left yet, and stands for one capture alone. */
  isWaitingAlone(id: string): boolean;
  /** Sends the summary event of a group; `false`: no room now. */
  sendSummary: AggregatorOptions["close"];
}

/** Decides on each capture: merged, ignored, sampled out, sent in full, folded or dropped. */
export class Gate {
  /** Share of captures that are kept, 0 to 1. */
  sampleRate: number;
  readonly #context: GateOptions;
  /** The last error captured in each scope. */
  readonly #lastStacks = new WeakMap<Scope, { readonly raw: string; readonly sighting: Sighting }>();
  /** Absent with `once: false`. */
  readonly #aggregator: Aggregator | undefined;

  constructor(context: GateOptions) {
    const { options, clock, newId, sendSummary } = context;
    this.#context = context;
    this.sampleRate = options.sampleRate;
    if (options.once === false) return;
    this.#aggregator = new Aggregator({
      ...options.once,
      clock,
      newId,
      close: sendSummary,
      pressure: () => this.#pressure(),
      isStuck: () => this.#context.load(this.held).isStuck,
    });
  }

  /** Summary events that are not sent yet, and their weight in bytes, about. */
  get held(): { readonly items: number; readonly bytes: number } {
    return { items: this.#aggregator?.held ?? 0, bytes: this.#aggregator?.bytes ?? 0 };
  }

  /** The earlier sighting of this very error object in this scope. */
  seenAs(scope: Scope, error: unknown): Sighting | undefined {
    return findSighting(scope, error, this.#context.client);
  }

  /** The sighting, a moment ago and by another mechanism, of the error that this one is a copy of: it has the same stack text. */
  seenAsCopy(scope: Scope, stack: StackText, mechanism: string): Sighting | undefined {
    const last = this.#lastStacks.get(scope);
    if (last === undefined || !("raw" in stack) || last.raw !== stack.raw) return undefined;
    const { sighting } = last;
    const { clock, options } = this.#context;
    const isRecent = clock.monotonic() - sighting.at < options.mergeMs;
    return isRecent && sighting.mechanism !== mechanism && stack.raw.includes(FRAME) ? sighting : undefined;
  }

  /**
   * What an error object is that was seen before. While its event waits for other sightings, `same`; later, in a request or
   * by another mechanism within the window, `same` as well; by the same mechanism a `repeat`; and where it ends the process
   * although its event has left, `fatal`.
   */
  judge(known: Sighting, scope: Scope, mechanism: string, isFatal: boolean): "same" | "repeat" | "fatal" {
    const { client, clock, options } = this.#context;
    const age = clock.monotonic() - known.at;
    const isOther = known.mechanism !== mechanism;
    const isQueued = this.#context.isWaiting(known.eventId);
    if (isFatal && isOther && !isQueued) return "fatal";
    const { folded } = known;
    const isKept = isQueued || known.isExcluded || folded?.held !== undefined || folded?.isShown === false;
    if ((isKept && age < Math.max(options.mergeMs, TURN_MS)) || scope !== client.scope) return "same";
    const windowMs = options.once === false ? WINDOW_MS : options.once.windowMs;
    return (isOther || !known.isRoot) && age < windowMs ? "same" : "repeat";
  }

  /** Adds the context of a later sighting to a summary event that is still held here and shows that failure. */
  addSighting(folded: Folded, sighting: CaptureContext): void {
    this.#aggregator?.addSighting(folded, sighting);
  }

  /** Why a failure is left out. Ignoring and sampling come before any cost. */
  exclusion(
    error: unknown,
    type: string,
    message: string,
  ): Extract<DropReason, "ignored" | "sample_rate"> | undefined {
    const { options, random } = this.#context;
    if (isIgnored(options.ignoreErrors, error, type, message)) return "ignored";
    return this.sampleRate < 1 && random() >= this.sampleRate ? "sample_rate" : undefined;
  }

  /**
   * Decides on a failure that is new in this scope, and remembers it and its causes.
   *
   * @param options - `id`: the one it goes by if it is sent in full; `full`: how many of its group are, where that is not
   * the client's option; `mechanism`: its type; `earlier`: the sighting whose event has left, of a failure that ends the
   * process
   */
  decide(key: string, scope: Scope, tree: CauseTree | undefined, options: DecideOptions = {}): Decision {
    const { id, full, mechanism = "", earlier } = options;
    const causes = tree === undefined ? NONE : this.#seenCauses(scope, tree);
    const related = earlier === undefined || earlier.isExcluded ? causes : [earlier.eventId, ...causes];
    const held = causes === NONE ? undefined : causes.find((id) => this.#context.isWaitingAlone(id));
    const decision: Decision =
      held !== undefined
        ? { kind: "wrap", id: held }
        : earlier !== undefined
          ? { kind: "send", id: id ?? this.#context.newId(), related, folded: { isShown: true } }
          : this.#admit(key, related, id, full);
    if (tree !== undefined) this.#remember(scope, tree, decision, mechanism);
    return decision;
  }

  /** The id of the summary event in which a capture of this key would be counted now; `undefined`: it would go in full. */
  summaryId(key: string): string | undefined {
    return this.#aggregator?.wouldFold(key) ? this.#aggregator.summaryId(key) : undefined;
  }

  /** Remembers an excluded failure, so that its next sighting is merged. @returns its id */
  rememberExcluded(scope: Scope, error: unknown, mechanism: string): string {
    const { client, clock, newId } = this.#context;
    const eventId = newId();
    const at = clock.monotonic();
    rememberSighting(scope, error, { client, eventId, isRoot: true, mechanism, at, isExcluded: true });
    return eventId;
  }

  /** Counts a capture into the summary event of its group; see {@link Aggregator.fold}. `unknown`: it must be dropped. */
  fold(key: string, snapshot: Snapshot, bytes: number, folded: Folded): "first" | "more" | "unknown" {
    return this.#aggregator?.fold(key, snapshot, bytes, folded) ?? "unknown";
  }

  /** Sends all summary events now. `true`: none is left. */
  sendAll(): boolean {
    this.#aggregator?.sendAll();
    return this.held.items === 0;
  }

  /** Forgets all groups and stops the timer. @returns the summary events that were never sent */
  close(): Unsent[] {
    return this.#aggregator?.clear() ?? [];
  }

  #admit(key: string, related: readonly string[], id: string | undefined, full?: number): Decision {
    const verdict = this.#aggregator?.admit(key, full) ?? this.#admitUncounted();
    if (verdict === "fold")
      return { kind: "fold", id: this.#aggregator!.summaryId(key), folded: { isShown: true } };
    const own = id ?? this.#context.newId();
    if (verdict === "drop") return { kind: "drop", id: own, reason: "queue_overflow" };
    return { kind: "send", id: own, related, folded: { isShown: true } };
  }

  /** With `once: false` a full queue drops captures that cannot wait on disk. */
  #admitUncounted(): Verdict {
    const { isFull, isOverflowing, isOnDisk } = this.#context.load(this.held);
    return isOverflowing || (isFull && !isOnDisk) ? "drop" : "send";
  }

  #pressure(): Pressure {
    const { isOverflowing, isFull, isHeldBack } = this.#context.load(this.held);
    if (isOverflowing) return "overflowing";
    return isFull || isHeldBack ? "held-back" : "none";
  }

  /** Ids of events whose own error is a cause of this failure. */
  #seenCauses(scope: Scope, { objects }: CauseTree): readonly string[] {
    if (objects.length <= 1) return NONE;
    const seen = new Set<string>();
    for (const object of objects.slice(1)) {
      const sighting = findSighting(scope, object, this.#context.client);
      if (sighting?.isRoot) seen.add(sighting.eventId);
    }
    return [...seen];
  }

  #remember(scope: Scope, { nodes, objects }: CauseTree, decision: Decision, mechanism: string): void {
    const { client, clock } = this.#context;
    const folded = "folded" in decision ? decision.folded : undefined;
    const at = clock.monotonic();
    const root: Sighting = { client, eventId: decision.id, isRoot: true, folded, mechanism, at };
    const cause = objects.length > 1 ? { ...root, isRoot: false } : root;
    for (const [index, object] of objects.entries())
      rememberSighting(scope, object, index === 0 ? root : cause);
    const { stack } = nodes[0]!;
    if ("raw" in stack) this.#lastStacks.set(scope, { raw: stack.raw, sighting: root });
  }
}

/** What else is known of a failure on which the gate decides. */
export interface DecideOptions {
  readonly id?: string | undefined;
  readonly full?: number;
  readonly mechanism?: string;
  readonly earlier?: Sighting | undefined;
}

/** Only a text with frames shows that one error is a copy of another. */
const FRAME = "\n    at ";

/** An event that does not wait for other sightings leaves within so long, unless the queue is held back. */
const TURN_MS = 50;

/** With `once: false`, how long other mechanisms see the same failure. */
const WINDOW_MS = 60_000;

const NONE: readonly string[] = [];
