import { copyHint, snapshotBytes, snapshotOf } from "../capture/snapshot.js";
import { destinationKeys } from "../destinations.js";
import type { Diagnostics } from "../diagnostics.js";
import type { EventInput } from "../event.js";
import type { Workshop } from "../finish.js";
import { createRepeats } from "../gate/repeats.js";
import { AT_ONCE, type Pending, pendingOf } from "../intake.js";
import type { Ledger } from "../ledger.js";
import type { ResolvedOptions } from "../options.js";
import type { Platform } from "../platform.js";
import type { Transport } from "../transport/transport.js";
import { CaptureWriter } from "./capture-writer.js";
import { SpoolDesk } from "./desk.js";
import { headText, workshopOf } from "./head.js";
import { Recall } from "./recall.js";
import type { SpoolLoss } from "./store.js";

export interface OpenSpoolOptions {
  readonly options: ResolvedOptions;
  readonly platform: Platform;
  readonly workshop: Workshop;
  readonly transports: readonly Transport[];
  readonly diagnostics: Diagnostics;
  readonly ledger: Ledger;
  /** Puts an event on the road. */
  push(pending: Pending): boolean;
}

/** What a client needs to keep its events on disk. */
export interface OpenSpool {
  readonly desk: SpoolDesk;
  readonly recall: Recall;
}

/** Opens the spool of a client, where it has one. */
export function openSpool(context: OpenSpoolOptions): OpenSpool | undefined {
  const { options, platform, workshop, transports, diagnostics } = context;
  if (options.spool === false || platform.spool === undefined || transports.length === 0) return undefined;
  const { dsn } = options;
  const { env, newId, random } = platform;
  const head = headText(workshop, platform.processFacts());
  const store = platform.spool({
    ...options.spool,
    dsn,
    destinations: destinationKeys(transports),
    head,
    diagnostics,
    onAdopted: (count) => context.ledger.takeOver(count),
    onLost: (loss) => tellLoss(loss, context),
    onTakenOver: (ids, waiting) => {
      desk.takenOver(ids);
      context.ledger.handedOver += waiting;
    },
  });
  if (store === undefined) return undefined;
  const desk = new SpoolDesk(store, new CaptureWriter(workshop.scrubber, workshop.facts.tracer), diagnostics);
  const recall = new Recall({
    workshop,
    ownHead: head,
    workshopOf: (text) =>
      workshopOf(text, workshop, { dsn, env, newId, random }, (trustedUntilMs) =>
        platform.contextLines(options.contextLines, trustedUntilMs),
      ),
  });
  return { desk, recall };
}

/** What is lost is told: by one event that stands for all of it. */
function tellLoss(loss: SpoolLoss, { platform, ledger, options, diagnostics, push }: OpenSpoolOptions): void {
  const { reason, events, captures } = loss;
  diagnostics.warn("spool-lost", reason, describeLoss(loss));
  if (reason === "corrupt") ledger.takeOver({ events: 1, captures });
  else ledger.folded += events - 1;
  if (reason === "corrupt" || reason === "gone") {
    ledger.drop("internal_sdk_error", captures);
    return;
  }
  const hint = copyHint(undefined, options.limits);
  const around = { layers: [], trails: [], hint };
  const now = platform.clock.now() / 1000;
  const event = eventOfLoss(loss);
  const snapshot = snapshotOf(platform.newId(), now, { exceptions: [], event }, around, undefined);
  const repeats = createRepeats();
  repeats.add(snapshot);
  repeats.addUnseen(captures - 1, now);
  if (!push(pendingOf(snapshot, AT_ONCE, { repeats, bytes: snapshotBytes(snapshot) })))
    ledger.drop("cache_overflow", captures);
}

function eventOfLoss(loss: SpoolLoss): EventInput {
  const { reason, events, captures, from, until } = loss;
  return {
    level: "warning",
    logger: "corvid",
    logentry: { formatted: describeLoss(loss) },
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

const BECAUSE: Readonly<Record<SpoolLoss["reason"], string>> = {
  full: "the spool was full",
  too_old: "they had waited too long in the spool",
  corrupt: "they could not be read back from the spool",
  gone: "their files in the spool were deleted or spoilt",
};

function describeLoss({ reason, events }: SpoolLoss): string {
  return `${events} ${events === 1 ? "event was" : "events were"} lost: ${BECAUSE[reason]}`;
}
