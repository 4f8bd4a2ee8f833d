import { mayHaveCauses } from "../capture/cause-tree.js";
import type { CountedTogether, Sighting } from "../capture/seen-errors.js";
import { NO_HINT, type Snapshot } from "../capture/snapshot.js";
import { type StackText, stackBytes } from "../capture/stack.js";
import { type Context, currentContext } from "../context/current.js";
import type { Scope, ScopeData } from "../context/scope.js";
import { activeOtelSpan } from "../trace/otel.js";
import type { Folded } from "./aggregate.js";

/** How far an echo reaches: after so many captures, and after so long, one is looked at like any other. */
export interface EchoReach {
  readonly captures: number;
  readonly ms: number;
}

/** What was captured, and what is known of it. */
export interface EchoSource {
  readonly error: unknown;
  /** Of this very turn. */
  readonly snapshot: Snapshot;
  readonly client: { readonly scope: Scope };
  /** Makes the last one that repeated it the one its event shows. */
  settle(): void;
}

/** So that what is remembered of the largest texts weighs little. */
const LONGEST_REMEMBERED = 8192;

/** Begins to listen for the echo of a capture that was just folded; `undefined` where it can have none. */
export function createEcho(source: EchoSource, reach: EchoReach): Echo | undefined {
  const { error, snapshot } = source;
  const [node, cause] = snapshot.exceptions;
  if (node === undefined || cause !== undefined || node.own !== undefined) return undefined;
  const { stack } = node;
  if (snapshot.hint !== NO_HINT || snapshot.request !== undefined || snapshot.site !== undefined)
    return undefined;
  if (!("raw" in stack) || stackBytes(stack) > LONGEST_REMEMBERED) return undefined;
  try {
    const echo = new Echo(source, stack, reach);
    return echo.isTextAlone(error as object) ? echo : undefined;
  } catch {
    return undefined; // A proxy that throws.
  }
}

/**
 * The captures that repeat a folded one to the letter: nearly all there are in a storm. They are recognised by texts
 * alone and only counted, here; nothing of them is read or copied. That spares the caller half of the time, and the
 * process more: V8 would compile the whole road of a capture for the storm, which takes longer than the storm itself.
 *
 * Only plain errors have an echo: without causes and data of their own, reported without a hint, outside of HTTP
 * requests. It ends when a scope around it changes.
 */
export class Echo implements CountedTogether {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** How many there were so far. */
  count = 0;
  /** When the last of them was made, in milliseconds since the Unix epoch. */
  last = 0;
  /** The error of the last of them. */
  latest: unknown;
  /** Whether the event shows it. */
  readonly folded: Folded = { isShown: true };
  readonly settle: () => void;
  readonly #prototype: unknown;
  readonly #clientScope: Scope;
  readonly #context: Context;
  /** What the scopes held, outermost first. */
  readonly #layers: readonly ScopeData[];
  readonly #sightings: WeakMap<object, unknown>;
  /** What is remembered of each error. */
  readonly #sighting: Sighting;
  readonly #since: number;
  readonly #reach: EchoReach;

  constructor(
    { error, snapshot, client, settle }: EchoSource,
    { name, message, raw }: Extract<StackText, { raw: string }>,
    reach: EchoReach,
  ) {
    const context = currentContext();
    this.name = name;
    this.message = message;
    this.stack = raw;
    this.settle = settle;
    this.#prototype = Object.getPrototypeOf(error);
    this.#clientScope = client.scope;
    this.#context = context;
    this.#layers = snapshot.layers;
    this.#sightings = (context.request ?? client.scope).sightings;
    this.#sighting = { client, eventId: snapshot.id, isRoot: true, folded: this.folded, counted: this };
    this.#since = Math.floor(snapshot.timestamp * 1000);
    this.#reach = reach;
  }

  /** The event that tells of them. */
  get eventId(): string {
    return this.#sighting.eventId;
  }

  /**
   * Counts a capture whose error has these texts. `false`: it tells something else than they do.
   *
   * @param at - now, in milliseconds since the Unix epoch
   */
  add(error: object, at: number): boolean {
    const { captures, ms } = this.#reach;
    const age = at - this.#since;
    const isWithin = this.count < captures && age >= 0 && age < ms;
    const isNew = isWithin && this.#isSameScope() && !this.#sightings.has(error);
    if (!isNew || !this.isTextAlone(error)) return false;
    this.#sightings.set(error, this.#sighting);
    this.count++;
    this.last = at;
    this.latest = error;
    return true;
  }

  /** Whether an error tells nothing beside its name, message and stack. */
  isTextAlone(error: object): boolean {
    return (
      Object.getPrototypeOf(error) === this.#prototype &&
      !mayHaveCauses(error) &&
      (error as { syscall?: unknown }).syscall === undefined &&
      Object.keys(error).length === 0
    );
  }

  #isSameScope(): boolean {
    const context = currentContext();
    const { request, local } = context;
    let outer = 0;
    return (
      context === this.#context &&
      this.#clientScope.snapshot() === this.#layers[0] &&
      (request === undefined || request.snapshot() === this.#layers[++outer]) &&
      (local === undefined || local.snapshot() === this.#layers[++outer]) &&
      activeOtelSpan() === undefined
    );
  }
}
