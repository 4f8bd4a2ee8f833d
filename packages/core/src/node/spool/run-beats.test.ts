import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestClock, type TestClock } from "../../../test/support/clock.js";
import { cpuMs } from "../../../test/support/cpu.js";
import { RunBeats, type RunBeatsOptions } from "./run-beats.js";
import { nodeRunSource, type RunFigures } from "./run-figures.js";
import { latestText, RUN_FILE } from "./run-file.js";
import { type RunRecord, readRunRecord } from "./run-record.js";

let folder: string;
let clock: TestClock;
let figures: RunFigures;
let started: RunBeats[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corvid-run-beats-"));
  clock = createTestClock();
  figures = { heapUsed: 100, rss: 200, busy: 0.25, external: 5 };
  started = [];
});
afterEach(() => {
  for (const beats of started) beats.stop();
  rmSync(folder, { recursive: true, force: true });
});

const facts = {
  uptimeMs: 1500,
  node: "v20.19.0",
  pid: 4711,
  heapLimit: 1000,
  memoryLimit: 2000,
  terminal: false,
};

function start(more: Partial<RunBeatsOptions> = {}): RunBeats {
  const beats = new RunBeats({
    folder: () => folder,
    head: '{"release":"shop@1.0.0"}',
    crumbs: () => ['{"message":"a step"}'],
    clock,
    source: { facts, figures: () => figures },
    ...more,
  });
  started.push(beats);
  beats.start();
  return beats;
}

function written(where = folder): RunRecord | undefined {
  return readRunRecord(latestText(readFileSync(join(where, RUN_FILE))) ?? "");
}

/** When beats come, in milliseconds after the start. */
function beatTimes(untilMs: number): number[] {
  const times: number[] = [];
  const begunAt = clock.now();
  const crumbs = (): string[] => {
    times.push(clock.now() - begunAt);
    return [];
  };
  start({ crumbs });
  clock.advance(untilMs);
  return times;
}

describe("RunBeats", () => {
  test("writes all that is known, at once", () => {
    start();

    expect(written()).toEqual({
      startedAt: clock.now() - 1500,
      node: "v20.19.0",
      pid: 4711,
      heapLimit: 1000,
      memoryLimit: 2000,
      terminal: false,
      head: { release: "shop@1.0.0" },
      external: 5,
      samples: [{ at: clock.now(), heapUsed: 100, rss: 200, lateMs: 0, busy: 0.25 }],
      crumbs: [{ message: "a step" }],
    });
  });

  test("beats often at first, then every five seconds", () => {
    expect(beatTimes(20_000)).toEqual([0, 250, 500, 1000, 2000, 4000, 8000, 13_000, 18_000]);
  });

  test("beats every second while memory is short", () => {
    figures = { ...figures, heapUsed: 800 };

    expect(beatTimes(5000)).toEqual([0, 250, 500, 1000, 2000, 3000, 4000, 5000]);
  });

  test("keeps the last twelve samples", () => {
    start();
    clock.advance(600_000);

    const samples = written()!.samples;
    expect(samples).toHaveLength(12);
    expect(samples.at(-1)!.at).toBeGreaterThan(clock.now() - 5000);
  });

  test("tells how late a beat was", () => {
    let blockedMs = 0;
    start({ clock: { ...clock, monotonic: () => clock.monotonic() + blockedMs } });
    blockedMs = 7000;
    clock.advance(250);

    expect(written()!.samples.at(-1)!.lateMs).toBe(7000);
  });

  test("writes a signal down at once, and keeps the last four", () => {
    const beats = start();
    const at = clock.now() + 100;
    clock.advance(100);
    beats.note("SIGTERM");

    expect(written()!.signals).toEqual([{ name: "SIGTERM", at }]);
    for (let n = 0; n < 100; n++) beats.note("SIGHUP");
    expect(written()!.signals).toHaveLength(4);
  });

  test("keeps as many of the last breadcrumbs as there is room for", () => {
    const crumbs = Array.from({ length: 500 }, (_, n) =>
      JSON.stringify({ message: `${n} ${"ü".repeat(100)}` }),
    );
    start({ crumbs: () => crumbs });

    const kept = written()!.crumbs!;
    expect(kept.length).toBeGreaterThan(100);
    expect(kept.at(-1)!.message).toMatch(/^499 /);
    expect(kept[0]!.message).toMatch(new RegExp(`^${500 - kept.length} `));
    start({ crumbs: () => [JSON.stringify({ message: "x".repeat(40_000) })] });
    expect(written()!.samples).toHaveLength(1);
  });

  test("waits for its folder, and follows it", () => {
    let current: string | undefined;
    start({ folder: () => current });
    expect(readdirSync(folder)).toEqual([]);

    current = folder;
    clock.advance(250);
    expect(written()!.samples).toHaveLength(2);

    current = join(folder, "next");
    mkdirSync(current);
    clock.advance(250);
    expect(written(current)!.samples).toHaveLength(3);
  });

  test("goes on when something fails: figures, breadcrumbs, a head that is no JSON", () => {
    let isFailing = true;
    start({
      head: "{",
      crumbs: () => {
        if (isFailing) throw new Error("no breadcrumbs");
        return [];
      },
    });
    expect(readdirSync(folder)).toEqual([]);

    isFailing = false;
    clock.advance(250);
    expect(written()?.head).toBeUndefined();
    expect(written()?.samples).toHaveLength(2);
  });

  test("stop() leaves no file and no timer, and nothing brings them back", () => {
    const beats = start();
    beats.stop();
    beats.note("SIGTERM");
    clock.advance(60_000);

    expect(readdirSync(folder)).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test("takes a fifth of a millisecond a beat at most, with a hundred breadcrumbs", () => {
    const crumb = JSON.stringify({ message: "GET /orders/17", category: "http", data: { status_code: 200 } });
    const crumbs = Array<string>(100).fill(crumb);
    const beats = start({ source: nodeRunSource(), crumbs: () => crumbs });
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 30; round++) {
      const before = cpuMs();
      for (let n = 0; n < 100; n++) beats.note("SIGHUP");
      best = Math.min(best, (cpuMs() - before) / 100);
    }

    expect(best).toBeLessThan(0.2);
  });
});
