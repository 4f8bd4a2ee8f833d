import { copyHint, snapshotBytes, snapshotOf } from "../capture/snapshot.js";
import type { ResolvedOptions } from "../client/options.js";
import type { Platform } from "../client/platform.js";
import type { Ledger } from "../delivery/ledger.js";
import { createRepeats } from "../gate/repeats.js";
import type { Diagnostics } from "../model/diagnostics.js";
import type { Event } from "../model/event.js";
import type { EventBuilder } from "../pipeline/build.js";
import { AT_ONCE, type QueuedCapture, queuedCapture } from "../pipeline/capture-queue.js";
import type { SpoolLoss } from "./store.js";

/** What it takes to tell of what happened to others, or to the spool itself. */
export interface NoticeOptions {
  readonly options: ResolvedOptions;
  readonly platform: Platform;
  readonly builder: EventBuilder;
  readonly diagnostics: Diagnostics;
  readonly ledger: Ledger;
  /** Puts an event on the road. */
  push(pending: QueuedCapture): boolean;
}

/** What is lost is told: by one event that stands for all of it. */
export function tellLoss(loss: SpoolLoss, context: NoticeOptions): void {
  const { ledger, diagnostics } = context;
  const { reason, events, captures } = loss;
  diagnostics.warn("spool-lost", reason, describeLoss(loss));
  if (reason === "corrupt") ledger.takeOver({ events: 1, captures });
  else ledger.folded += events - 1;
  if (reason === "corrupt" || reason === "gone") {
    ledger.drop("internal_sdk_error", captures);
    return;
  }
  if (!pushed(eventOfLoss(loss), captures, context)) ledger.drop("cache_overflow", captures);
}

/** A process that ended without an exit is told of, as of another's. */
export function tellRun(event: Partial<Event>, context: NoticeOptions): void {
  context.ledger.captured++;
  if (!pushed(event, 1, context)) context.ledger.drop("queue_overflow");
}

/** Puts an event that nobody here captured on the road. */
function pushed(event: Partial<Event>, captures: number, context: NoticeOptions): boolean {
  const { platform, options, builder, push } = context;
  const now = platform.clock.now() / 1000;
  const around = { layers: [], trails: [], hint: copyHint(undefined, options.limits) };
  const snapshot = snapshotOf(platform.newId(), now, { exceptions: [], event }, around, undefined);
  const repeats = createRepeats();
  repeats.add(snapshot);
  repeats.addUnseen(captures - 1, now);
  const bytes = snapshotBytes(snapshot);
  return push(queuedCapture(snapshot, AT_ONCE, { repeats, bytes, builder: { ...builder } }));
}

function eventOfLoss(loss: SpoolLoss): Partial<Event> {
  const { reason, events, captures, from, until } = loss;
  return {
    level: "warning",
    logger: "corvid",
    message: describeLoss(loss),
    fingerprint: ["corvid.spool", reason],
    contexts: {
      spool: {
        reason,
        events,
        captures,
        from: new Date(from).toISOString(),
        until: new Date(until).toISOString(),
      },
    },
  };
}

/** Why, of one event and of many. */
const BECAUSE: Readonly<Record<SpoolLoss["reason"], readonly [one: string, many: string]>> = {
  full: ["the spool was full", "the spool was full"],
  too_old: ["it had waited too long in the spool", "they had waited too long in the spool"],
  corrupt: ["it could not be read back from the spool", "they could not be read back from the spool"],
  gone: ["its file in the spool was deleted or spoilt", "their files in the spool were deleted or spoilt"],
};

/** What happened, in a sentence for people. */
export function describeLoss({ reason, events }: SpoolLoss): string {
  const [one, many] = BECAUSE[reason];
  return events === 1 ? `1 event was lost: ${one}` : `${events} events were lost: ${many}`;
}
