import type { CauseTree } from "../capture/cause-tree.js";
import { findSighting, rememberSighting, type Sighting } from "../capture/seen-errors.js";
import type { CaptureContext, Snapshot } from "../capture/snapshot.js";
import type { ResolvedOptions } from "../client/options.js";
import type { Scope } from "../context/scope.js";
import type { Clock } from "../model/clock.js";
import { Recent } from "../model/recent.js";
import type { DropReason } from "../transport/drops.js";
import {
  type Folded,
  FoldTable,
  type FoldTableOptions,
  type Kind,
  type Pressure,
  takeEcho,
  type Untold,
  type Verdict,
} from "./aggregate.js";
import { createEcho } from "./echo.js";
import { isIgnored } from "./ignore.js";

/** What becomes of a capture, decided before it costs anything. */
export type Decision =
  /** A new event; `related` are the ids of events that told of its causes before. Folded after all where it finds no place. */
  | {
      readonly kind: "send";
      readonly id: string;
      readonly related: readonly string[];
      readonly folded: Folded;
    }
  /** One more of a kind that is only counted now; `id` is that of the closing event. */
  | { readonly kind: "fold"; readonly id: string; readonly folded: Folded }
  /** It wraps the failure of the waiting event `id`, and becomes that event. */
  | { readonly kind: "wrap"; readonly id: string }
  | { readonly kind: "drop"; readonly id: string; readonly reason: DropReason };

/** What waits behind the gate. */
export interface Behind {
  /** As many events as may wait in memory. */
  readonly isFull: boolean;
  /** Nothing new can be kept. */
  readonly isOverflowing: boolean;
  /** The line takes nothing at the moment. */
  readonly isHeldBack: boolean;
  /** More would only wait behind others. */
  readonly isStuck: boolean;
  /** What finds no room in memory waits on disk. */
  readonly isOnDisk: boolean;
}

export interface GateOptions {
  readonly client: { readonly scope: Scope };
  /** Whether captures that repeat a folded one to the letter are only counted; nobody is told of those. */
  readonly echoes: boolean;
  readonly options: Pick<ResolvedOptions, "ignoreErrors" | "once" | "sampleRate">;
  readonly clock: Clock;
  random(): number;
  newId(): string;
  /** @param held - the captures that wait here within the same bounds */
  behind(held: { readonly items: number; readonly bytes: number }): Behind;
  /** Whether the event of this id has not left yet, and stands for one capture alone. */
  isWaitingAlone(id: string): boolean;
  /** Sends the closing event of a key; `false`: no room now. */
  sendClosing: FoldTableOptions["close"];
}

/** Once: knows which failures were seen, how often each kind may go in full, and what is wanted at all. */
export class Gate {
  /** Share of captures that are kept, 0 to 1. */
  sampleRate: number;
  readonly #context: GateOptions;
  /** Absent with `once: false`. */
  readonly #table: FoldTable | undefined;
  /** Kinds whose last folded capture may have an echo. */
  readonly #echoing = new Recent<Kind>();

  constructor(context: GateOptions) {
    const { options, clock, newId, sendClosing } = context;
    this.#context = context;
    this.sampleRate = options.sampleRate;
    if (options.once === false) return;
    this.#table = new FoldTable({
      ...options.once,
      clock,
      newId,
      close: sendClosing,
      pressure: () => this.#pressure(),
      isStuck: () => this.#context.behind(this.held).isStuck,
    });
  }

  /** Closing events that wait to be told, and what they weigh in bytes, about. */
  get held(): { readonly items: number; readonly bytes: number } {
    return { items: this.#table?.held ?? 0, bytes: this.#table?.bytes ?? 0 };
  }

  /** What already tells of this very error object in this scope. */
  seenAs(scope: Scope, error: unknown): Sighting | undefined {
    const sighting = findSighting(scope, error, this.#context.client);
    const { counted } = sighting ?? {};
    if (sighting === undefined || counted === undefined) return sighting;
    if (counted.latest !== error) return { ...sighting, folded: UNSHOWN };
    counted.settle();
    return sighting;
  }

  /** A folded failure was seen again: what is known there is added, if its closing event waits here and will show it. */
  addSighting(folded: Folded, sighting: CaptureContext): void {
    this.#table?.addSighting(folded, sighting);
  }

  /** Why a failure is not wanted; sampling is decided here too, so that both come before any cost. */
  exclusion(
    error: unknown,
    type: string,
    message: string,
  ): Extract<DropReason, "ignored" | "sample_rate"> | undefined {
    const { options, random } = this.#context;
    if (isIgnored(options.ignoreErrors, error, type, message)) return "ignored";
    return this.sampleRate < 1 && random() >= this.sampleRate ? "sample_rate" : undefined;
  }

  /** Counts a failure that repeats a folded one to the letter. @returns the id of its event; `undefined`: it may be anything */
  echo(error: unknown): string | undefined {
    const { items } = this.#echoing;
    if (items.length === 0 || this.sampleRate < 1 || typeof error !== "object" || error === null)
      return undefined;
    try {
      const { name, message, stack } = error as Error;
      for (let index = 0; index < items.length; index++) {
        const echo = items[index]!.held?.echo;
        if (echo === undefined || echo.stack !== stack || echo.message !== message || echo.name !== name)
          continue;
        return echo.add(error, this.#context.clock.now()) ? echo.eventId : undefined;
      }
    } catch {
      // A getter or a proxy that throws is read with more care.
    }
    return undefined;
  }

  /** Decides on a failure that was not seen in this scope before, and remembers it and its causes. */
  decide(key: string, scope: Scope, tree: CauseTree | undefined): Decision {
    const told = tree === undefined ? NONE_TOLD : this.#toldCauses(scope, tree);
    const held = told === NONE_TOLD ? undefined : told.find((id) => this.#context.isWaitingAlone(id));
    const decision: Decision = held !== undefined ? { kind: "wrap", id: held } : this.#admit(key, told);
    if (tree !== undefined) this.#remember(scope, tree, decision);
    return decision;
  }

  /** Remembers a failure that was excluded, so that its next sighting is not a new one. @returns the id it goes by */
  rememberExcluded(scope: Scope, error: unknown): string {
    const eventId = this.#context.newId();
    rememberSighting(scope, error, { client: this.#context.client, eventId, isRoot: true });
    return eventId;
  }

  /**
   * Counts a capture into the closing event of its key.
   *
   * @param error - what was captured
   * @returns `first` and `more` as {@link FoldTable.fold}; `unknown`: it must be dropped
   */
  fold(
    key: string,
    snapshot: Snapshot,
    bytes: number,
    last: Folded,
    error: unknown,
  ): "first" | "more" | "unknown" {
    const folded = this.#table?.fold(key, snapshot, bytes, last) ?? "unknown";
    if (this.#context.echoes) this.#listen(key, snapshot, error);
    return folded;
  }

  /** Sends all closing events now. `true`: none is left. */
  tellAll(): boolean {
    this.#table?.tellAll();
    return this.held.items === 0;
  }

  /** Forgets all counts and stops its timer. @returns what was counted and never told */
  close(): Untold[] {
    return this.#table?.clear() ?? [];
  }

  /** Lets the captures after this one, which was folded, be compared to it. */
  #listen(key: string, snapshot: Snapshot, error: unknown): void {
    const kind = this.#table?.kindOf(key);
    // Folding it may have told of it.
    if (kind?.held?.snapshot !== snapshot) return;
    const { captures, ms } = this.#table!.reachOf(kind);
    const { client } = this.#context;
    const reach = { captures, ms: Math.min(ms, LOOK_EVERY_MS) };
    kind.held.echo = createEcho({ error, snapshot, client, settle: () => takeEcho(kind) }, reach);
    if (!this.#echoing.items.includes(kind)) this.#echoing.add(kind);
  }

  #admit(key: string, related: readonly string[]): Decision {
    const { newId } = this.#context;
    const verdict = this.#table?.admit(key) ?? this.#admitUncounted();
    if (verdict === "fold")
      return { kind: "fold", id: this.#table!.closingId(key), folded: { isShown: true } };
    if (verdict === "drop") return { kind: "drop", id: newId(), reason: "queue_overflow" };
    return { kind: "send", id: newId(), related, folded: { isShown: true } };
  }

  /** Where nothing is folded, a full queue drops what has no other place. */
  #admitUncounted(): Verdict {
    const { isFull, isOverflowing, isOnDisk } = this.#context.behind(this.held);
    return isOverflowing || (isFull && !isOnDisk) ? "drop" : "send";
  }

  #pressure(): Pressure {
    const { isOverflowing, isFull, isHeldBack } = this.#context.behind(this.held);
    if (isOverflowing) return "overflowing";
    return isFull || isHeldBack ? "held-back" : "none";
  }

  /** Events whose very subject is a cause of this failure; the failure itself is known to be new here. */
  #toldCauses(scope: Scope, { objects }: CauseTree): readonly string[] {
    if (objects.length <= 1) return NONE_TOLD;
    const told = new Set<string>();
    for (const object of objects) {
      const sighting = findSighting(scope, object, this.#context.client);
      if (sighting?.isRoot) told.add(sighting.eventId);
    }
    return [...told];
  }

  #remember(scope: Scope, { objects }: CauseTree, decision: Decision): void {
    const { client } = this.#context;
    const folded = "folded" in decision ? decision.folded : undefined;
    let isRoot = true;
    for (const object of objects) {
      rememberSighting(scope, object, { client, eventId: decision.id, isRoot, folded });
      isRoot = false;
    }
  }
}

/** So often one of a storm is looked at like any other, for those who watch every capture to know how the process is. */
const LOOK_EVERY_MS = 100;

const NONE_TOLD: readonly string[] = [];

/** Another capture is shown in the event that counts this one. */
const UNSHOWN: Folded = { isShown: false };
