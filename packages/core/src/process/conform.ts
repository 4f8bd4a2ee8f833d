import type {
  Breadcrumb,
  Event,
  Exception,
  Frame,
  Json,
  LogEntry,
  Mechanism,
  RequestInfo,
  Stacktrace,
  User,
} from "../model/event.js";
import { levelFrom } from "../model/levels.js";
import {
  complete,
  count,
  field,
  filled,
  flag,
  isNothing,
  isReadable,
  json,
  line,
  list,
  namesOf,
  object,
  oneOf,
  type Read,
  record,
  text,
  texts,
  values,
} from "./conform/fields.js";
import { dist, environment, eventId, release, tags, timestamp } from "./conform/names.js";
import {
  asRecord,
  createNormaliser,
  DEFAULT_LIMITS,
  type NormaliseLimits,
  normaliseRecord,
} from "./normalise.js";
import { interpolate } from "./text.js";

/**
 * What a hook returned, made to pass the protocol's event schema: known keys only, right types, the servers' limits,
 * no `null` for a missing key.
 *
 * What can be saved is (a number where text is wanted, a list of pairs for tags, `@acme/api@1.2.0` as a release);
 * what can not is left out. The candidate is not changed, its getters are not run, and nothing is thrown. Without a
 * usable id or time, a new id and the present moment are taken.
 *
 * @see https://develop.sentry.dev/sdk/foundations/transport/event-payloads/
 */
export function conformEvent(candidate: Event, limits: NormaliseLimits): Event {
  const read = readerFor(limits);
  const event = read(candidate) ?? {};
  return {
    ...event,
    event_id: event.event_id ?? globalThis.crypto.randomUUID().replaceAll("-", ""),
    timestamp: event.timestamp ?? Date.now() / 1000,
    platform: "node",
  };
}

/** The parts of an event that are there, legal by themselves; `{}` for anything that is no event. */
export function conformInput(candidate: unknown, limits: NormaliseLimits): Partial<Event> {
  return readerFor(limits)(candidate) ?? {};
}

/** The text of a message event with its template, where `logentry` of a candidate holds one. */
export function conformLogEntry(candidate: unknown, { stringLength }: NormaliseLimits): LogEntry | undefined {
  const given = isReadable(candidate) ? field(candidate, "logentry") : undefined;
  if (!isReadable(given)) {
    const formatted = text(stringLength)(given);
    return formatted === undefined ? undefined : { formatted };
  }
  const read = text(stringLength);
  const message = read(field(given, "message"));
  const params = list(text(1024), 50)(field(given, "params"));
  const formatted = read(field(given, "formatted")) ?? (message && interpolate(message, params ?? []));
  if (formatted === undefined) return undefined;
  return message === undefined || params === undefined ? { formatted } : { formatted, message, params };
}

/** Bounds of lists; far above what is collected, far below what hurts. */
const MAX_BREADCRUMBS = 500;
const MAX_EXCEPTIONS = 50;
const MAX_FRAMES = 250;

const readers = new WeakMap<NormaliseLimits, Read<Partial<Event>>>();

function readerFor(limits: NormaliseLimits): Read<Partial<Event>> {
  let read = readers.get(limits);
  if (read === undefined) {
    read = eventReader(limits);
    readers.set(limits, read);
  }
  return read;
}

function eventReader(given: NormaliseLimits): Read<Partial<Event>> {
  // Values were normalised when they came; what is merged from several places may lie deeper and be wider than each.
  const limits = {
    ...given,
    depth: given.depth + 2,
    breadth: Math.max(given.breadth, 200),
    totalBytes: 2 * (given.totalBytes ?? DEFAULT_LIMITS.totalBytes!),
  };
  const long = given.stringLength;
  const read = object<Partial<Event>>({
    event_id: eventId,
    timestamp,
    platform: () => "node",
    level: levelFrom,
    message: text(long),
    logger: line(64),
    transaction: line(200),
    transaction_info: complete(object<{ source: string }>({ source: oneOf(SOURCES) }), "source"),
    server_name: line(256),
    release,
    dist,
    environment,
    tags,
    extra: filled(record(limits)),
    contexts: contexts(limits),
    user: user(limits),
    request: request(limits),
    breadcrumbs: breadcrumbs(limits),
    exception: values(exception(limits), MAX_EXCEPTIONS),
    threads: values(thread(limits), MAX_EXCEPTIONS),
    fingerprint: list(text(256), 50),
    modules: texts({ ...limits, breadth: 500, stringLength: 128 }),
    sdk: complete(
      object<NonNullable<Event["sdk"]>>({
        name: line(128),
        version: line(64),
        integrations: list(line(64), 100),
        packages: list(complete(object({ name: line(128), version: line(64) }), "name", "version"), 20),
      }),
      "name",
      "version",
    ),
    debug_meta: debugMeta(limits),
    errors: list(complete(object({ type: line(64), name: line(128), value: text(256) }), "type"), 50),
  });
  return (value) => {
    const event = read(value);
    if (event?.message !== undefined) return event;
    const message = conformLogEntry(value, limits)?.formatted;
    return message === undefined ? event : { ...event, message };
  };
}

const SOURCES: readonly string[] = [
  "custom",
  "url",
  "route",
  "view",
  "component",
  "sanitized",
  "task",
  "unknown",
];

function contexts(limits: NormaliseLimits): Read<Record<string, Record<string, Json>>> {
  return (value) => {
    if (!isReadable(value)) return undefined;
    const copy = createNormaliser(limits);
    const result: [string, Record<string, Json>][] = [];
    for (const key of namesOf(value).slice(0, limits.breadth)) {
      const context = asRecord(copy(field(value, key) ?? {}));
      if (Object.keys(context).length > 0) result.push([text(128)(key)!, context]);
    }
    return result.length === 0 ? undefined : Object.fromEntries(result);
  };
}

/** Fields the schema does not know are kept, under `data`. */
function user(limits: NormaliseLimits): Read<User> {
  const known = object<User>({
    id: text(128),
    username: text(128),
    email: text(128),
    ip_address: line(64),
    name: text(128),
    geo: geo,
    data: record(limits),
  });
  const knownKeys = ["id", "username", "email", "ip_address", "name", "geo", "data"];
  return (value) => {
    if (!isReadable(value)) return undefined;
    const others = namesOf(value)
      .slice(0, limits.breadth)
      .filter((key) => !knownKeys.includes(key) && !isNothing(field(value, key)));
    if (others.length === 0) return known(value);
    const rest = Object.fromEntries(others.map((key) => [key, field(value, key)]));
    const result = known(value);
    return { ...result, data: { ...normaliseRecord(rest, limits), ...result?.data } };
  };
}

const geo: Read<Record<string, Json>> = object({
  city: text(128),
  country_code: text(128),
  region: text(128),
  subdivision: text(128),
}) as Read<Record<string, Json>>;

function request(limits: NormaliseLimits): Read<RequestInfo> {
  return object<RequestInfo>({
    method: line(32),
    url: address,
    query_string: queryString(limits),
    headers: texts(limits),
    cookies: texts(limits),
    data: json(limits),
    env: texts(limits),
  });
}

/** An address without user and password: whoever asked is told by `user`, if at all. */
const address: Read<string> = (value) =>
  text(2048)(value)?.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i, "$1");

function queryString(limits: NormaliseLimits): Read<string> {
  const readTexts = texts(limits);
  return (value) => {
    if (typeof value !== "object") return text(limits.stringLength)(value);
    const pairs = readTexts(value);
    return (
      pairs &&
      Object.entries(pairs)
        .map(([key, entry]) => `${encodeURIComponent(key)}=${encodeURIComponent(entry)}`)
        .join("&")
    );
  };
}

/** A list; `{ values }` is taken too. */
function breadcrumbs(limits: NormaliseLimits): Read<Breadcrumb[]> {
  const read = values(breadcrumb(limits), MAX_BREADCRUMBS);
  return (value) => read(value)?.values;
}

function breadcrumb(limits: NormaliseLimits): Read<Breadcrumb> {
  return object<Breadcrumb>({
    timestamp,
    type: line(128),
    category: line(128),
    message: text(limits.stringLength),
    level: levelFrom,
    data: record(limits),
  });
}

function exception(limits: NormaliseLimits): Read<Exception> {
  const read = object<Exception>({
    type: line(256),
    value: text(limits.stringLength),
    module: line(256),
    mechanism: mechanism(limits),
    stacktrace: stacktrace(limits),
  });
  return (value) => {
    const result = read(value);
    return result?.type === undefined && result?.value === undefined ? undefined : result;
  };
}

function mechanism(limits: NormaliseLimits): Read<Mechanism> {
  const read = object<Mechanism>({
    type: line(128),
    handled: flag,
    synthetic: flag,
    source: line(128),
    exception_id: count,
    parent_id: count,
    is_exception_group: flag,
    description: text(1024),
    help_link: line(1024),
    data: record(limits),
    meta: meta,
  });
  return (value) => {
    const result = read(value);
    return result && { ...result, type: result.type ?? "generic" };
  };
}

const whole: Read<number> = (value) => (Number.isSafeInteger(value) ? (value as number) : undefined);

const meta: Read<Record<string, Json>> = object({
  errno: object({ number: whole, name: line(64) }),
  signal: object({ number: whole, name: line(64), code: whole, code_name: line(64) }),
}) as Read<Record<string, Json>>;

function stacktrace(limits: NormaliseLimits): Read<Stacktrace> {
  return complete(object<Stacktrace>({ frames: list(frame(limits), MAX_FRAMES) }), "frames");
}

function frame(limits: NormaliseLimits): Read<Frame> {
  const sourceLine = text(1024);
  const read = object<Frame>({
    function: line(256),
    filename: line(1024),
    abs_path: line(2048),
    module: line(256),
    lineno: count,
    colno: count,
    in_app: flag,
    context_line: sourceLine,
    pre_context: list(sourceLine, 20),
    post_context: list(sourceLine, 20),
    vars: record(limits),
  });
  return (value) => {
    const result = read(value);
    return result?.function === undefined && result?.filename === undefined ? undefined : result;
  };
}

function thread(limits: NormaliseLimits): Read<Record<string, Json>> {
  return object({
    id: (value: unknown) => (typeof value === "number" ? count(value) : line(64)(value)),
    name: line(128),
    crashed: flag,
    current: flag,
    main: flag,
    state: line(64),
    stacktrace: stacktrace(limits),
  }) as Read<object> as Read<Record<string, Json>>;
}

function debugMeta(limits: NormaliseLimits): Read<{ images: Record<string, Json>[] }> {
  return complete(
    object<{ images: Record<string, Json>[] }>({ images: list(record(limits), 200) }),
    "images",
  );
}
