import type { CaptureContext } from "../capture/snapshot.js";
import type { HeldAttachment } from "../context/attachments.js";
import { crumbsOf } from "../context/breadcrumbs.js";
import type { ScopeData } from "../context/scope.js";
import { type Event, type Json, LEVELS, type Level, type User } from "../model/event.js";
import type { Tracer } from "../trace/tracer.js";

/** What is the same for every event of a client. */
export interface Facts {
  readonly release?: string;
  readonly dist?: string;
  readonly environment: string;
  readonly serverName?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly extra: Readonly<Record<string, Json>>;
  readonly sdk: NonNullable<Event["sdk"]>;
  readonly maxBreadcrumbs: number;
  /** Contexts of host and process: `os`, `runtime`, … */
  contexts(): Readonly<Record<string, Record<string, Json>>>;
  readonly tracer: Tracer;
}

/**
 * Puts onto an event what is known around it. Later sightings of the same failure add what the first one lacked.
 *
 * Precedence: what the call gave > innermost scope > … > process scope > client options. Tags, extra and contexts are
 * merged by key, everything else is taken whole.
 *
 * @param sightings - the first one first
 */
export function enrich(event: Event, sightings: readonly CaptureContext[], facts: Facts): Event {
  const layers: Layer[] = [];
  for (const { layers: scopes, hint, request, transaction } of sightings) {
    layers.unshift({ request, transaction }, ...scopes.map(scopeLayer), hint);
  }
  layers.push(event);

  const enriched: Event = {
    ...event,
    level: levelOf(event, sightings),
    release: event.release ?? facts.release,
    dist: event.dist ?? facts.dist,
    environment: event.environment ?? facts.environment,
    server_name: event.server_name ?? facts.serverName,
    sdk: facts.sdk,
    tags: mergeByKey(facts.tags, layers, "tags"),
    extra: mergeByKey(facts.extra, layers, "extra"),
    contexts: mergeByKey(
      { ...facts.contexts(), trace: facts.tracer.context(sightings[0]?.trace) },
      layers,
      "contexts",
    ),
    user: innermost(layers, "user") as User | undefined,
    request: innermost(layers, "request"),
    fingerprint: innermost(layers, "fingerprint")?.slice(),
    transaction: innermost(layers, "transaction"),
    logger: innermost(layers, "logger"),
    breadcrumbs: breadcrumbsOf(event, sightings, facts.maxBreadcrumbs),
  };
  return withHandling(enriched, sightings);
}

/** The files that travel with an event, each once. */
export function attachmentsOf(sightings: readonly CaptureContext[]): HeldAttachment[] {
  const all = sightings.flatMap(({ layers, hint }) => [
    ...layers.flatMap((layer) => layer.attachments),
    ...hint.attachments,
  ]);
  return [...new Set(all)];
}

type Layer = Partial<
  Pick<Event, "request" | "user" | "transaction" | "logger" | "tags" | "extra" | "contexts">
> & {
  readonly fingerprint?: readonly string[];
};

function scopeLayer({ tags, extra, contexts, user, fingerprint, transaction }: ScopeData): Layer {
  return { tags, extra, contexts, user, fingerprint, transaction } as Layer;
}

function mergeByKey<T>(
  base: Readonly<Record<string, T>>,
  layers: readonly Layer[],
  field: "tags" | "extra" | "contexts",
): Record<string, T> {
  // By entries, because assigning a key named `__proto__` would lose it.
  const records = [base, ...layers.map((layer) => layer[field] ?? {})];
  return Object.fromEntries(records.flatMap((record) => Object.entries(record))) as Record<string, T>;
}

function innermost<K extends keyof Layer>(layers: readonly Layer[], field: K): Layer[K] | undefined {
  return layers.findLast((layer) => layer[field] !== undefined)?.[field];
}

/** What the call said, else its scope, innermost first; of several sightings the worst. */
function levelOf(event: Event, sightings: readonly CaptureContext[]): Level {
  const said = sightings
    .map(({ hint, layers }) => hint.level ?? layers.findLast((layer) => layer.level !== undefined)?.level)
    .filter((level) => level !== undefined);
  const worst = LEVELS.find((level) => said.includes(level));
  return (
    event.level ?? worst ?? (event.message !== undefined && event.exception === undefined ? "info" : "error")
  );
}

/** The steps that led to the first sighting, then what the event brought along; the last `max` of them. */
function breadcrumbsOf(event: Event, [first]: readonly CaptureContext[], max: number): Event["breadcrumbs"] {
  const crumbs = [...(first?.trails ?? []).flatMap(crumbsOf), ...(event.breadcrumbs ?? [])];
  return crumbs.length > 0 && max > 0 ? crumbs.slice(-max) : undefined;
}

/** An error that one sighting saw handled and another saw crash a request was not handled. */
function withHandling(event: Event, sightings: readonly CaptureContext[]): Event {
  const unhandled = sightings.find(({ hint }) => hint.mechanism?.handled === false)?.hint.mechanism;
  const root = event.exception?.values.at(-1);
  if (unhandled === undefined || root === undefined || root.mechanism?.handled === false) return event;
  root.mechanism = { ...root.mechanism, type: unhandled.type, handled: false };
  return event;
}
