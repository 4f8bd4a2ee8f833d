import type { Breadcrumb, Event, Exception, Frame, Json } from "../model/event.js";
import { toPayload } from "../transport/envelope.js";
import { byteLength, cutText } from "./text.js";

/** One thing that may go. `excess` is how many bytes too large the event still is. */
type Cut = (event: Event, excess: number) => Event;

/** Least dear first. Every step goes over the event once, so the whole costs a dozen serialisations at most. */
const ORDER: readonly (readonly [name: string, cut: Cut])[] = [
  ["vars", (event) => mapFrames(event, withoutVars)],
  ["context_line", (event) => mapFrames(event, (frame) => (frame.in_app ? frame : withoutSource(frame)))],
  ["context_line", (event) => mapFrames(event, withoutSource)],
  ["breadcrumbs", dropOldestBreadcrumbs],
  ["extra", (event, excess) => ({ ...event, ...dropLargest({ extra: event.extra }, excess) })],
  ["contexts", dropLargestContexts],
  ["request", dropRequestParts],
  ["modules", ({ modules: _modules, threads: _threads, debug_meta: _debugMeta, ...event }) => event],
  ["frames", (event) => mapStacks(event, 50)],
  ["frames", (event) => mapStacks(event, 4)],
  ["exception", (event) => cutMessages(keepEnds(event, 10), 1024)],
  ["event", (event) => bare(event)],
];

/** Room kept for the note that says what was cut. */
const NOTE_BYTES = 128;

/**
 * Makes an event fit.
 *
 * Variables go first, then source lines, breadcrumbs (oldest first), extra (largest first), contexts, parts of the
 * request, frames (both ends stay), and last of all the length of the message. Id, type and the beginning of the
 * message survive, as do `contexts.trace` and `contexts.repeats`. What was cut is named in `errors`. The event
 * given is not changed.
 *
 * @param maxBytes - UTF-8 bytes of `payload`; below about 1 kB the smallest form is returned, whatever its size
 * @returns the event, and its text by `toPayload`
 */
export function shrinkEvent(event: Event, maxBytes: number): { event: Event; payload: string } {
  const payload = toPayload(event);
  if (excessOf(payload, maxBytes) <= 0) return { event, payload };

  let smaller = event;
  let excess = excessOf(payload, maxBytes - NOTE_BYTES);
  let last = payload;
  const cuts = new Set<string>();
  for (const [name, cut] of ORDER) {
    smaller = cut(smaller, excess);
    const next = toPayload(smaller);
    if (next.length !== last.length) cuts.add(name);
    last = next;
    excess = excessOf(next, maxBytes - NOTE_BYTES);
    if (excess <= 0) break;
  }
  return withNote(smaller, last, [...cuts], maxBytes);
}

function withNote(
  event: Event,
  payload: string,
  cuts: readonly string[],
  maxBytes: number,
): { event: Event; payload: string } {
  const noted = { ...event, errors: [{ type: "too_large", name: cutText(cuts.join(","), 64) }] };
  const text = toPayload(noted);
  return excessOf(text, maxBytes) <= 0 ? { event: noted, payload: text } : { event, payload };
}

/** How many bytes `payload` has too many; measured exactly only when its length leaves a doubt. */
function excessOf(payload: string, maxBytes: number): number {
  return payload.length * 3 <= maxBytes ? 0 : byteLength(payload) - maxBytes;
}

function sizeOf(value: unknown): number {
  return value === undefined ? 0 : byteLength(JSON.stringify(value) ?? "");
}

function mapStacks(event: Event, most: number): Event {
  return mapExceptions(event, (exception) => {
    const frames = exception.stacktrace?.frames;
    if (frames === undefined || frames.length <= most) return exception;
    const oldest = Math.floor(most / 2);
    return {
      ...exception,
      stacktrace: { frames: [...frames.slice(0, oldest), ...frames.slice(oldest - most)] },
    };
  });
}

function mapFrames(event: Event, change: (frame: Frame) => Frame): Event {
  return mapExceptions(event, (exception) =>
    exception.stacktrace === undefined
      ? exception
      : { ...exception, stacktrace: { frames: exception.stacktrace.frames.map(change) } },
  );
}

function mapExceptions(event: Event, change: (exception: Exception) => Exception): Event {
  return event.exception === undefined
    ? event
    : { ...event, exception: { values: event.exception.values.map(change) } };
}

function withoutVars({ vars: _vars, ...frame }: Frame): Frame {
  return frame;
}

function withoutSource({
  context_line: _line,
  pre_context: _pre,
  post_context: _post,
  ...frame
}: Frame): Frame {
  return frame;
}

function dropOldestBreadcrumbs(event: Event, excess: number): Event {
  const { breadcrumbs } = event;
  if (breadcrumbs === undefined) return event;
  let freed = 0;
  let first = 0;
  for (; first < breadcrumbs.length && freed < excess; first++)
    freed += sizeOf(breadcrumbs[first] satisfies Breadcrumb | undefined) + 1;
  return { ...event, breadcrumbs: breadcrumbs.slice(first) };
}

/** Below this a value is not worth taking away: its note would be as long. */
const SMALL_BYTES = 64;

/** The records given, without as many of their largest values as it takes to free `excess` bytes. */
function dropLargest<T extends Record<string, Readonly<Record<string, unknown>> | undefined>>(
  records: T,
  excess: number,
): T {
  const sizes = Object.entries(records)
    .flatMap(([name, record]) =>
      Object.entries(record ?? {}).map(([key, value]) => ({ name, key, bytes: sizeOf(value) })),
    )
    .filter(({ bytes }) => bytes > SMALL_BYTES)
    .sort((a, b) => b.bytes - a.bytes);
  const result: Record<string, Record<string, unknown> | undefined> = {};
  for (const [name, record] of Object.entries(records)) result[name] = record && { ...record };

  let freed = 0;
  for (const { name, key, bytes } of sizes) {
    if (freed >= excess) break;
    result[name]![key] = `[${bytes} bytes removed]`;
    freed += bytes - SMALL_BYTES / 2;
  }
  return result as T;
}

/** Contexts that are facts about the event itself: they link it to its trace and keep the count true. */
const KEPT_CONTEXTS: readonly string[] = ["trace", "repeats", "related"];

function dropLargestContexts(event: Event, excess: number): Event {
  if (event.contexts === undefined) return event;
  const entries = Object.entries(event.contexts);
  const droppable = Object.fromEntries(entries.filter(([name]) => !KEPT_CONTEXTS.includes(name)));
  const contexts = { ...event.contexts, ...dropLargest(droppable, excess) } as Record<
    string,
    Record<string, Json>
  >;
  return { ...event, contexts };
}

function dropRequestParts(event: Event, excess: number): Event {
  if (event.request === undefined) return event;
  const { data, ...request } = event.request;
  const left = excess - sizeOf(data);
  const { env: _env, cookies: _cookies, headers: _headers, query_string: _query, ...line } = request;
  const smaller = left <= 0 ? request : { ...line, ...dropLargest({ headers: request.headers }, left) };
  return {
    ...event,
    request: { ...smaller, ...(smaller.url === undefined ? {} : { url: cutText(smaller.url, 512) }) },
  };
}

/** The last `count` causes and the caught error among them; the tree's middle goes. */
function keepEnds(event: Event, count: number): Event {
  const values = event.exception?.values;
  return values === undefined || values.length <= count
    ? event
    : { ...event, exception: { values: [values[0]!, ...values.slice(1 - count)] } };
}

function cutMessages(event: Event, length: number): Event {
  const cut = mapExceptions(event, (exception) => ({
    ...exception,
    ...(exception.value === undefined ? {} : { value: cutText(exception.value, length) }),
  }));
  return cut.message === undefined ? cut : { ...cut, message: cutText(cut.message, length) };
}

/** What nobody can do without. */
function bare(event: Event): Event {
  const { event_id, timestamp, platform, level, environment, release, message, exception } = event;
  const kept = Object.entries(event.contexts ?? {}).filter(([name]) => KEPT_CONTEXTS.includes(name));
  const last = exception?.values.at(-1);
  const small: Event = {
    event_id,
    timestamp,
    platform,
    ...(level === undefined ? {} : { level }),
    ...(environment === undefined ? {} : { environment }),
    ...(release === undefined ? {} : { release }),
    ...(kept.length === 0
      ? {}
      : { contexts: Object.fromEntries(kept.map(([name, context]) => [name, plainFigures(context)])) }),
    ...(message === undefined ? {} : { message }),
    ...(last === undefined ? {} : { exception: { values: [bareException(last)] } }),
  };
  return cutMessages(small, 256);
}

function bareException({ type, value, mechanism }: Exception): Exception {
  return {
    ...(type === undefined ? {} : { type: cutText(type, 128) }),
    ...(value === undefined ? {} : { value }),
    ...(mechanism === undefined
      ? {}
      : {
          mechanism: {
            type: cutText(mechanism.type, 64),
            ...(mechanism.handled === undefined ? {} : { handled: mechanism.handled }),
          },
        }),
  };
}

/** The short entries of a context: ids and counts stay, samples go. */
function plainFigures(context: Readonly<Record<string, Json>>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(context)
      .filter(([, value]) => sizeOf(value) <= SMALL_BYTES)
      .slice(0, 10),
  );
}
