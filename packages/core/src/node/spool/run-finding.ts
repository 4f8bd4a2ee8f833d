import type { Event, Json, Level } from "../../model/event.js";
import type { RunRecord, RunSample } from "./run-record.js";
import type { CrashReport } from "./run-report.js";
import type { Shortage } from "./run-trend.js";
import type { RunVerdict } from "./run-verdict.js";

/** A run that ended without an exit. */
export interface RunFinding {
  readonly record: RunRecord;
  readonly verdict: RunVerdict;
  readonly report?: CrashReport;
}

const LEVELS: Readonly<Record<RunVerdict["kind"], Level>> = {
  out_of_memory: "fatal",
  signal: "error",
  stalled: "error",
  unknown: "warning",
};

/**
 * The event that tells of a run: with its time, deployment and breadcrumbs, and how it was in `contexts.run` (sizes in
 * bytes). Runs that ended alike are one issue.
 */
export function eventOfRun({ record, verdict, report }: RunFinding): Partial<Event> {
  const { head, crumbs } = record;
  return {
    level: LEVELS[verdict.kind],
    timestamp: record.samples.at(-1)!.at / 1000,
    message: messageOf(verdict),
    fingerprint: ["previous-run", verdict.kind],
    tags: { previous_run: verdict.kind },
    ...head,
    contexts: { run: contextOf(record, report) },
    ...(crumbs === undefined ? {} : { breadcrumbs: [...crumbs] }),
  };
}

function messageOf(verdict: RunVerdict): string {
  if (verdict.kind === "stalled" && verdict.isAlive)
    return `A run hangs: its process is busy, but gave no sign of life for ${seconds(verdict.forMs)}`;
  return `The previous run ended without an exit: ${endOf(verdict)}`;
}

function endOf(verdict: RunVerdict): string {
  switch (verdict.kind) {
    case "out_of_memory":
      return `${causeOf(verdict.evidence)}${verdict.of === undefined ? "" : ` (${textOf(verdict.of)})`}`;
    case "signal":
      return `${verdict.name} came ${seconds(verdict.beforeMs)} before the last sign of life, so it was probably killed after its grace period`;
    case "stalled":
      return `probably killed because it hung, its event loop was blocked for ${seconds(verdict.forMs)}`;
    case "unknown":
      return verdict.crash === undefined
        ? "killed by a signal that it does not handle, or crashed in native code"
        : `crashed in native code (${verdict.crash})`;
  }
}

function causeOf(evidence: "report" | "oom_kill" | "memory"): string {
  if (evidence === "oom_kill") return "out of memory, probably killed by the kernel";
  return evidence === "report" ? "out of memory" : "probably out of memory";
}

function textOf({ of, used, limit, rising }: Shortage): string {
  const unit = limit >= GB ? { name: "GB", bytes: GB, digits: 1 } : { name: "MB", bytes: MB, digits: 0 };
  const [a, b] = [used, limit].map((bytes) => (bytes / unit.bytes).toFixed(unit.digits));
  const speed = rising === undefined ? "" : `, rising by ${Math.round(rising / MB)} MB/s`;
  return `${of === "rss" ? "rss" : "heap"} ${a} of ${b} ${unit.name}${speed}`;
}

/** As `--max-old-space-size` and containers count them. */
const MB = 2 ** 20;
const GB = 2 ** 30;

function seconds(ms: number): string {
  return ms < 100_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

function contextOf(record: RunRecord, report: CrashReport | undefined): Record<string, Json> {
  const last = record.samples.at(-1)!;
  const { groupCurrent, oomKills, external } = record;
  return {
    started: new Date(record.startedAt).toISOString(),
    last_seen: new Date(last.at).toISOString(),
    uptime_seconds: Math.max(0, Math.round((last.at - record.startedAt) / 1000)),
    node: record.node,
    pid: record.pid,
    heap_used: last.heapUsed,
    heap_limit: record.heapLimit,
    rss: last.rss,
    memory_limit: record.memoryLimit,
    ...(external === undefined ? {} : { external }),
    ...(groupCurrent === undefined && oomKills === undefined
      ? {}
      : { cgroup: { ...defined("memory", groupCurrent), ...defined("oom_kills", oomKills) } }),
    event_loop: { delay_ms: last.lateMs, utilization: last.busy },
    ...(record.signals === undefined
      ? {}
      : { signals: record.signals.map(({ name, at }) => `${name} ${new Date(at).toISOString()}`) }),
    samples: record.samples.map((sample) => sampleOf(sample, last.at)),
    ...(report === undefined ? {} : { report: report.context }),
  };
}

function sampleOf({ at, heapUsed, rss, lateMs, busy }: RunSample, lastAt: number): Record<string, Json> {
  return {
    seconds: Math.round((at - lastAt) / 100) / 10,
    heap_used: heapUsed,
    rss,
    delay_ms: lateMs,
    utilization: busy,
  };
}

function defined(key: string, value: Json | undefined): Record<string, Json> {
  return value === undefined ? {} : { [key]: value };
}
