import type { ResolvedOptions } from "../client/options.js";
import type { Platform } from "../client/platform.js";
import type { Spool } from "../client/spool.js";
import type { Scope } from "../context/scope.js";
import { type Destinations, destinationKeys } from "../delivery/destinations.js";
import type { Ledger } from "../delivery/ledger.js";
import type { Diagnostics } from "../model/diagnostics.js";
import type { Dsn } from "../model/dsn.js";
import type { Event } from "../model/event.js";
import type { EventBuilder } from "../pipeline/build.js";
import type { CaptureQueue } from "../pipeline/capture-queue.js";
import type { Transport } from "../transport/transport.js";
import { CaptureWriter } from "./capture-writer.js";
import { builderOf, headText, type ProcessFacts } from "./head.js";
import { SpoolNotices } from "./notices.js";
import { SpoolReader } from "./reader.js";
import { SpoolReplay } from "./replay.js";
import type { SpoolCount, SpoolListener, SpoolLoss, SpoolStore } from "./store.js";
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

/** An open spool that keeps events, and reads none yet. */
export interface OpenSpool {
  readonly writer: SpoolWriter;
  /** Starts to bring events back from the store into the queue and to the destinations. */
  startReplay(road: { readonly queue: CaptureQueue; readonly destinations: Destinations }): ClientSpool;
}

/** The spool of a client, at work. */
export interface ClientSpool {
  readonly writer: SpoolWriter;
  readonly replay: SpoolReplay;
}

/** The client that a store is opened for. */
export interface StoreContext {
  readonly dsn?: Dsn;
  /** Names of the client's destinations. */
  readonly destinations: readonly string[];
  /** JSON that describes this process, for the process that reads its events later. */
  readonly head: string;
  /** @internal */
  readonly diagnostics: Diagnostics;
  /** Receives the news of the store. */
  readonly listener: SpoolListener;
  /** The last breadcrumbs of the process as JSON, scrubbed, oldest first. */
  crumbs(): readonly string[];
}

/** The parts of a spool that depend on where it keeps events. */
export interface StoreOptions {
  /** How long an event may wait for its destination, in milliseconds. */
  readonly maxAgeMs: number;
  /** Describes this process, for the process that reads its events later. */
  readonly processFacts: () => ProcessFacts;
  /** @returns `undefined`, after a warning, when there is no place for a store */
  open(context: StoreContext): SpoolStore | undefined;
}

/** Makes a spool of a store. */
export function createSpool({ maxAgeMs, processFacts, open }: StoreOptions): Spool {
  return { maxAgeMs, open: (client) => openSpool(client, processFacts(), open) };
}

function openSpool(
  client: OpenSpoolOptions,
  facts: ProcessFacts,
  open: StoreOptions["open"],
): OpenSpool | undefined {
  const { options, platform, builder, transports, diagnostics, scope } = client;
  const { dsn } = options;
  const { env, newId, random } = platform;
  const captures = new CaptureWriter(builder.scrubber, builder.facts.tracer);
  const head = headText(builder, facts);
  const listener = new ListenerSlot();
  const store = open({
    dsn,
    destinations: destinationKeys(transports),
    head,
    diagnostics,
    listener,
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
  const writer = new SpoolWriter(store, captures, diagnostics);
  return {
    writer,
    startReplay(road) {
      const replay = { ...client, ...road, writer };
      listener.target = new SpoolNotices(replay);
      return { writer, replay: new SpoolReplay({ ...replay, reader }) };
    },
  };
}

/** Passes on news; a store has none before the replay starts. */
class ListenerSlot implements SpoolListener {
  target: SpoolListener | undefined;

  adopted(count: SpoolCount): void {
    this.target?.adopted(count);
  }

  lost(loss: SpoolLoss): void {
    this.target?.lost(loss);
  }

  runLost(event: Partial<Event>): void {
    this.target?.runLost(event);
  }

  takenOver(waiting: number): void {
    this.target?.takenOver(waiting);
  }
}
