import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pidSpace, startTicks } from "./process-identity.js";
import { eventOfRun, judgeRun, RUN_FILE, type RunRecord, takeRunRecord } from "./run-record.js";

const MB = 2 ** 20;
const RECORD: RunRecord = {
  startedAt: Date.UTC(2026, 0, 2, 3, 0),
  seenAt: Date.UTC(2026, 0, 2, 3, 4),
  node: "v22.0.0",
  pid: 41,
  heapUsed: 100 * MB,
  heapLimit: 1000 * MB,
  rss: 200 * MB,
  memoryLimit: 2000 * MB,
  head: { release: "shop@1" },
  crumbs: [],
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corvid-run-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("judgeRun()", () => {
  const signal = { name: "SIGTERM", at: RECORD.seenAt - 10_000 };
  test.for<[name: string, part: Partial<RunRecord>, undelivered: number, kind: string | undefined]>([
    ["nothing undelivered", {}, 0, undefined],
    ["an undelivered capture", {}, 1, "unknown"],
    ["a full heap", { heapUsed: 900 * MB }, 0, "out_of_memory"],
    ["full memory", { rss: 1900 * MB }, 0, "out_of_memory"],
    ["a signal", { signal }, 0, "signal"],
    ["a signal of an hour before", { signal: { ...signal, at: RECORD.seenAt - 3_600_000 } }, 0, undefined],
    ["a kill in its group", { group: { id: "1:2", oomKills: 0 } }, 0, "out_of_memory"],
    ["a kill in another group", { group: { id: "3:4", oomKills: 0 } }, 0, undefined],
  ])("judges by %s", ([, part, undelivered, kind]) => {
    const verdict = judgeRun({ ...RECORD, ...part }, undelivered, { id: "1:2", oomKills: 1 });

    expect(verdict?.kind).toBe(kind);
  });
});

describe("takeRunRecord()", () => {
  const write = (text: string): void => writeFileSync(join(folder, RUN_FILE), text);

  test("reads a record once", () => {
    write(JSON.stringify(RECORD));

    expect(takeRunRecord(folder)).toEqual(RECORD);
    expect(takeRunRecord(folder)).toBeUndefined();
  });

  test.for(["", "{", "null", "[]", "{}", JSON.stringify({ ...RECORD, seenAt: 1e300 })])(
    "ignores %j",
    (text) => {
      write(text);

      expect(takeRunRecord(folder)).toBeUndefined();
    },
  );

  test("ignores a process that is alive", () => {
    write(JSON.stringify({ ...RECORD, pid: process.pid, space: pidSpace(), ticks: startTicks(process.pid) }));

    expect(takeRunRecord(folder)).toBeUndefined();
  });

  test("reports a later process with the same pid", () => {
    write(JSON.stringify({ ...RECORD, pid: process.pid, space: pidSpace(), ticks: "1" }));

    expect(takeRunRecord(folder)).toBeDefined();
  });
});

test("eventOfRun() has the run's time, release and evidence", () => {
  const verdict = { kind: "unknown", evidence: "1 undelivered capture; heap 100 of 1000 MB" } as const;

  expect(eventOfRun(RECORD, verdict)).toEqual({
    release: "shop@1",
    level: "warning",
    timestamp: RECORD.seenAt / 1000,
    message: "The previous run ended without an exit: killed, or crashed in native code",
    fingerprint: ["previous-run", "unknown"],
    tags: { previous_run: "unknown" },
    contexts: {
      run: {
        evidence: verdict.evidence,
        started: "2026-01-02T03:00:00.000Z",
        last_seen: "2026-01-02T03:04:00.000Z",
        node: "v22.0.0",
        pid: 41,
        heap_used: 100 * MB,
        heap_limit: 1000 * MB,
        rss: 200 * MB,
        memory_limit: 2000 * MB,
      },
    },
  });
});
