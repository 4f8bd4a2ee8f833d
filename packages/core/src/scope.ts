import { append, type BreadcrumbPolicy, breadcrumbPolicy, EMPTY_TRAIL, type Trail } from "./breadcrumbs.js";
import type { TagValue, UserInput } from "./capture/hint.js";
import {
  type Attachment,
  type Breadcrumb,
  type Json,
  LEVELS,
  type Level,
  type RequestInfo,
  type User,
} from "./event.js";
import { cleanText, normalise, normaliseRecord } from "./process/normalise.js";

/** What of a request may be told. */
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

/** What a scope holds: a value, never changed once made, so that a fork or a snapshot of it is free. */
export interface ScopeData {
  readonly tags: Readonly<Record<string, string>>;
  readonly extra: Readonly<Record<string, Json>>;
  readonly contexts: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly user?: User;
  readonly fingerprint?: readonly string[];
  readonly transaction?: string;
  readonly level?: Level;
  readonly request?: RequestSource;
  readonly attachments: readonly Attachment[];
  readonly breadcrumbs: Trail;
}

const EMPTY: ScopeData = { tags: {}, extra: {}, contexts: {}, attachments: [], breadcrumbs: EMPTY_TRAIL };
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
  /** Failures already seen here, by error object: kept on the scope so that both are forgotten together. */
  readonly sightings: WeakMap<object, unknown> = new WeakMap();

  constructor(data: ScopeData = EMPTY, policy?: BreadcrumbPolicy) {
    this.#data = data;
    this.#policy = policy;
  }

  /** A scope that starts with all this one holds and goes its own way. */
  fork(): Scope {
    return new Scope(this.#data, this.#policy);
  }

  /** An empty scope to lay over this one: for a request (which takes the breadcrumbs so far along) or a `withScope`. */
  overlay(options: { readonly breadcrumbs: boolean }): Scope {
    const breadcrumbs = options.breadcrumbs ? this.#data.breadcrumbs : EMPTY_TRAIL;
    return new Scope({ ...EMPTY, breadcrumbs }, this.#policy);
  }

  /** What the scope holds now; later changes do not show in it. */
  snapshot(): ScopeData {
    return this.#data;
  }

  setTag(key: string, value: TagValue | null | undefined): this {
    return this.setTags({ [cleanText(key, 200)]: value });
  }

  /** Sets tags by key; `undefined` or `null` removes one. */
  setTags(tags: Readonly<Record<string, TagValue | null | undefined>>): this {
    return this.#change((data) => ({
      ...data,
      tags: mergeDefined(data.tags, tags, (value) => cleanText(value, 200)),
    }));
  }

  setExtra(key: string, value: unknown): this {
    return this.setExtras({ [cleanText(key, 200)]: value });
  }

  /** Sets extra values by key; `undefined` removes one. */
  setExtras(extra: Readonly<Record<string, unknown>>): this {
    return this.#change((data) => ({
      ...data,
      extra: mergeDefined(data.extra, extra, (value) => normalise(value)),
    }));
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
      fingerprint: fingerprint && Array.from(fingerprint, (part) => cleanText(part, 1024)),
    }));
  }

  /** Sets the name of the work: a route's pattern or a job's name. */
  setTransaction(name: string | undefined): this {
    return this.#change((data) => ({
      ...data,
      transaction: name === undefined ? undefined : cleanText(name, 200),
    }));
  }

  setLevel(level: Level | undefined): this {
    return this.#change((data) => ({ ...data, level: level && LEVELS.includes(level) ? level : undefined }));
  }

  /** Says how to describe the request; asked only when an event needs it. */
  setRequest(source: RequestSource | undefined): this {
    return this.#change((data) => ({ ...data, request: source }));
  }

  /** Adds a file to every event of this scope. Attachments are not scrubbed. */
  addAttachment(attachment: Attachment): this {
    return this.#change((data) => ({ ...data, attachments: [...data.attachments, { ...attachment }] }));
  }

  /** Adds a step that happened; the last `maxBreadcrumbs` are kept. */
  addBreadcrumb(crumb: Breadcrumb): this {
    return this.#change((data) => {
      const { max, prepare } = this.#policy ?? DEFAULT_POLICY;
      const prepared = max > 0 ? prepare({ timestamp: Date.now() / 1000, ...crumb }) : null;
      return prepared === null
        ? data
        : { ...data, breadcrumbs: append(data.breadcrumbs, plainCrumb(prepared), max) };
    });
  }

  /** Forgets everything, breadcrumbs too. */
  clear(): this {
    return this.#change(() => EMPTY);
  }

  /** Lets a client decide what becomes of breadcrumbs here and in later forks. */
  governBreadcrumbs(policy: BreadcrumbPolicy | undefined): void {
    this.#policy = policy;
  }

  /** A setter that fails on what it was given changes nothing. */
  #change(next: (data: ScopeData) => ScopeData): this {
    try {
      this.#data = next(this.#data);
    } catch {
      // A hostile value costs itself only.
    }
    return this;
  }
}

/** A user with the wire's keys and texts; what the wire does not know goes to `data`. */
export function userFromInput(user: UserInput): User {
  const { id, username, email, ip_address, name, geo, data, ...rest } = user;
  const known = mergeDefined({}, { id, username, email, ip_address, name }, (value) => cleanText(value, 128));
  const more = { ...(typeof data === "object" ? data : undefined), ...rest };
  return {
    ...known,
    ...(geo === undefined ? {} : { geo: normaliseRecord(geo) }),
    ...(Object.keys(more).length === 0 ? {} : { data: normaliseRecord(more) }),
  };
}

function plainCrumb(crumb: Breadcrumb): Breadcrumb {
  const { timestamp, type, category, message, level, data } = crumb;
  return {
    ...(typeof timestamp === "number" ? { timestamp } : {}),
    ...mergeDefined({}, { type, category }, (value) => cleanText(value, 128)),
    ...(message === undefined ? {} : { message: cleanText(message, 8192) }),
    ...(level !== undefined && LEVELS.includes(level) ? { level } : {}),
    ...(data === undefined ? {} : { data: normaliseRecord(data) }),
  };
}

/** `base` with `changes` by key, each value made by `copy`; a key whose value is `undefined` or `null` is removed. */
export function mergeDefined<In, Out>(
  base: Readonly<Record<string, Out>>,
  changes: Readonly<Record<string, In>>,
  copy: (value: NonNullable<In>) => Out,
): Record<string, Out> {
  const merged: Record<string, Out> = { ...base };
  for (const key of Object.keys(changes)) {
    const value = readKey(changes, key);
    if (value === undefined || value === null) delete merged[key];
    else merged[key] = copy(value);
  }
  return merged;
}

/** One throwing getter costs its own key, not its neighbours'. */
function readKey<T>(object: Readonly<Record<string, T>>, key: string): T | undefined {
  try {
    return object[key];
  } catch {
    return undefined;
  }
}
