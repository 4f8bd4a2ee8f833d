import { describe, expect, test } from "vitest";
import type { RunRecord, RunSample } from "./run-record.js";
import { judgeRun } from "./run-verdict.js";

const SEEN = Date.UTC(2026, 0, 2, 3, 4, 5);
const AROUND = { now: SEEN + 60_000 };
const calm: RunSample = { at: SEEN, heapUsed: 100, rss: 200, lateMs: 0, busy: 0.1 };

function record(more: Partial<RunRecord> = {}, ...samples: Partial<RunSample>[]): RunRecord {
  return {
    startedAt: SEEN - 3_600_000,
    node: "v20.19.0",
    pid: 4711,
    heapLimit: 1000,
    memoryLimit: 2000,
    group: "1:2",
    oomKills: 3,
    samples: (samples.length === 0 ? [{}] : samples).map((sample) => ({ ...calm, ...sample })),
    ...more,
  };
}

const heapReport = { event: "heap out of memory", isOutOfMemory: true, context: {} };
const nativeReport = { event: "v8::ToLocalChecked", isOutOfMemory: false, context: {} };

describe("judgeRun() finds out_of_memory", () => {
  test("where Node has reported it, whatever the beats say", () => {
    expect(judgeRun(record(), { ...AROUND, report: heapReport })).toEqual({
      kind: "out_of_memory",
      evidence: "report",
    });
  });

  test("where the kernel has killed in the same group since the last beat", () => {
    const judge = (oomKills: number, id = "1:2"): unknown =>
      judgeRun(record(), { ...AROUND, group: { id, oomKills } });

    expect(judge(4)).toEqual({ kind: "out_of_memory", evidence: "oom_kill" });
    expect(judge(3)).toEqual({ kind: "unknown" });
    expect(judge(4, "1:3")).toEqual({ kind: "unknown" });
    expect(
      judgeRun(record({ oomKills: undefined }), { ...AROUND, group: { id: "1:2", oomKills: 9 } }),
    ).toEqual({
      kind: "unknown",
    });
  });

  test("where memory was full at the last beat", () => {
    expect(judgeRun(record({}, { heapUsed: 950 }), AROUND)).toEqual({
      kind: "out_of_memory",
      evidence: "memory",
      of: { of: "heapUsed", used: 950, limit: 1000 },
    });
  });
});

describe("judgeRun() finds a signal", () => {
  test("that came before the last beat, and no end after it, even with a full heap", () => {
    const signals = [
      { name: "SIGTERM", at: SEEN - 9800 },
      { name: "SIGINT", at: SEEN - 100 },
    ];

    expect(judgeRun(record({ signals }, { heapUsed: 950 }), AROUND)).toEqual({
      kind: "signal",
      name: "SIGTERM",
      beforeMs: 9800,
    });
  });

  test("but none that was about something else: long ago, or a reload", () => {
    const judge = (name: string, agoMs: number): unknown =>
      judgeRun(record({ signals: [{ name, at: SEEN - agoMs }] }), AROUND)?.kind;

    expect(judge("SIGTERM", 15 * 60_000)).toBe("signal");
    expect(judge("SIGTERM", 15 * 60_000 + 1)).toBe("unknown");
    expect(judge("SIGHUP", 60_000)).toBe("signal");
    expect(judge("SIGHUP", 60_001)).toBe("unknown");
  });
});

describe("judgeRun() finds a stall", () => {
  test("where one of the last beats was late by a whole one, with the loop at work", () => {
    const late = { lateMs: 12_300, busy: 1 };

    expect(judgeRun(record({}, late, {}, {}), AROUND)).toEqual({
      kind: "stalled",
      forMs: 12_300,
      isAlive: false,
    });
    expect(judgeRun(record({}, late, {}, {}, {}), AROUND)).toEqual({ kind: "unknown" });
    expect(judgeRun(record({}, { ...late, busy: 0.2 }), AROUND)).toEqual({ kind: "unknown" });
    expect(judgeRun(record({}, { ...late, lateMs: 4999 }), AROUND)).toEqual({ kind: "unknown" });
  });

  test("where the process is there and works, but has missed its beats", () => {
    const judge = (isBusy: boolean, now: number): unknown => judgeRun(record(), { now, alive: { isBusy } });

    expect(judge(true, SEEN + 62_000)).toEqual({ kind: "stalled", forMs: 62_000, isAlive: true });
    expect(judge(true, SEEN + 9000)).toBeUndefined();
    expect(judge(false, SEEN + 62_000)).toBeUndefined();
  });
});

describe("judgeRun() admits that it does not know", () => {
  test("and says what Node wrote of a crash", () => {
    const suffering = record({ signals: [{ name: "SIGTERM", at: SEEN }] }, { heapUsed: 950 });

    expect(judgeRun(suffering, { ...AROUND, report: nativeReport })).toEqual({
      kind: "unknown",
      crash: "v8::ToLocalChecked",
    });
  });

  test("unless people ended it at their terminal", () => {
    expect(judgeRun(record({ terminal: true }), AROUND)).toBeUndefined();
    expect(judgeRun(record({ terminal: true }, { heapUsed: 950 }), AROUND)?.kind).toBe("out_of_memory");
    expect(judgeRun(record({ terminal: true }), { ...AROUND, report: nativeReport })?.kind).toBe("unknown");
  });
});
