import { createHash } from "node:crypto";
import type { WantedSpool } from "../../client/platform.js";
import type { Clock } from "../../model/clock.js";
import { defaultSpoolDir, dsnKeyOf } from "./default-dir.js";
import { eventOfRun } from "./run-finding.js";
import { readRun } from "./run-reader.js";
import { enableCrashReport } from "./run-report-setting.js";
import { startRunWatch } from "./run-watch.js";
import { createSpoolStore, type FolderSpool } from "./store.js";

/** Opens the spool a client wants, in files; `undefined`, with a warning, when there is no place for it. */
export function createNodeSpool(
  wanted: WantedSpool,
  clock: Clock,
  newId: () => string,
): FolderSpool | undefined {
  const { dsn, destinations, head, maxBytes, maxAgeMs, fsync, diagnostics } = wanted;
  const { onAdopted, onLost, onTakenOver } = wanted;
  const dsnKey = dsnKeyOf(dsn);
  const dir = wanted.dir ?? defaultSpoolDir({ env: process.env, dsnKey, diagnostics });
  if (dir === undefined) return undefined;
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
    newId,
    onAdopted,
    onLost,
    onTakenOver,
    onClaimed: async (folder) => {
      const finding = await readRun(folder, clock.now());
      if (finding !== undefined) wanted.onRunLost(eventOfRun(finding));
    },
    onClosing: () => {
      watch.stop();
      giveBackReport();
    },
  });
  const watch = startRunWatch({ folder: () => store.folder(), head, crumbs: wanted.crumbs, clock });
  const giveBackReport = crashReport(wanted, store.folder());
  return store;
}

function crashReport({ diagnosticReport, diagnostics }: WantedSpool, folder: string | undefined): () => void {
  if (!diagnosticReport || folder === undefined) return () => undefined;
  return enableCrashReport(folder, (text) => diagnostics.warn("crash-report-off", text));
}

/** Who may take over from whom: those who send to the same places, in whatever order they are named. */
function groupOf(dsnKey: string, destinations: readonly string[]): string {
  return createHash("sha256")
    .update([dsnKey, ...[...destinations].sort()].join("\n"))
    .digest("hex")
    .slice(0, 8);
}
