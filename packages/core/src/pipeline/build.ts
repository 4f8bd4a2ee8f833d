import type { EventHint } from "../capture/hint.js";
import type { ResolvedOptions } from "../client/options.js";
import type { ContextLines } from "../client/platform.js";
import { chooseAttachments } from "../context/attachments.js";
import type { Event, Frame } from "../model/event.js";
import type { Message } from "../model/messages.js";
import { conformEvent } from "../process/conform.js";
import { type NamedProcessor, runProcessors } from "../process/processors.js";
import type { Scrubber } from "../process/scrub.js";
import { shrinkEvent } from "../process/shrink.js";
import type { FrameOptions } from "../stacktrace/frames.js";
import type { DropReason } from "../transport/drops.js";
import { type Envelope, eventEnvelope } from "../transport/envelope.js";
import { assemble } from "./assemble.js";
import type { QueuedCapture } from "./capture-queue.js";
import { attachmentsOf, enrich, type Facts } from "./enrich.js";

/** What making an event needs beside the capture itself. */
export interface EventBuilder {
  readonly options: Pick<ResolvedOptions, "limits" | "maxAttachmentBytes">;
  readonly frames: FrameOptions;
  readonly facts: Facts;
  readonly contextLines: ContextLines;
  readonly processors: readonly NamedProcessor[];
  readonly scrubber: Scrubber;
}

/** A finished event, or why there is none. */
export type Finished =
  | {
      readonly envelope: Envelope;
      /** Bytes of files that did not fit. */
      readonly leftBytes: number;
    }
  | { readonly dropped: DropReason; readonly trouble?: Message };

/** Makes a capture into an envelope: frames, source lines, scopes, the application's hooks, then what must be true of all. */
export async function finish(pending: QueuedCapture, own: EventBuilder): Promise<Finished> {
  const { builder = own } = pending;
  const event = assemble(pending.snapshot, builder.frames);
  await builder.contextLines.addTo(framesOf(event));
  return complete(event, pending, builder);
}

/** The same at the end of the process, where nothing can be waited for. */
export function finishNow(pending: QueuedCapture, own: EventBuilder): Finished {
  const { builder = own } = pending;
  const event = assemble(pending.snapshot, builder.frames);
  builder.contextLines.addToSync(framesOf(event));
  return complete(event, pending, builder);
}

function complete(event: Event, pending: QueuedCapture, builder: EventBuilder): Finished {
  const { snapshot, sightings } = pending;
  const enriched = withOrigins(
    enrich(event, [snapshot, ...sightings], builder.facts),
    pending,
    builder.facts,
  );

  const hint: EventHint = { originalException: snapshot.original, recovered: pending.builder !== undefined };
  const processed = runProcessors(enriched, builder.processors, hint);
  if ("dropped" in processed) return processed;

  return seal(processed.event, pending, builder);
}

/** What must be true of every event, whatever hooks made of it: legal, without secrets, not too large. */
function seal(event: Event, pending: QueuedCapture, { facts, options, scrubber }: EventBuilder): Finished {
  const conformed = conformEvent({ ...event, event_id: pending.id, platform: "node" }, options.limits);
  const { payload } = shrinkEvent(scrubber.event(conformed), options.limits.eventBytes);
  const { attachments, leftBytes } = chooseAttachments(
    attachmentsOf([pending.snapshot, ...pending.sightings]),
    options.maxAttachmentBytes,
    payload.length,
  );
  const { message: logentry } = pending.snapshot;
  const trace = facts.tracer.samplingContext(
    conformed.contexts?.["trace"]?.["trace_id"],
    pending.snapshot.trace,
  );
  return {
    envelope: eventEnvelope({
      id: pending.id,
      payload,
      // A text that a hook changed has no template any more.
      ...(logentry?.message !== undefined && logentry.formatted === conformed.message
        ? { logentry: scrubber.logEntry(logentry) }
        : {}),
      attachments,
      trace,
      weight: pending.weight,
    }),
    leftBytes,
  };
}

/** What the event stands for, and which events told of its causes before. */
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
