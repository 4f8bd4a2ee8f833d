import { copyHint, snapshotBytes, snapshotOf } from "../capture/snapshot.js";
import type { ResolvedOptions } from "../client/options.js";
import type { Platform } from "../client/platform.js";
import type { Destinations } from "../delivery/destinations.js";
import type { Ledger } from "../delivery/ledger.js";
import { createRepeats } from "../gate/repeats.js";
import type { Diagnostics } from "../model/diagnostics.js";
import type { Event } from "../model/event.js";
import type { EventBuilder } from "../pipeline/build.js";
import type { CaptureQueue } from "../pipeline/capture-queue.js";
import { AT_ONCE, queuedCapture } from "../pipeline/queued-capture.js";
import type { SpoolCount, SpoolListener, SpoolLoss } from "./store.js";
import type { SpoolWriter } from "./writer.js";

export interface SpoolNoticesOptions {
  readonly options: ResolvedOptions;
  readonly platform: Platform;
  readonly builder: EventBuilder;
  readonly diagnostics: Diagnostics;
  readonly ledger: Ledger;
  readonly queue: CaptureQueue;
  readonly destinations: Destinations;
  readonly writer: SpoolWriter;
}

/** Counts and reports what happens to events on disk that this process did not do itself. */
export class SpoolNotices implements SpoolListener {
  readonly #context: SpoolNoticesOptions;

  constructor(context: SpoolNoticesOptions) {
    this.#context = context;
  }

  adopted(count: SpoolCount): void {
    this.#context.ledger.takeOver(count);
  }

  takenOver(waiting: number): void {
    this.#context.ledger.handedOver += waiting;
  }

  /** Reports all events of one loss by one event that stands for them. */
  lost(loss: SpoolLoss): void {
    const { ledger, diagnostics, destinations } = this.#context;
    const { reason, events, captures } = loss;
    diagnostics.warn("spool-lost", reason, describeLoss(loss));
    if (reason === "corrupt") ledger.takeOver({ events: 1, captures });
    else ledger.folded += events - 1;
    if (reason === "corrupt" || reason === "gone") destinations.drop("internal_sdk_error", captures);
    else if (!this.#push(eventOfLoss(loss), captures)) destinations.drop("cache_overflow", captures);
  }

  runLost(event: Partial<Event>): void {
    const { ledger, destinations } = this.#context;
    ledger.captured++;
    if (!this.#push(event, 1)) destinations.drop("queue_overflow");
  }

  /** Captures an event of Corvid's own, without the scopes of this process. */
  #push(event: Partial<Event>, captures: number): boolean {
    const { platform, options, builder, queue } = this.#context;
    const now = platform.clock.now() / 1000;
    const around = { layers: [], trails: [], hint: copyHint(undefined, options.limits) };
    const snapshot = snapshotOf(platform.newId(), now, { exceptions: [], event }, around, undefined);
    const repeats = createRepeats();
    repeats.add(snapshot);
    repeats.addUnseen(captures - 1, now);
    const bytes = snapshotBytes(snapshot);
    return queue.push(queuedCapture(snapshot, AT_ONCE, { repeats, bytes, builder: { ...builder } }));
  }
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
