import { describe, expect, test } from "vitest";
import { RateLimits, rateLimitsOf, retryAfterMs } from "./rate-limits.js";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const DAY_MS = 86_400_000;

function limitsIn(header: string | readonly string[], status = 200): readonly (readonly [string, number])[] {
  return rateLimitsOf({ status, rateLimits: header }, NOW).map(({ category, durationMs }) => [
    category,
    durationMs,
  ]);
}

describe("rateLimitsOf()", () => {
  test.each<[string, string | string[], (readonly [string, number])[]]>([
    [
      "one limit per category",
      "60:transaction:key, 2700:default;error;security:organization",
      [
        ["transaction", 60_000],
        ["default", 2_700_000],
        ["error", 2_700_000],
        ["security", 2_700_000],
      ],
    ],
    ["no category as all", "60::organization", [["all", 60_000]]],
    ["a limit with nothing but categories", "60:error", [["error", 60_000]]],
    ["empty names as no category", "60: ; :key", [["all", 60_000]]],
    ["reason and namespaces as of no matter", "5:error:organization:quota:custom:more", [["error", 5000]]],
    [
      "spaces anywhere",
      " 60 : error ; attachment : key ,  7 :session: key",
      [
        ["error", 60_000],
        ["attachment", 60_000],
        ["session", 7000],
      ],
    ],
    ["parts of a second", "0.25:error:key", [["error", 250]]],
    [
      "lines that came twice",
      ["60:error:key", "30:attachment:key"],
      [
        ["error", 60_000],
        ["attachment", 30_000],
      ],
    ],
    ["absurd times as a day", "1e9:error:key", [["error", DAY_MS]]],
  ])("reads %s", (_, header, expected) => {
    expect(limitsIn(header)).toEqual(expected);
  });

  test.each([
    [
      "unknown categories, and never takes them for all",
      "60:future_thing:key, 60:metric_bucket:organization::custom",
    ],
    ["what has no time", "soon:error:key, :error:key, -5:error:key, NaN:error:key, Infinity:error:key"],
    ["what has no category field", "60"],
  ])("ignores %s", (_, header) => {
    expect(limitsIn(header)).toEqual([]);
  });

  test("keeps the known ones among unknown categories", () => {
    expect(limitsIn("60:future_thing;error:key")).toEqual([["error", 60_000]]);
  });

  test("takes the header alone when there is one, whatever the status and Retry-After say", () => {
    const answer = { status: 429, retryAfter: "600", rateLimits: "5:attachment:key" };

    expect(rateLimitsOf(answer, NOW)).toEqual([{ category: "attachment", durationMs: 5000 }]);
  });

  test("takes Retry-After for everything with a 429, and with nothing else", () => {
    expect(rateLimitsOf({ status: 429, retryAfter: "2.5" }, NOW)).toEqual([
      { category: "all", durationMs: 2500 },
    ]);
    expect(rateLimitsOf({ status: 503, retryAfter: "2.5" }, NOW)).toEqual([]);
  });

  test.each([undefined, "", "soon", "-1"])(
    "takes a 429 with Retry-After %j as a minute of everything",
    (retryAfter) => {
      expect(rateLimitsOf({ status: 429, retryAfter }, NOW)).toEqual([
        { category: "all", durationMs: 60_000 },
      ]);
    },
  );
});

describe("retryAfterMs()", () => {
  test.each<[string | string[] | undefined, number | undefined]>([
    ["2", 2000],
    ["0", 0],
    [["3", "9"], 3000],
    ["Fri, 02 Jan 2026 03:04:35 GMT", 30_000],
    ["Fri, 02 Jan 2026 03:00:00 GMT", 0],
    ["1e9", DAY_MS],
    ["tomorrow", undefined],
    ["2026-01", undefined],
    [undefined, undefined],
  ])("reads %j as %j", (header, expected) => {
    expect(retryAfterMs(header, NOW)).toBe(expected);
  });
});

describe("RateLimits", () => {
  test("holds a category until its time is over", () => {
    const limits = new RateLimits();
    limits.add([{ category: "error", durationMs: 1000 }], 500);

    expect(limits.blockedUntil(["error"], 1499)).toBe(1500);
    expect(limits.blockedUntil(["error"], 1500)).toBe(0);
    expect(limits.blockedUntil(["attachment"], 600)).toBe(0);
  });

  test("lets the later end win", () => {
    const limits = new RateLimits();
    limits.add([{ category: "error", durationMs: 60_000 }], 0);
    limits.add([{ category: "error", durationMs: 1000 }], 0);

    expect(limits.blockedUntil(["error"], 5000)).toBe(60_000);
  });

  test("sees an active limit on everything behind an expired one of the category", () => {
    const limits = new RateLimits();
    limits.add(
      [
        { category: "error", durationMs: 1000 },
        { category: "all", durationMs: 9000 },
      ],
      0,
    );

    expect(limits.blockedUntil(["error"], 2000)).toBe(9000);
  });

  test("forgets nothing and grows with nothing a transport invents", () => {
    const limits = new RateLimits();
    limits.add(
      [
        { category: "invented", durationMs: 1000 },
        { category: "error", durationMs: Number.NaN },
      ],
      0,
    );

    expect(limits.blockedUntil(["invented"], 1)).toBe(0);
    expect(limits.blockedUntil(["error"], 1)).toBe(60_000);
  });
});
