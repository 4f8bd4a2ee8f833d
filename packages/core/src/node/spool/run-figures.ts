import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import { memoryGroup } from "../host/control-group.js";
import { nodeFlags } from "./node-flags.js";
import { isAtTerminal, seeProcess } from "./run-process.js";
import type { RunFacts, RunRecord } from "./run-record.js";

/** What is asked of the system for one beat. */
export type RunFigures = { readonly heapUsed: number; readonly rss: number; readonly busy: number } & Pick<
  RunRecord,
  "external" | "groupCurrent" | "oomKills"
>;

/** Where the figures of a run come from. */
export interface RunSource {
  readonly facts: Omit<RunFacts, "startedAt"> & { readonly uptimeMs: number };
  figures(): RunFigures;
}

const MIB = 2 ** 20;

/** What Node tells of this process. */
export function nodeRunSource(): RunSource {
  const group = memoryGroup();
  const identity = seeProcess(process.pid)?.identity;
  let used = performance.eventLoopUtilization();
  return {
    facts: {
      uptimeMs: process.uptime() * 1000,
      node: process.version,
      pid: process.pid,
      ...(identity === undefined ? {} : { identity }),
      heapLimit: oldSpaceLimit(getHeapStatistics().heap_size_limit, process.version, nodeFlags()),
      memoryLimit: Math.min(group?.limit ?? Number.POSITIVE_INFINITY, totalmem()),
      ...(group === undefined ? {} : { group: group.id }),
      terminal: isAtTerminal(),
    },
    figures() {
      const { used_heap_size: heapUsed, external_memory: external } = getHeapStatistics();
      const before = used;
      used = performance.eventLoopUtilization();
      const { current, oomKills } = group?.read() ?? {};
      return {
        heapUsed,
        rss: process.memoryUsage.rss(),
        busy: performance.eventLoopUtilization(used, before).utilization,
        external,
        ...(current === undefined ? {} : { groupCurrent: current }),
        ...(oomKills === undefined ? {} : { oomKills }),
      };
    },
  };
}

/**
 * The part of the heap that objects live in for long, in bytes: V8 gives up when it is full. Its statistics tell only
 * that and the room for new objects together, and that room, three times a semi-space, differs between versions:
 * with `--max-old-space-size=512`, the whole is 560 MiB in Node 22, 704 in Node 24 and 608 in Node 26.
 */
export function oldSpaceLimit(heapSizeLimit: number, node: string, flags: readonly string[]): number {
  const flag = flags.map((text) => /^--max[-_]semi[-_]space[-_]size=(\d+)/.exec(text)?.[1]).findLast(Number);
  const major = Number.parseInt(node.slice(1), 10);
  const semiSpace = flag === undefined ? defaultSemiSpace(major) : Number(flag);
  const rest = heapSizeLimit - 3 * semiSpace * MIB;
  return rest > 0 ? rest : heapSizeLimit;
}

/** In MiB. */
function defaultSemiSpace(major: number): number {
  if (major < 24) return 16;
  return major < 26 ? 64 : 32;
}
