import { expect, test } from "vitest";
import { eventOfRun } from "./run-finding.js";
import type { RunRecord } from "./run-record.js";
import type { RunVerdict } from "./run-verdict.js";

const GB = 2 ** 30;
const SEEN = Date.UTC(2026, 0, 2, 3, 4, 5, 500);
const record: RunRecord = {
  startedAt: SEEN - 3_600_000,
  node: "v20.19.0",
  pid: 4711,
  heapLimit: 2 * GB,
  memoryLimit: 4 * GB,
  external: 12,
  groupCurrent: 34,
  oomKills: 0,
  head: { release: "shop@1.0.0", environment: "live", server_name: "web-1" },
  samples: [
    { at: SEEN - 5000, heapUsed: GB, rss: 1.5 * GB, lateMs: 1, busy: 0.5 },
    { at: SEEN, heapUsed: 1.9 * GB, rss: 2.5 * GB, lateMs: 40, busy: 0.98 },
  ],
  signals: [{ name: "SIGTERM", at: SEEN - 9800 }],
  crumbs: [{ message: "a step" }],
};

test("eventOfRun() tells what became of the run, with its own time, deployment and breadcrumbs", () => {
  const of = { of: "heapUsed", used: 1.9 * GB, limit: 2 * GB } as const;
  const report = { event: "e", isOutOfMemory: true, context: { trigger: "OOMError" } };

  expect(eventOfRun({ record, verdict: { kind: "out_of_memory", evidence: "report", of }, report })).toEqual({
    level: "fatal",
    timestamp: SEEN / 1000,
    message: "The previous run ended without an exit: out of memory (heap 1.9 of 2.0 GB)",
    fingerprint: ["previous-run", "out_of_memory"],
    tags: { previous_run: "out_of_memory" },
    release: "shop@1.0.0",
    environment: "live",
    server_name: "web-1",
    contexts: {
      run: {
        started: "2026-01-02T02:04:05.500Z",
        last_seen: "2026-01-02T03:04:05.500Z",
        uptime_seconds: 3600,
        node: "v20.19.0",
        pid: 4711,
        heap_used: 1.9 * GB,
        heap_limit: 2 * GB,
        rss: 2.5 * GB,
        memory_limit: 4 * GB,
        external: 12,
        cgroup: { memory: 34, oom_kills: 0 },
        event_loop: { delay_ms: 40, utilization: 0.98 },
        signals: ["SIGTERM 2026-01-02T03:03:55.700Z"],
        samples: [
          { seconds: -5, heap_used: GB, rss: 1.5 * GB, delay_ms: 1, utilization: 0.5 },
          { seconds: 0, heap_used: 1.9 * GB, rss: 2.5 * GB, delay_ms: 40, utilization: 0.98 },
        ],
        report: { trigger: "OOMError" },
      },
    },
    breadcrumbs: [{ message: "a step" }],
  });
});

const MB = 2 ** 20;
const ended = "The previous run ended without an exit";

test.for<[RunVerdict, string, string]>([
  [
    {
      kind: "out_of_memory",
      evidence: "memory",
      of: { of: "heapUsed", used: 300 * MB, limit: 512 * MB, rising: 60 * MB },
    },
    "fatal",
    `${ended}: probably out of memory (heap 300 of 512 MB, rising by 60 MB/s)`,
  ],
  [
    { kind: "out_of_memory", evidence: "oom_kill", of: { of: "rss", used: 500 * MB, limit: 512 * MB } },
    "fatal",
    `${ended}: out of memory, probably killed by the kernel (rss 500 of 512 MB)`,
  ],
  [
    { kind: "signal", name: "SIGTERM", beforeMs: 9800 },
    "error",
    `${ended}: SIGTERM came 9.8 s before the last sign of life, so it was probably killed after its grace period`,
  ],
  [
    { kind: "stalled", forMs: 12_300, isAlive: false },
    "error",
    `${ended}: probably killed because it hung, its event loop was blocked for 12.3 s`,
  ],
  [
    { kind: "stalled", forMs: 620_000, isAlive: true },
    "error",
    "A run hangs: its process is busy, but gave no sign of life for 10 min",
  ],
  [
    { kind: "unknown" },
    "warning",
    `${ended}: killed by a signal that it does not handle, or crashed in native code`,
  ],
  [
    { kind: "unknown", crash: "v8::ToLocalChecked Empty MaybeLocal" },
    "warning",
    `${ended}: crashed in native code (v8::ToLocalChecked Empty MaybeLocal)`,
  ],
])("eventOfRun() says in plain words: %o", ([verdict, level, text]) => {
  const event = eventOfRun({ record, verdict });

  expect(event.message).toBe(text);
  expect(event.level).toBe(level);
  expect(event.fingerprint).toEqual(["previous-run", verdict.kind]);
});
