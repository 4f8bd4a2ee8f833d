import type { TagValue, UserInput } from "../capture/hint.js";
import type {
  Attachment,
  Breadcrumb,
  BreadcrumbInput,
  Json,
  Level,
  RequestInfo,
  User,
} from "../model/event.js";
import { levelFrom } from "../model/levels.js";
import { needStack } from "../model/stack-room.js";
import { timestamp as readTimestamp } from "../process/conform/names.js";
import { ownKeys } from "../process/normalise/own-keys.js";
import { cleanText, createNormaliser, type NormaliseLimits, normaliseRecord } from "../process/normalise.js";
import { Trace } from "../trace/trace.js";
import { copyAttachment, type HeldAttachment } from "./attachments.js";
import {
  append,
  type BreadcrumbList,
  type BreadcrumbPolicy,
  breadcrumbPolicy,
  EMPTY_TRAIL,
} from "./breadcrumbs.js";

/** Which parts of a request may leave. */
export interface RequestPolicy {
  /** Also the client's address and all cookies. */
  readonly sendDefaultPii: boolean;
  /** Also the body, where the framework has parsed it. */
  readonly requestBody: boolean;
  readonly maxRequestBodyBytes: number;
}

/** What a request looks like, found out only when an event needs it. */
export type RequestSource = (policy: RequestPolicy) => {
  readonly request: RequestInfo;
  readonly transaction?: string;
};

/**
 * What a scope holds: a value, never changed once made, so that a fork or a snapshot of it is free.
 *
 * @internal
 */
export interface ScopeData {
  readonly tags: Readonly<Record<string, string>>;
  readonly extra: Readonly<Record<string, Json>>;
  readonly contexts: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly user?: User;
  readonly fingerprint?: readonly string[];
  readonly transaction?: string;
  readonly level?: Level;
  readonly request?: RequestSource;
  readonly attachments: readonly HeldAttachment[];
  readonly breadcrumbs: BreadcrumbList;
  /** Those of the breadcrumbs that requests take along when they begin. */
  readonly passedOn: BreadcrumbList;
  /** The trace this work belongs to, where it has one of its own. */
  readonly trace?: Trace;
}

/**
 * What the innermost of some scopes that holds a field holds there. A loop, because every capture asks a few times.
 *
 * @internal
 */
export function innermost<Field extends keyof ScopeData>(
  layers: readonly ScopeData[],
  field: Field,
): ScopeData[Field] | undefined {
  for (let index = layers.length - 1; index >= 0; index--) {
    const value = layers[index]![field];
    if (value !== undefined) return value;
  }
  return undefined;
}

const NOTHING: Readonly<Record<string, never>> = {};
const NO_FILES: readonly never[] = [];

/** Data with nothing in it, but with all its keys: engines copy objects of one shape many times faster. */
function emptyData(trace?: Trace, passedOn: BreadcrumbList = EMPTY_TRAIL): ScopeData {
  return {
    tags: NOTHING,
    extra: NOTHING,
    contexts: NOTHING,
    user: undefined,
    fingerprint: undefined,
    transaction: undefined,
    level: undefined,
    request: undefined,
    attachments: NO_FILES,
    breadcrumbs: passedOn,
    passedOn,
    trace,
  };
}

const EMPTY: ScopeData = emptyData();

/**
 * The data of a scope of another process, as far as it is known.
 *
 * @internal
 */
export function recalledData(known: Partial<ScopeData>): ScopeData {
  return { ...EMPTY, ...known };
}
const DEFAULT_POLICY = breadcrumbPolicy(100, undefined);

/**
 * What is known about the work at hand: for whom, in which request, after which steps.
 *
 * Setters copy what they are given, at once and bounded, so a scope holds no live object of the application; they
 * take anything and never throw.
 */
export class Scope {
  #data: ScopeData;
  #policy: BreadcrumbPolicy | undefined;
  /** The id of the last event captured here. */
  lastEventId: string | undefined;
  #sightings: WeakMap<object, unknown> | undefined;
  /**
   * The last failure captured here that is held until its request is answered.
   *
   * @internal
   */
  held: { readonly error: unknown; send(): string } | undefined;
  #isEnded = false;

  /** @internal */
  constructor(data: ScopeData = EMPTY, policy?: BreadcrumbPolicy) {
    this.#data = data;
    this.#policy = policy;
  }

  /** A scope that starts with all this one holds and goes its own way. */
  fork(): Scope {
    return new Scope(this.#data, this.#policy);
  }

  /**
   * Ends the work of this scope: it keeps what it holds and takes nothing more. Events captured in it later carry the
   * tag `request_ended`.
   *
   * @internal
   */
  end(): void {
    if (this.#isEnded) return;
    this.setTag("request_ended", true);
    this.#isEnded = true;
  }

  /** @internal */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * A fork that takes changes, for work that goes on after this scope has ended. Failures seen here are known there.
   *
   * @internal
   */
  reopen(): Scope {
    const open = this.fork();
    open.#sightings = this.sightings as WeakMap<object, unknown>;
    open.lastEventId = this.lastEventId;
    return open;
  }

  /**
   * An empty scope to lay over this one, for a `withScope`.
   *
   * @internal
   */
  overlay(): Scope {
    return new Scope(EMPTY, this.#policy);
  }

  /**
   * The same for a request: it takes breadcrumbs along and begins a trace.
   *
   * @param atBegin - what this scope held when the request began
   * @internal
   */
  requestOverlay({ passedOn }: ScopeData = this.#data): Scope {
    return new Scope(emptyData(new Trace(), passedOn), this.#policy);
  }

  /**
   * Failures already seen here, by error object: kept on the scope so that both are forgotten together.
   *
   * @internal
   */
  get sightings(): WeakMap<object, unknown> {
    // Most requests see none, and a map is the dearest part of a scope.
    this.#sightings ??= new WeakMap();
    return this.#sightings;
  }

  /**
   * What the scope holds now; later changes do not show in it.
   *
   * @internal
   */
  snapshot(): ScopeData {
    return this.#data;
  }

  /** Sets one tag; `undefined` or `null` removes it. */
  setTag(key: string, value: TagValue | null | undefined): this {
    return this.#change((data) => withTags(data, { [cleanText(key, 200)]: value }));
  }

  /** Sets tags by key; `undefined` or `null` removes one. */
  setTags(tags: Readonly<Record<string, TagValue | null | undefined>>): this {
    return this.#change((data) => withTags(data, tags));
  }

  /** Sets one extra value; `undefined` removes it. */
  setExtra(key: string, value: unknown): this {
    return this.#change((data) => withExtras(data, { [cleanText(key, 200)]: value }));
  }

  /** Sets extra values by key; `undefined` removes one. */
  setExtras(extra: Readonly<Record<string, unknown>>): this {
    return this.#change((data) => withExtras(data, extra));
  }

  /** Sets a named block of facts; `null` removes it. */
  setContext(name: string, context: Readonly<Record<string, unknown>> | null): this {
    return this.#change((data) => ({
      ...data,
      contexts: mergeDefined(data.contexts, { [cleanText(name, 200)]: context }, (value) =>
        normaliseRecord(value),
      ),
    }));
  }

  /** Sets for whom the work is done; `null` forgets it. */
  setUser(user: UserInput | null): this {
    return this.#change((data) => ({ ...data, user: user === null ? undefined : userFromInput(user) }));
  }

  /** Sets the grouping; `undefined` goes back to the default. */
  setFingerprint(fingerprint: readonly string[] | undefined): this {
    return this.#change((data) => ({
      ...data,
      fingerprint: copyFingerprint(fingerprint),
    }));
  }

  /** Sets the name of the work: a route's pattern or a job's name. */
  setTransaction(name: string | undefined): this {
    return this.#change((data) => ({
      ...data,
      transaction: name === undefined ? undefined : cleanText(name, 200),
    }));
  }

  /** Sets the level of events that do not say theirs; `undefined` goes back to the default. */
  setLevel(level: Level | undefined): this {
    return this.#change((data) => ({ ...data, level: levelFrom(level) }));
  }

  /** Says how to describe the request; asked only when an event needs it. */
  setRequest(source: RequestSource | undefined): this {
    return this.#change((data) => ({ ...data, request: source }));
  }

  /**
   * Makes this work part of the trace that its caller named, in `sentry-trace` and `baggage` or in `traceparent`.
   *
   * @param headers - gives the headers of the request or message, by lower-case name; asked only when an event or an
   * outgoing request needs them
   */
  continueTrace(headers: () => unknown): this {
    return this.#change((data) => ({ ...data, trace: new Trace(headers) }));
  }

  /**
   * Adds a file to every event of this scope, as it is now. Files are not scrubbed; of several, the first 30 and 20 MiB
   * in all leave with an event.
   */
  addAttachment(attachment: Attachment): this {
    return this.#change((data) => {
      const copy = data.attachments.length < MAX_KEYS ? copyAttachment(attachment) : undefined;
      return copy === undefined ? data : { ...data, attachments: [...data.attachments, copy] };
    });
  }

  /**
   * Adds a step that happened; the last `maxBreadcrumbs` are kept.
   *
   * @param options - `passOn`: requests that begin later take it along. Default true; false for what was merely seen,
   * because outside of any request that may be anybody's
   */
  addBreadcrumb(crumb: BreadcrumbInput, { passOn = true }: { readonly passOn?: boolean } = {}): this {
    if (this.#isEnded && !passOn) return this;
    return this.#change((data) => {
      const { max, prepare, onKept } = this.#policy ?? DEFAULT_POLICY;
      const prepared = max > 0 ? prepare({ timestamp: Date.now() / 1000, ...crumbFields(crumb) }) : null;
      if (prepared === null) return data;
      const kept = plainCrumb(prepared);
      onKept?.(kept);
      const breadcrumbs = append(data.breadcrumbs, kept, max);
      if (!passOn) return { ...data, breadcrumbs };
      const isSame = data.passedOn === data.breadcrumbs;
      return { ...data, breadcrumbs, passedOn: isSame ? breadcrumbs : append(data.passedOn, kept, max) };
    });
  }

  /** Forgets everything, breadcrumbs too; the work stays part of its trace. */
  clear(): this {
    return this.#change(({ trace }) => emptyData(trace));
  }

  /**
   * Lets a client decide what becomes of breadcrumbs here and in later forks.
   *
   * @internal
   */
  governBreadcrumbs(policy: BreadcrumbPolicy | undefined): void {
    this.#policy = policy;
  }

  /** A setter that fails on its value changes nothing, and neither does one in a scope that has ended. */
  #change(next: (data: ScopeData) => ScopeData): this {
    if (this.#isEnded) {
      this.#policy?.onEnded?.();
      return this;
    }
    try {
      needStack();
      this.#data = next(this.#data);
    } catch {
      // A hostile value costs itself only.
    }
    return this;
  }
}

function withTags(data: ScopeData, tags: Readonly<Record<string, unknown>>): ScopeData {
  return { ...data, tags: mergeDefined(data.tags, tags, (value) => cleanText(value, 200)) };
}

function withExtras(data: ScopeData, extra: Readonly<Record<string, unknown>>): ScopeData {
  return { ...data, extra: mergeDefined(data.extra, extra, createNormaliser()) };
}

/**
 * A user with the wire's keys and texts; what the wire does not know goes to `data`.
 *
 * @internal
 */
export function userFromInput(user: UserInput): User {
  const { geo, data, ...texts } = pick(user, USER_FIELDS);
  const known = mergeDefined({}, texts, (value) => cleanText(value, 128));
  const rest = pick(
    user,
    (ownKeys(user)?.names ?? []).slice(0, MAX_KEYS).filter((key) => !USER_FIELDS.includes(key)),
  );
  const more = { ...(data === undefined ? {} : normaliseRecord(data)), ...normaliseRecord(rest) };
  return {
    ...known,
    ...(geo === undefined ? {} : { geo: normaliseRecord(geo) }),
    ...(Object.keys(more).length === 0 ? {} : { data: more }),
  };
}

const USER_FIELDS: readonly string[] = ["id", "username", "email", "ip_address", "name", "geo", "data"];

/**
 * The grouping an application wants, as texts; `undefined` for anything but a list.
 *
 * @internal
 */
export function copyFingerprint(parts: unknown): string[] | undefined {
  try {
    if (!Array.isArray(parts)) return undefined;
    return Array.from({ length: Math.min(parts.length, 50) }, (_, index) => cleanText(parts[index], 1024));
  } catch {
    return undefined; // A hostile proxy.
  }
}

/** A breadcrumb is a step, not a store: what it may hold, so that a hundred of them are never heavy. */
const CRUMB_LIMITS: NormaliseLimits = { depth: 5, breadth: 30, stringLength: 1024, totalBytes: 4096 };
const CRUMB_MESSAGE = 2048;

/** The fields of a breadcrumb, whatever else the object given holds. */
function crumbFields(crumb: BreadcrumbInput): Breadcrumb {
  return pick(crumb, ["timestamp", "type", "category", "message", "level", "data"]) as Breadcrumb;
}

function plainCrumb(crumb: Breadcrumb): Breadcrumb {
  const { timestamp, type, category, message, level, data } = crumb;
  return {
    ...mergeDefined({}, { type, category }, (value) => cleanText(value, 128)),
    ...(message === undefined ? {} : { message: cleanText(message, CRUMB_MESSAGE) }),
    ...mergeDefined({}, { timestamp: readTimestamp(timestamp), level: levelFrom(level) }, (value) => value),
    ...(data === undefined ? {} : { data: normaliseRecord(data, CRUMB_LIMITS) }),
  };
}

/** Most keys of one record; servers take no more tags, and people read no more of the rest. */
const MAX_KEYS = 200;

/**
 * `base` with `changes` by key, each value made by `copy`; a key whose value is `undefined` or `null` is removed. There
 * are never more than 200 keys: further ones are left out.
 *
 * @internal
 */
export function mergeDefined<In, Out>(
  base: Readonly<Record<string, Out>>,
  changes: Readonly<Record<string, In>>,
  copy: (value: NonNullable<In>) => Out,
): Record<string, Out> {
  const merged = new Map(Object.entries(base));
  for (const key of (ownKeys(changes)?.names ?? []).slice(0, MAX_KEYS)) {
    const value = readKey(changes, key);
    if (value === undefined || value === null) merged.delete(key);
    else if (merged.size < MAX_KEYS || merged.has(key)) merged.set(key, copy(value));
  }
  return Object.fromEntries(merged);
}

/** The fields of these names that are there. */
function pick(object: object, names: readonly string[]): Record<string, unknown> {
  const fields = names.map((name) => [name, readKey(object as Readonly<Record<string, unknown>>, name)]);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined && value !== null));
}

/** One throwing getter costs its own key, not its neighbours'. */
function readKey<T>(object: Readonly<Record<string, T>>, key: string): T | undefined {
  try {
    return object[key];
  } catch {
    return undefined;
  }
}
