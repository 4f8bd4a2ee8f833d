import { describe, expect, test } from "vitest";
import type { RunSample } from "./run-record.js";
import { isPressed, type Shortage, shortageOf } from "./run-trend.js";

const LIMITS = { heapLimit: 1000, memoryLimit: 2000 };

function shortage(list: RunSample[], groupCurrent?: number): Shortage | undefined {
  return shortageOf({ samples: list, ...LIMITS, ...(groupCurrent === undefined ? {} : { groupCurrent }) });
}

function samples(heapUsed: readonly number[], rss: readonly number[] = [], everyMs = 5000): RunSample[] {
  return heapUsed.map((used, n) => ({
    at: n * everyMs,
    heapUsed: used,
    rss: rss[n] ?? 100,
    lateMs: 0,
    busy: 0,
  }));
}

describe("shortageOf()", () => {
  test("finds a heap or a process that is full", () => {
    expect(shortage(samples([899]))).toBeUndefined();
    expect(shortage(samples([900]))).toEqual({ of: "heapUsed", used: 900, limit: 1000 });
    expect(shortage(samples([100], [1799]))).toBeUndefined();
    expect(shortage(samples([100], [1800]))).toEqual({ of: "rss", used: 1800, limit: 2000 });
  });

  test("takes a process for full only if its container is", () => {
    expect(shortage(samples([100], [1800]), 1799)).toBeUndefined();
    expect(shortage(samples([100], [1800]), 1800)).toMatchObject({ of: "rss" });
    expect(shortage(samples([100], [500]), 2000)).toBeUndefined();
  });

  test("finds what rose steadily and would have reached the limit before the next beat", () => {
    expect(shortage(samples([200, 400, 600]))).toBeUndefined();
    expect(shortage(samples([100, 350, 700]))).toEqual({
      of: "heapUsed",
      used: 700,
      limit: 1000,
      rising: 70,
    });
    expect(shortage(samples([500, 560, 620], [], 1000))).toBeUndefined();
    expect(shortage(samples([500, 580, 660], [], 1000))).toMatchObject({ rising: 80 });
    expect(shortage(samples([1, 1, 1], [500, 1000, 1500]))).toMatchObject({ of: "rss" });
  });

  test("is not taken in by the teeth of a saw, by a start, or by two beats at once", () => {
    expect(shortage(samples([700, 200, 600]))).toBeUndefined();
    expect(shortage(samples([10, 600]))).toBeUndefined();
    expect(shortage(samples([10, 200, 490], [], 250))).toBeUndefined();
    expect(shortage(samples([500, 500, 500], [], 0))).toBeUndefined();
  });
});

describe("isPressed()", () => {
  test("is so from three quarters on, or when the next beat would come too late", () => {
    expect(isPressed(samples([749]), LIMITS)).toBe(false);
    expect(isPressed(samples([750]), LIMITS)).toBe(true);
    expect(isPressed(samples([1], [1500]), LIMITS)).toBe(true);
    expect(isPressed(samples([100, 500]), LIMITS)).toBe(false);
    expect(isPressed(samples([100, 550]), LIMITS)).toBe(true);
  });
});
