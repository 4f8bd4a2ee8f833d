import type { Scope } from "../context/scope.js";
import { destinationKeys } from "../delivery/destinations.js";
import type { Transport } from "../transport/transport.js";
import { CaptureWriter } from "./capture-writer.js";
import { builderOf, headText } from "./head.js";
import { type NoticeOptions, tellLoss, tellRun } from "./notices.js";
import { SpoolReader } from "./reader.js";
import { SpoolWriter } from "./writer.js";

export interface OpenSpoolOptions extends NoticeOptions {
  readonly transports: readonly Transport[];
  /** What holds for everything the client captures. */
  readonly scope: Scope;
}

/** What a client needs to keep its events on disk. */
export interface OpenSpool {
  readonly spoolWriter: SpoolWriter;
  readonly spoolReader: SpoolReader;
}

/** Opens the spool of a client, where it has one. */
export function openSpool(context: OpenSpoolOptions): OpenSpool | undefined {
  const { options, platform, builder, transports, diagnostics, scope } = context;
  if (options.spool === false || platform.spool === undefined || transports.length === 0) return undefined;
  const { dsn } = options;
  const { env, newId, random } = platform;
  const writer = new CaptureWriter(builder.scrubber, builder.facts.tracer);
  const head = headText(builder, platform.processFacts());
  const store = platform.spool({
    ...options.spool,
    dsn,
    destinations: destinationKeys(transports),
    head,
    diagnostics,
    onAdopted: (count) => context.ledger.takeOver(count),
    onLost: (loss) => tellLoss(loss, context),
    onRunLost: (event) => tellRun(event, context),
    crumbs: () => writer.trail(scope.snapshot().breadcrumbs),
    onTakenOver: (ids, waiting) => {
      spoolWriter.takenOver(ids);
      context.ledger.handedOver += waiting;
    },
  });
  if (store === undefined) return undefined;
  const spoolWriter = new SpoolWriter(store, writer, diagnostics);
  const spoolReader = new SpoolReader({
    builder,
    ownHead: head,
    builderOf: (text) =>
      builderOf(text, builder, { dsn, env, newId, random }, (trustedUntilMs) =>
        platform.contextLines(options.contextLines, trustedUntilMs),
      ),
  });
  return { spoolWriter, spoolReader };
}
