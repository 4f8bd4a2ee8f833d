import { readFileSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Breadcrumb, Event, Json, Level } from "../../model/event.js";
import { memoryGroup } from "../host/control-group.js";
import { type PidSpace, pidSpace, startTicks } from "./process-identity.js";

/** The file in a client's folder that describes its run. Any exit that Node brings about deletes it. */
export const RUN_FILE = "run.json";

/** A process, as it last described itself. Sizes are in bytes, moments in milliseconds since the Unix epoch. */
export interface RunRecord {
  readonly startedAt: number;
  readonly seenAt: number;
  readonly node: string;
  readonly pid: number;
  /** Where `pid` and `ticks` name this very process; see {@link PidSpace}. */
  readonly space?: PidSpace;
  readonly ticks?: string;
  readonly heapUsed: number;
  readonly heapLimit: number;
  readonly rss: number;
  /** The limit of the control group, else the memory of the machine. */
  readonly memoryLimit: number;
  /** The control group, and how many of its processes the kernel had killed for lack of memory. */
  readonly group?: { readonly id: string; readonly oomKills: number };
  /** The last signal that asked the process to end. */
  readonly signal?: { readonly name: string; readonly at: number };
  /** `release`, `environment`, `server_name` and `dist`, as far as they were known. */
  readonly head: Partial<Event>;
  /** Oldest first. */
  readonly crumbs: readonly Breadcrumb[];
}

/** Why a run ended without an exit, with the evidence for it. */
export interface RunVerdict {
  readonly kind: "out_of_memory" | "signal" | "unknown";
  readonly evidence: string;
}

/** The share of a limit from which on memory counts as used up. V8 gives up late, the kernel counts more than `rss`. */
const FULL = 0.85;
/** Orchestrators kill a process at most this long after they asked it to end. */
const GRACE_MS = 15 * 60_000;
const LEVELS: Readonly<Record<RunVerdict["kind"], Level>> = {
  out_of_memory: "fatal",
  signal: "error",
  unknown: "warning",
};

/**
 * Reads the record in a folder that was taken over, and deletes it, so that a run is reported once.
 *
 * @returns `undefined` without a record, for one that cannot be read, and while its process is still alive
 */
export function takeRunRecord(folder: string): RunRecord | undefined {
  const path = join(folder, RUN_FILE);
  try {
    const record = JSON.parse(readFileSync(path, "utf8")) as RunRecord;
    unlinkSync(path);
    return isComplete(record) && !isAlive(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Judges a run that ended without an exit.
 *
 * @param undelivered - captures it left on disk
 * @param oomKills - of this process's control group, now
 * @returns `undefined` without evidence of a bad end: a deployment kills processes, too
 */
export function judgeRun(
  record: RunRecord,
  undelivered: number,
  group: RunRecord["group"] = currentGroup(),
): RunVerdict | undefined {
  const { heapUsed, heapLimit, rss, memoryLimit, signal, seenAt } = record;
  const heap = `heap ${share(heapUsed, heapLimit)}`;
  const memory = `resident memory ${share(rss, memoryLimit)}`;
  if (group !== undefined && group.id === record.group?.id && group.oomKills > record.group.oomKills)
    return { kind: "out_of_memory", evidence: `the kernel killed a process of its control group; ${memory}` };
  if (heapUsed >= FULL * heapLimit) return { kind: "out_of_memory", evidence: heap };
  if (rss >= FULL * memoryLimit) return { kind: "out_of_memory", evidence: memory };
  if (signal !== undefined && seenAt - signal.at <= GRACE_MS)
    return { kind: "signal", evidence: `${signal.name} at ${new Date(signal.at).toISOString()}` };
  if (undelivered === 0) return undefined;
  const captures = undelivered === 1 ? "1 undelivered capture" : `${undelivered} undelivered captures`;
  return { kind: "unknown", evidence: `${captures}; ${heap}` };
}

/** The event that reports a run. Runs that ended alike are one issue. */
export function eventOfRun(record: RunRecord, { kind, evidence }: RunVerdict): Partial<Event> {
  const { head, crumbs, startedAt, seenAt, node, pid, heapUsed, heapLimit, rss, memoryLimit, signal } =
    record;
  const run: Record<string, Json> = {
    evidence,
    started: new Date(startedAt).toISOString(),
    last_seen: new Date(seenAt).toISOString(),
    node,
    pid,
    heap_used: heapUsed,
    heap_limit: heapLimit,
    rss,
    memory_limit: memoryLimit,
    ...(signal === undefined ? {} : { signal: signal.name }),
  };
  return {
    ...head,
    level: LEVELS[kind],
    timestamp: seenAt / 1000,
    message: `The previous run ended without an exit: ${CAUSES[kind]}`,
    fingerprint: ["previous-run", kind],
    tags: { previous_run: kind },
    contexts: { run },
    ...(crumbs.length === 0 ? {} : { breadcrumbs: [...crumbs] }),
  };
}

const CAUSES: Readonly<Record<RunVerdict["kind"], string>> = {
  out_of_memory: "out of memory",
  signal: "killed after a signal had asked it to end",
  unknown: "killed, or crashed in native code",
};

/** The control group of this process, where the kernel counts its kills. */
export function currentGroup(): RunRecord["group"] {
  const group = memoryGroup();
  const { oomKills } = group?.read() ?? {};
  return group === undefined || oomKills === undefined ? undefined : { id: group.id, oomKills };
}

function isAlive({ pid, space, ticks }: RunRecord): boolean {
  const here = pidSpace();
  const isHere = here !== undefined && here.boot === space?.boot && here.namespace === space.namespace;
  return isHere && ticks !== undefined && startTicks(pid) === ticks;
}

/** The file is ours, but a later version may have written it, or a disk damaged it. */
function isComplete(record: Partial<RunRecord> | null): boolean {
  const { startedAt, seenAt, heapUsed, heapLimit, rss, memoryLimit, pid, head, crumbs } = record ?? {};
  const numbers = [startedAt, seenAt, heapUsed, heapLimit, rss, memoryLimit, pid];
  const areMoments = [startedAt, seenAt].every((at) => Math.abs(at ?? Number.NaN) <= 8.64e15);
  return numbers.every(Number.isFinite) && areMoments && typeof head === "object" && Array.isArray(crumbs);
}

function share(used: number, limit: number): string {
  return `${Math.round(used / 2 ** 20)} of ${Math.round(limit / 2 ** 20)} MB`;
}
