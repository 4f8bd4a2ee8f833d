import { createHash } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { Spool } from "../../client/spool.js";
import { demand, expecting, flag, positive, shape } from "../../model/option-checks.js";
import { createSpool, type StoreContext } from "../../spool/open.js";
import { systemClock } from "../clock.js";
import { runtimeContext, startTime } from "../host/host.js";
import { createIdSource } from "../ids.js";
import { defaultSpoolDir, dsnKeyOf } from "./default-dir.js";
import { eventOfRun, judgeRun, takeRunRecord } from "./run-record.js";
import { recordRun } from "./run-recorder.js";
import { createSpoolStore, DEFAULT_MAX_AGE_MS, DEFAULT_MAX_BYTES, type FolderSpool } from "./store.js";

/** Where and how {@link fileSpool} keeps events. */
export interface FileSpoolOptions {
  /**
   * A directory for Corvid alone, made when it is missing. Default: one for this DSN and user in the user's state
   * directory, else in the temporary one.
   */
  readonly dir?: string;
  /** The bound on disk, in bytes: the oldest events go first. Default 64 MiB. */
  readonly maxBytes?: number;
  /** The age at which a waiting event is given up, in milliseconds. Default 7 days. */
  readonly maxAgeMs?: number;
  /** Waits for the disk at each capture, so that events survive a power failure. Costs milliseconds each. Default false. */
  readonly fsync?: boolean;
}

const check = shape({
  dir: expecting("a directory", (value) => typeof value === "string" && value.trim() !== ""),
  maxBytes: positive,
  maxAgeMs: positive,
  fsync: flag,
});

/**
 * A spool in files: `init({ spool: fileSpool() })`. Each capture is on disk before `captureException` returns, and stays
 * there until it is delivered, by this process or the next one.
 *
 * @throws {OptionsError} for an option that cannot be used
 */
export function fileSpool(options: FileSpoolOptions = {}): Spool {
  demand("fileSpool", options, check);
  return createSpool({
    maxAgeMs: options.maxAgeMs ?? DEFAULT_MAX_AGE_MS,
    processFacts: () => ({
      started: performance.timeOrigin,
      contexts: { runtime: runtimeContext(), app: { app_start_time: startTime() } },
    }),
    open: (context) => openFiles(options, context),
  });
}

function openFiles(options: FileSpoolOptions, context: StoreContext): FolderSpool | undefined {
  const { maxBytes = DEFAULT_MAX_BYTES, maxAgeMs = DEFAULT_MAX_AGE_MS, fsync = false } = options;
  const { dsn, destinations, head, diagnostics, listener, crumbs } = context;
  const dsnKey = dsnKeyOf(dsn);
  const dir = options.dir ?? defaultSpoolDir({ env: process.env, dsnKey, diagnostics });
  if (dir === undefined) return undefined;
  const clock = systemClock;
  let stopRecording = (): void => undefined;
  const store = createSpoolStore({
    dir,
    group: groupOf(dsnKey, destinations),
    destinations,
    head: () => head,
    maxBytes,
    maxAgeMs,
    fsync,
    clock,
    diagnostics,
    newId: createIdSource(),
    onAdopted: (count) => listener.adopted(count),
    onLost: (loss) => listener.lost(loss),
    onTakenOver: (waiting) => listener.takenOver(waiting),
    onClaimed: (folder, undelivered) => {
      const record = takeRunRecord(folder);
      const verdict = record && judgeRun(record, undelivered);
      if (record !== undefined && verdict !== undefined) listener.runLost(eventOfRun(record, verdict));
    },
    onClosing: () => stopRecording(),
  });
  stopRecording = recordRun({ folder: () => store.folder(), head, crumbs, clock });
  return store;
}

/** Only clients that send to the same places take over from each other, in whatever order they name them. */
function groupOf(dsnKey: string, destinations: readonly string[]): string {
  return createHash("sha256")
    .update([dsnKey, ...[...destinations].sort()].join("\n"))
    .digest("hex")
    .slice(0, 8);
}
