import type { EventHint } from "../capture/hint.js";
import type { Integration, Processor } from "../client/integration.js";
import type { ResolvedOptions } from "../client/options.js";
import type { ContextLines, Platform } from "../client/platform.js";
import { chooseAttachments } from "../context/attachments.js";
import { mergeDefined } from "../context/scope.js";
import { currentTraceLink } from "../context/trace-link.js";
import type { Diagnostics } from "../model/diagnostics.js";
import type { Event, Frame } from "../model/event.js";
import { type Message, thrownText } from "../model/messages.js";
import { conformEvent } from "../process/conform.js";
import { cleanText, normalise } from "../process/normalise.js";
import { type NamedProcessor, runProcessors } from "../process/processors.js";
import { createScrubber, type Scrubber } from "../process/scrub.js";
import { shrinkEvent } from "../process/shrink.js";
import type { FrameOptions } from "../stacktrace/frames.js";
import { propagation, Tracer } from "../trace/tracer.js";
import type { DropReason } from "../transport/drops.js";
import { type Envelope, eventEnvelope, withAttachmentsLeft } from "../transport/envelope.js";
import { assemble } from "./assemble.js";
import { attachmentsOf, enrich, type Facts } from "./enrich.js";
import type { QueuedCapture } from "./queued-capture.js";

/** Everything that building an event takes beside the capture: made once per client. */
export interface EventBuilder {
  readonly options: Pick<ResolvedOptions, "limits" | "maxAttachmentBytes">;
  readonly frames: FrameOptions;
  readonly facts: Facts;
  readonly contextLines: ContextLines;
  readonly processors: readonly NamedProcessor[];
  readonly scrubber: Scrubber;
}

/** An envelope, or the reason why there is none. */
export type BuildResult =
  | {
      readonly envelope: Envelope;
      /** Bytes of the files that did not fit. */
      readonly leftBytes: number;
    }
  | { readonly dropped: DropReason; readonly trouble?: Message };

/**
 * Builds the event of a capture: assemble, source lines, enrich, hooks, conform, scrub, shrink, envelope. Never rejects:
 * a failure of Corvid drops the event, and is no event itself.
 */
export async function buildEvent(capture: QueuedCapture, own: EventBuilder): Promise<BuildResult> {
  const { builder = own } = capture;
  try {
    const event = assemble(capture.snapshot, builder.frames);
    await builder.contextLines.addTo(framesOf(event));
    return complete(event, capture, builder);
  } catch (error) {
    return failure(error);
  }
}

/** The same at the end of the process, where nothing can be awaited. */
export function buildEventSync(capture: QueuedCapture, own: EventBuilder): BuildResult {
  const { builder = own } = capture;
  try {
    const event = assemble(capture.snapshot, builder.frames);
    builder.contextLines.addToSync(framesOf(event));
    return complete(event, capture, builder);
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): BuildResult {
  return {
    dropped: "internal_sdk_error",
    trouble: ["internal-error", "making an event", thrownText(error)],
  };
}

function complete(event: Event, capture: QueuedCapture, builder: EventBuilder): BuildResult {
  const { snapshot, sightings } = capture;
  const { facts } = builder;
  const enriched = withOrigins(enrich(event, [snapshot, ...sightings], facts), capture, facts);
  const hint: EventHint = { originalException: snapshot.original, recovered: capture.builder !== undefined };
  const processed = runProcessors(enriched, builder.processors, hint);
  return "dropped" in processed ? processed : seal(processed.event, capture, builder);
}

/** What holds for every event, whatever the hooks made of it: legal, without secrets, not too large. */
function seal(event: Event, capture: QueuedCapture, { facts, options, scrubber }: EventBuilder): BuildResult {
  const { id, snapshot, sightings, weight } = capture;
  const conformed = conformEvent({ ...event, event_id: id, platform: "node" }, options.limits);
  const { payload } = shrinkEvent(scrubber.event(conformed), options.limits.eventBytes);
  const { attachments, leftBytes } = chooseAttachments(
    attachmentsOf([snapshot, ...sightings]),
    options.maxAttachmentBytes,
    payload.length,
  );
  const trace = facts.tracer.samplingContext(conformed.contexts?.["trace"]?.["trace_id"], snapshot.trace);
  const { message: logentry } = snapshot;
  // A text that a hook changed has no template any more.
  const hasTemplate = logentry?.message !== undefined && logentry.formatted === conformed.message;
  const envelope = eventEnvelope({
    id,
    payload,
    ...(hasTemplate ? { logentry: scrubber.logEntry(logentry) } : {}),
    attachments,
    trace,
    weight,
    isFatal: conformed.level === "fatal",
  });
  return { envelope: withAttachmentsLeft(envelope, leftBytes, "queue_overflow"), leftBytes };
}

/** Adds how many captures the event stands for, and the ids of earlier events that reported its causes. */
function withOrigins(event: Event, { repeats, related }: QueuedCapture, facts: Facts): Event {
  const contexts = { ...event.contexts };
  if (related !== undefined && related.length > 0) contexts.related = { event_ids: [...related] };
  if (repeats === undefined || repeats.count < 2) return { ...event, contexts };
  contexts.repeats = repeats.toContext(facts.serverName);
  return { ...event, contexts, tags: { ...event.tags, repeats: String(repeats.count) } };
}

function framesOf(event: Event): Frame[] {
  const exceptions = event.exception?.values.flatMap(({ stacktrace }) => stacktrace?.frames ?? []) ?? [];
  const threads =
    event.threads?.values.flatMap(
      ({ stacktrace }) => (stacktrace as { frames?: Frame[] } | undefined)?.frames ?? [],
    ) ?? [];
  return [...exceptions, ...threads];
}

/**
 * Makes the event builder of a client. The parts that Corvid itself adds fail open: one that throws
 * is left out with a warning, and the event leaves without it. The application's hooks fail closed.
 */
export function createEventBuilder(
  options: ResolvedOptions,
  platform: Platform,
  integrations: readonly Integration[],
  diagnostics: Diagnostics,
): EventBuilder {
  const onFailure: OnFailure = (part, error) => {
    try {
      diagnostics.warn("integration-failed", part, thrownText(error));
    } catch {
      // Near the end of the stack the warning fails as well.
    }
  };
  return {
    options,
    frames: {
      projectRoot: platform.projectRoot,
      inAppInclude: options.inAppInclude,
      inAppExclude: options.inAppExclude,
    },
    facts: createFacts(options, platform, integrations, onFailure),
    contextLines: platform.contextLines(options.contextLines),
    processors: namedProcessors(options, integrations, platform.integrations, onFailure),
    scrubber: createScrubber(options.scrub, options.request),
  };
}

/** Called with the part of an event that could not be made, and the error. */
type OnFailure = (part: string, error: unknown) => void;

function createFacts(
  options: ResolvedOptions,
  platform: Platform,
  integrations: readonly Integration[],
  onFailure: OnFailure,
): Facts {
  const { dsn, environment, traceTargets } = options;
  const release = options.release ?? attempt("release", () => platform.release(), onFailure);
  const { env, newId, random } = platform;
  const tracer = new Tracer({ dsn, release, environment, env, newId, random });
  if (traceTargets.length > 0)
    platform.propagate?.(propagation(traceTargets, () => tracer.headers(currentTraceLink())));
  return {
    release,
    dist: options.dist,
    environment,
    tracer,
    serverName: options.serverName ?? attempt("server name", () => platform.serverName(), onFailure),
    tags: mergeDefined({}, options.tags, (value) => cleanText(value, 200)),
    extra: mergeDefined({}, options.extra, (value) => normalise(value, options.limits)),
    sdk: {
      ...platform.sdk,
      integrations: integrations.map(({ name }) => name),
      packages: [{ name: "npm:@corvid/core", version: platform.sdk.version }],
    },
    maxBreadcrumbs: options.maxBreadcrumbs,
    contexts: () => platform.contexts((name, error) => onFailure(`context ${name}`, error)),
  };
}

function attempt<T>(part: string, make: () => T, onFailure: OnFailure): T | undefined {
  try {
    return make();
  } catch (error) {
    onFailure(part, error);
    return undefined;
  }
}

/** Whether a hook of the application may ask for the live error; what is built in never does. */
export function showsErrors(
  { processors, beforeSend }: Pick<ResolvedOptions, "processors" | "beforeSend">,
  integrations: readonly Integration[],
  builtIn: readonly Integration[],
): boolean {
  if (beforeSend !== undefined || processors.length > 0) return true;
  return integrations.some(
    (integration) => integration.process !== undefined && !builtIn.includes(integration),
  );
}

/** The integrations' steps, then the application's, then `beforeSend`. */
function namedProcessors(
  options: ResolvedOptions,
  integrations: readonly Integration[],
  builtIn: readonly Integration[],
  onFailure: OnFailure,
): NamedProcessor[] {
  const { processors, beforeSend } = options;
  const named: NamedProcessor[] = [];
  for (const integration of integrations) {
    if (integration.process === undefined) continue;
    const name = `integration ${integration.name}`;
    const process: Processor = (event, hint) => integration.process!(event, hint);
    const run: Processor = builtIn.includes(integration)
      ? (event, hint) => attempt(name, () => process(event, hint), onFailure) ?? event
      : process;
    named.push({ name, reason: "event_processor", run });
  }
  processors.forEach((run, index) => {
    named.push({ name: `processors[${index}]`, reason: "event_processor", run });
  });
  if (beforeSend !== undefined) named.push({ name: "beforeSend", reason: "before_send", run: beforeSend });
  return named;
}
