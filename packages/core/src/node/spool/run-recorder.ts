import { renameSync, unlinkSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { getHeapStatistics } from "node:v8";
import { isMainThread } from "node:worker_threads";
import type { Clock, Timer } from "../../model/clock.js";
import { memoryGroup } from "../host/control-group.js";
import { FILE_MODE } from "./layout.js";
import { pidSpace, startTicks } from "./process-identity.js";
import { currentGroup, RUN_FILE, type RunRecord } from "./run-record.js";
import { hearSignals } from "./run-signals.js";

export interface RunRecorderOptions {
  /** The client's folder; `undefined` while it cannot be made. Must not throw. */
  folder(): string | undefined;
  /** JSON with `release`, `environment`, `server_name` and `dist`, as far as they are known. */
  readonly head: string;
  /** The last breadcrumbs of the process, scrubbed, each as JSON, oldest first. */
  crumbs(): readonly string[];
  readonly clock: Clock;
}

/** How often memory is looked at, and how often the record is written while there is enough of it. */
const LOOK_EVERY_MS = 5000;
const WRITE_EVERY_MS = 60_000;
const FIRST_LOOK_MS = 250;
/** The share of a limit from which on every look is written. */
const PRESSED = 0.7;

/**
 * Describes the run in a file that any exit deletes, so that the next start can report a death that no code could. In
 * worker threads and under a debugger nothing is recorded.
 *
 * @returns ends it, and deletes the file
 */
export function recordRun(options: RunRecorderOptions): () => void {
  if (!isMainThread || isStartedForDebugging()) return () => undefined;
  const { clock, folder, crumbs } = options;
  const facts = factsOf(options.head, clock.now());
  const begunAt = clock.monotonic();
  let writtenAt = Number.NEGATIVE_INFINITY;
  let signal: RunRecord["signal"];
  let path: string | undefined;
  let timer: Timer | undefined;

  const look = (): void => {
    const now = clock.monotonic();
    timer = clock.schedule(look, Math.min(Math.max(now - begunAt, FIRST_LOOK_MS), LOOK_EVERY_MS));
    const heapUsed = getHeapStatistics().used_heap_size;
    const rss = process.memoryUsage.rss();
    const isPressed = heapUsed >= PRESSED * facts.heapLimit || rss >= PRESSED * facts.memoryLimit;
    if (isPressed || now - writtenAt >= WRITE_EVERY_MS) write(heapUsed, rss, now);
  };
  const write = (heapUsed: number, rss: number, now: number): void => {
    const target = folder();
    if (target === undefined) return;
    const group = currentGroup();
    const record = JSON.stringify({ ...facts, seenAt: clock.now(), heapUsed, rss, group, signal });
    try {
      path = join(target, RUN_FILE);
      // Renamed, so that a death in between leaves the earlier record whole.
      writeFileSync(`${path}.new`, `${record.slice(0, -1)},"crumbs":[${crumbs().join(",")}]}`, {
        mode: FILE_MODE,
      });
      renameSync(`${path}.new`, path);
      writtenAt = now;
    } catch {
      // A full disk, a deleted folder: the next look tries again.
    }
  };
  const stopHearing = hearSignals((name) => {
    signal = { name, at: clock.now() };
    write(getHeapStatistics().used_heap_size, process.memoryUsage.rss(), clock.monotonic());
  });
  const stop = (): void => {
    timer?.cancel();
    stopHearing();
    process.off("exit", stop);
    try {
      if (path !== undefined) unlinkSync(path);
    } catch {
      // Deleted already, or taken over by another process.
    }
    path = undefined;
  };
  // The first of the listeners: one that throws would keep later ones from being called.
  process.prependListener("exit", stop);
  look();
  return stop;
}

function factsOf(head: string, now: number): Omit<RunRecord, "seenAt" | "heapUsed" | "rss" | "crumbs"> {
  const { release, environment, server_name, dist } = JSON.parse(head) as RunRecord["head"];
  const space = pidSpace();
  const ticks = startTicks(process.pid);
  const memory = Math.min(memoryGroup()?.limit ?? Number.POSITIVE_INFINITY, totalmem());
  return {
    startedAt: Math.round(now - process.uptime() * 1000),
    node: process.version,
    pid: process.pid,
    ...(space === undefined ? {} : { space }),
    ...(ticks === undefined ? {} : { ticks }),
    heapLimit: oldSpaceLimit(),
    memoryLimit: memory,
    head: { release, environment, server_name, dist } as RunRecord["head"],
  };
}

const MIB = 2 ** 20;

/**
 * The bytes at which V8 gives up: the room for objects that live long. Its statistics add the young generation, three
 * times a semi-space, whose default differs between versions: 16 MiB before Node 24, 64 in Node 24 and 25, 32 since.
 */
function oldSpaceLimit(): number {
  const limit = getHeapStatistics().heap_size_limit;
  const given = nodeFlags()
    .map((flag) => /^--max[-_]semi[-_]space[-_]size=(\d+)$/.exec(flag)?.[1])
    .findLast(Number);
  const major = Number.parseInt(process.versions.node, 10);
  const byDefault = major < 24 ? 16 : major < 26 ? 64 : 32;
  const rest = limit - 3 * Number(given ?? byDefault) * MIB;
  return rest > 0 ? rest : limit;
}

/** People who debug a process stop it by force. */
function isStartedForDebugging(): boolean {
  const isEditor = process.env["VSCODE_INSPECTOR_OPTIONS"] !== undefined;
  return isEditor || nodeFlags().some((flag) => flag.startsWith("--inspect"));
}

function nodeFlags(): readonly string[] {
  return [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/)];
}
