import type { RunRecord } from "./run-record.js";
import type { CrashReport } from "./run-report.js";
import { type Shortage, shortageOf } from "./run-trend.js";

/** What became of a run, and why one thinks so. */
export type RunVerdict =
  | {
      readonly kind: "out_of_memory";
      readonly evidence: "report" | "oom_kill" | "memory";
      readonly of?: Shortage;
    }
  | { readonly kind: "signal"; readonly name: string; readonly beforeMs: number }
  | { readonly kind: "stalled"; readonly forMs: number; readonly isAlive: boolean }
  | { readonly kind: "unknown"; readonly crash?: string };

/** What the finder of a record can see around it. */
export interface CaptureContext {
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** The memory group of the finder, and the processes killed in it. */
  readonly group?: { readonly id: string; readonly oomKills?: number };
  /** The process that wrote the record, if it is still there. */
  readonly alive?: { readonly isBusy: boolean };
  /** What Node wrote when it crashed. */
  readonly report?: CrashReport;
}

/** A signal longer ago was not meant to end the run: 15 minutes are more than anybody is given to end. */
const GRACE_MS = 15 * 60_000;
/** Many reload their configuration on this one, and go on. */
const RELOADING = { name: "SIGHUP", graceMs: 60_000 };
/** A process that works and missed two beats hangs. */
const HANG_MS = 10_000;
/** Blocked for as long as a beat takes to come, within the last beats. */
const STALL_MS = 5000;
const STALL_BEATS = 3;
const STALL_BUSY = 0.9;

/**
 * Judges a run that left its record behind. What is proven comes first, then what was asked of the process, then what it
 * suffered from.
 *
 * @returns `undefined` where there is nothing to tell: the process lives, or it was at a terminal, where people end it
 */
export function judgeRun(record: RunRecord, around: CaptureContext): RunVerdict | undefined {
  if (around.alive !== undefined) {
    // Halted or asleep with the whole machine, it will go on; one that works and gives no sign of life hangs.
    const forMs = around.now - record.samples.at(-1)!.at;
    return around.alive.isBusy && forMs >= HANG_MS ? { kind: "stalled", forMs, isAlive: true } : undefined;
  }
  return (
    proven(record, around) ??
    asked(record) ??
    suffered(record) ??
    (record.terminal === true ? undefined : { kind: "unknown" })
  );
}

function proven(record: RunRecord, { group, report }: CaptureContext): RunVerdict | undefined {
  const shortage = shortageOf(record);
  const of = shortage === undefined ? {} : { of: shortage };
  if (report?.isOutOfMemory) return { kind: "out_of_memory", evidence: "report", ...of };
  if (report !== undefined) return { kind: "unknown", crash: report.event };
  const isSameGroup = group !== undefined && group.id === record.group;
  if (isSameGroup && (group.oomKills ?? 0) > (record.oomKills ?? Number.POSITIVE_INFINITY))
    return { kind: "out_of_memory", evidence: "oom_kill", ...of };
  return undefined;
}

/** Asked to end, and no end came. */
function asked({ samples, signals = [] }: RunRecord): RunVerdict | undefined {
  const seenAt = samples.at(-1)!.at;
  for (const { name, at } of signals) {
    const beforeMs = Math.max(0, seenAt - at);
    if (beforeMs <= (name === RELOADING.name ? RELOADING.graceMs : GRACE_MS))
      return { kind: "signal", name, beforeMs };
  }
  return undefined;
}

function suffered(record: RunRecord): RunVerdict | undefined {
  const of = shortageOf(record);
  if (of !== undefined) return { kind: "out_of_memory", evidence: "memory", of };
  const blocked = record.samples.slice(-STALL_BEATS).filter(({ busy }) => busy >= STALL_BUSY);
  const forMs = Math.max(0, ...blocked.map(({ lateMs }) => lateMs));
  return forMs >= STALL_MS ? { kind: "stalled", forMs, isAlive: false } : undefined;
}
