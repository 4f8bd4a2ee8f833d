import { copyAttachments, type HeldAttachment } from "../context/attachments.js";
import type { BreadcrumbList } from "../context/breadcrumbs.js";
import {
  copyFingerprint,
  innermost,
  mergeDefined,
  type RequestPolicy,
  Scope,
  type ScopeData,
  userFromInput,
} from "../context/scope.js";
import type { TraceLink } from "../context/trace-link.js";
import type { Event, Json, Level, LogEntry, Mechanism, RequestInfo, User } from "../model/event.js";
import { levelFrom } from "../model/levels.js";
import { isList, isObject, read, readText } from "../model/safe-read.js";
import {
  asRecord,
  cleanText,
  createNormaliser,
  type NormaliseLimits,
  normalise,
  normaliseRecord,
} from "../process/normalise.js";
import { interpolate } from "../process/text.js";
import type { ExceptionNode } from "./cause-tree.js";
import type { CaptureHint, UserInput } from "./hint.js";
import { type StackText, stackBytes } from "./stack.js";

/** What a call gave beyond its scope, copied. */
export interface HintData {
  readonly level?: Level;
  readonly tags: Readonly<Record<string, string>>;
  readonly extra: Readonly<Record<string, Json>>;
  readonly contexts: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly user?: User;
  readonly fingerprint?: readonly string[];
  readonly transaction?: string;
  readonly logger?: string;
  readonly request?: RequestInfo;
  readonly attachments: readonly HeldAttachment[];
  readonly mechanism?: Mechanism;
}

/** Where a capture was made: the scopes around it, what its call gave, and the request as it was then. */
export interface CaptureContext {
  /** Outermost first. Immutable, so holding them is free. */
  readonly layers: readonly ScopeData[];
  /** The breadcrumbs that count here, in order: those of the request (outside of one, the process's), then the inner scope's. */
  readonly trails: readonly BreadcrumbList[];
  readonly hint: HintData;
  readonly request?: RequestInfo;
  /** The transaction's name as the request knew it. */
  readonly transaction?: string;
  readonly trace?: TraceLink;
}

/** What was captured, all text and copies: nothing here changes when the application goes on. */
export interface Subject {
  /** The caught error first, then its causes. */
  readonly exceptions: readonly ExceptionNode[];
  readonly message?: LogEntry;
  /** What `captureEvent` was given. */
  readonly event?: Partial<Event>;
  /** The stack of the reporting call: for errors without one, thrown values, and messages on request. */
  readonly site?: StackText;
}

/** One capture, taken while the caller waits; everything else happens later. */
export interface Snapshot extends Subject, CaptureContext {
  readonly id: string;
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
  /** The captured value itself, where a hook may ask for it; let go when the event is finished. */
  readonly original: unknown;
}

/** Puts a snapshot together. All have one shape, which is what makes thousands of them quick to make and to read. */
export function snapshotOf(
  id: string,
  timestamp: number,
  { exceptions, message, event, site }: Subject,
  { layers, trails, hint, request, transaction, trace }: CaptureContext,
  original: unknown,
): Snapshot {
  return {
    id,
    timestamp,
    exceptions,
    message,
    event,
    site,
    layers,
    trails,
    hint,
    request,
    transaction,
    trace,
    original,
  };
}

/** What a call without a hint gave. */
export const NO_HINT: HintData = { tags: {}, extra: {}, contexts: {}, attachments: [] };

/**
 * Copies a hint, field by field: one that cannot be read costs itself only. What hints of other clients mean is read too:
 * `(scope) => …`, `captureContext`, `tag` and `req`.
 */
export function copyHint(given: CaptureHint | undefined, limits: NormaliseLimits): HintData {
  const hint = plainHint(given);
  if (!isObject(hint)) return NO_HINT;
  const copy: { -readonly [Field in keyof HintData]?: unknown } = { ...NO_HINT };
  for (const [field, copyField] of Object.entries(HINT_FIELDS)) {
    try {
      const given: unknown = (hint as Record<string, unknown>)[field];
      if (given !== undefined && given !== null)
        copy[field as keyof HintData] = copyField(given as never, limits);
    } catch {
      // What is unusable is left out.
    }
  }
  return copy as HintData;
}

function plainHint(given: unknown): object | undefined {
  if (typeof given === "function") return writtenScope(given);
  if (!isObject(given)) return undefined;
  const [context, tag, req] = ["captureContext", "tag", "req"].map((name) => read(given, name));
  if (context === undefined && !isObject(tag) && !isObject(req)) return given;
  return {
    ...plainHint(context),
    ...(isObject(tag) ? { tags: tag } : {}),
    ...(isObject(req) ? { request: requestOf(req) } : {}),
    ...given,
  };
}

/** What a function writes into the scope that other clients hand to it. */
function writtenScope(write: object): object | undefined {
  try {
    const scope = new Scope();
    Reflect.apply(write as (scope: Scope) => unknown, undefined, [scope]);
    const { request: _request, breadcrumbs: _breadcrumbs, ...data } = scope.snapshot();
    return data;
  } catch {
    return undefined; // The application's mistake, which costs its own words only.
  }
}

function requestOf(req: object): RequestInfo {
  const url = readText(req, "originalUrl") ?? readText(req, "url");
  const method = readText(req, "method");
  const headers = read(req, "headers");
  return {
    ...(method === undefined ? {} : { method }),
    ...(url === undefined ? {} : { url }),
    ...(isObject(headers) ? { headers: headers as Record<string, string> } : {}),
  };
}

const HINT_FIELDS: {
  readonly [Field in keyof HintData]-?: (given: never, limits: NormaliseLimits) => unknown;
} = {
  level: levelFrom,
  tags: (tags: NonNullable<CaptureHint["tags"]>) => mergeDefined({}, tags, (value) => cleanText(value, 200)),
  extra: (extra: NonNullable<CaptureHint["extra"]>, limits) =>
    mergeDefined({}, extra, createNormaliser(limits)),
  contexts: (contexts: NonNullable<CaptureHint["contexts"]>, limits) => {
    const copy = createNormaliser(limits);
    return mergeDefined({}, contexts, (value) => asRecord(copy(value)));
  },
  user: (user: UserInput) => (isObject(user) ? userFromInput(user) : undefined),
  fingerprint: copyFingerprint,
  transaction: (name: string) => cleanText(name, 200),
  logger: (name: string) => cleanText(name, 64),
  request: (request: RequestInfo, limits) => (isObject(request) ? normalise(request, limits) : undefined),
  attachments: copyAttachments,
  mechanism: (mechanism: Mechanism, limits) =>
    isObject(mechanism) ? normaliseRecord(mechanism, limits) : undefined,
};

/** Asks the innermost request source what the request looks like; one that fails knows nothing. */
export function describeRequest(
  layers: readonly ScopeData[],
  policy: RequestPolicy,
): Pick<CaptureContext, "request" | "transaction"> {
  const source = innermost(layers, "request");
  if (source === undefined) return NO_REQUEST;
  try {
    return { ...source(policy) };
  } catch {
    return NO_REQUEST;
  }
}

const NO_REQUEST: Pick<CaptureContext, "request" | "transaction"> = {};

/** The text of a message; with `params`, `message` is a template. Values without a place are left to `params`. */
export function logEntryFrom(message: unknown, params: unknown, stringLength: number): LogEntry {
  const template = cleanText(message, stringLength);
  if (!isList(params)) return { formatted: template };
  const texts = Array.from({ length: Math.min(Number(read(params, "length")) || 0, 50) }, (_, index) =>
    cleanText(read(params, index), 1024),
  );
  return {
    formatted: cleanText(interpolate(template, texts), stringLength),
    message: template,
    params: texts,
  };
}

/** What a snapshot weighs in the queue, in bytes, about. */
export function snapshotBytes(snapshot: Snapshot): number {
  let bytes = ownBytes(snapshot) + hintBytes(snapshot.hint);
  for (const trail of snapshot.trails) bytes += trail.bytes;
  return bytes;
}

/** The weight of a capture's objects beside their texts, and the assumed weight of a request. */
const OBJECT_BYTES = 1536;
const REQUEST_BYTES = 1024;

/** What of it is the capture's alone: what was captured, and its request. */
export function ownBytes({ exceptions, message, event, request }: Snapshot): number {
  let bytes = OBJECT_BYTES + (request === undefined ? 0 : REQUEST_BYTES) + errorBytes(exceptions);
  bytes += message?.formatted.length ?? 0;
  return event === undefined ? bytes : bytes + jsonBytes(event);
}

/** What the errors say of themselves. */
export function errorBytes(exceptions: Subject["exceptions"]): number {
  let bytes = 0;
  for (const { type, value, stack, own } of exceptions) {
    bytes += type.length + value.length + stackBytes(stack) + (own === undefined ? 0 : jsonBytes(own));
  }
  return bytes;
}

/** What its call gave. */
export function hintBytes(hint: HintData): number {
  if (hint === NO_HINT) return 0;
  let bytes = jsonBytes(hint.extra) + jsonBytes(hint.contexts);
  for (const { data } of hint.attachments) bytes += data.length;
  return bytes;
}

/** Later sightings that are kept of one failure: a cached error may be seen again forever. */
const MAX_SIGHTINGS = 10;
/** What one of them weighs beside what its call gave, in bytes, about. */
const SIGHTING_BYTES = 1024;

/** What a later sighting of a failure weighs, in bytes, about. */
export function sightingBytes(hint: HintData): number {
  return SIGHTING_BYTES + hintBytes(hint);
}

/**
 * Adds a later sighting of a failure to those before. When there are many, the newest takes the place of the last: it may
 * be the one that nobody handled.
 *
 * @param hasRoomFor - asked for so many bytes more; `false`: it is left out
 * @returns by how many bytes they weigh more, about
 */
export function addSighting(
  sightings: CaptureContext[],
  { layers, hint, request, transaction, trace }: CaptureContext,
  hasRoomFor: (bytes: number) => boolean,
): number {
  const last = sightings.length < MAX_SIGHTINGS ? undefined : sightings.at(-1);
  const more = sightingBytes(hint) - (last === undefined ? 0 : sightingBytes(last.hint));
  if (!hasRoomFor(more)) return 0;
  if (last !== undefined) sightings.pop();
  // An event shows the steps that led to its first sighting.
  sightings.push({ layers, trails: [], hint, request, transaction, trace });
  return more;
}

function jsonBytes(value: unknown): number {
  return value === undefined ? 0 : JSON.stringify(value).length;
}
