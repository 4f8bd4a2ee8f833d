import type { ResolvedOptions } from "../client/options.js";
import type { Platform } from "../client/platform.js";
import type { Scope } from "../context/scope.js";
import { type Destinations, destinationKeys } from "../delivery/destinations.js";
import type { Ledger } from "../delivery/ledger.js";
import type { Diagnostics } from "../model/diagnostics.js";
import type { EventBuilder } from "../pipeline/build.js";
import type { CaptureQueue } from "../pipeline/capture-queue.js";
import type { Transport } from "../transport/transport.js";
import { CaptureWriter } from "./capture-writer.js";
import { builderOf, headText } from "./head.js";
import { SpoolNotices } from "./notices.js";
import { SpoolReader } from "./reader.js";
import { SpoolReplay } from "./replay.js";
import type { SpoolListener } from "./store.js";
import { SpoolWriter } from "./writer.js";

export interface OpenSpoolOptions {
  readonly options: ResolvedOptions;
  readonly platform: Platform;
  readonly builder: EventBuilder;
  readonly diagnostics: Diagnostics;
  readonly ledger: Ledger;
  readonly transports: readonly Transport[];
  /** The client's scope. */
  readonly scope: Scope;
}

/** A spool that keeps events on disk, and reads none yet. */
export interface OpenSpool {
  readonly writer: SpoolWriter;
  readonly reader: SpoolReader;
  /** From now on `listener` hears what happens to the events on disk. */
  subscribe(listener: SpoolListener): void;
}

/** The spool of a client. */
export interface Spool {
  readonly writer: SpoolWriter;
  readonly replay: SpoolReplay;
}

/** Opens the spool of a client that has one. */
export function openSpool(context: OpenSpoolOptions): OpenSpool | undefined {
  const { options, platform, builder, transports, diagnostics, scope } = context;
  if (options.spool === false || platform.spool === undefined || transports.length === 0) return undefined;
  const { dsn } = options;
  const { env, newId, random } = platform;
  const captures = new CaptureWriter(builder.scrubber, builder.facts.tracer);
  const head = headText(builder, platform.processFacts());
  const listeners: SpoolListener[] = [];
  const announce = (call: (listener: SpoolListener) => void): void => {
    for (const listener of listeners) call(listener);
  };
  const store = platform.spool({
    ...options.spool,
    dsn,
    destinations: destinationKeys(transports),
    head,
    diagnostics,
    onAdopted: (count) => announce((listener) => listener.adopted(count)),
    onLost: (loss) => announce((listener) => listener.lost(loss)),
    onRunLost: (event) => announce((listener) => listener.runLost(event)),
    onTakenOver: (ids, waiting) => announce((listener) => listener.takenOver(ids, waiting)),
    crumbs: () => captures.trail(scope.snapshot().breadcrumbs),
  });
  if (store === undefined) return undefined;
  const reader = new SpoolReader({
    builder,
    ownHead: head,
    builderOf: (text) =>
      builderOf(text, builder, { dsn, env, newId, random }, (trustedUntilMs) =>
        platform.contextLines(options.contextLines, trustedUntilMs),
      ),
  });
  return {
    writer: new SpoolWriter(store, captures, diagnostics),
    reader,
    subscribe: (listener) => void listeners.push(listener),
  };
}

/** Starts to bring events from disk back into the queue and to the destinations. */
export function startReplay(
  { writer, reader, subscribe }: OpenSpool,
  context: OpenSpoolOptions & { readonly queue: CaptureQueue; readonly destinations: Destinations },
): Spool {
  subscribe(new SpoolNotices({ ...context, writer }));
  return { writer, replay: new SpoolReplay({ ...context, writer, reader }) };
}
