import { describe, expect, test } from "vitest";
import { MOMENT, sampleEvent } from "../test/sample.js";
import { problemsOfEvent, tooDeep } from "./payload-rules.js";

function problemsOf(more: object, headerId?: string): string[] {
  const event = sampleEvent(1, more) as unknown as Record<string, unknown>;
  return problemsOfEvent(event, JSON.stringify(event), { headerId, arrivedAt: MOMENT }).map(
    ({ detail }) => detail,
  );
}

function exception(...values: readonly object[]): object {
  return { exception: { values } };
}

describe("problemsOfEvent()", () => {
  test("has nothing against a clean event", () => {
    expect(
      problemsOf(
        { tags: { shop: "north" }, release: "api@1.2.3", environment: "test" },
        sampleEvent().event_id,
      ),
    ).toEqual([]);
  });

  test.each([
    [{ event_id: "ABC" }, "event_id must be 32 lower-case hex digits"],
    [{ timestamp: undefined }, "timestamp must be seconds"],
    [{ timestamp: MOMENT }, "is it in seconds?"],
    [{ platform: undefined }, "platform is missing"],
    [{ level: "critical" }, "level must be one of"],
    [{ message: "old" }, "message is not for clients to send"],
    [{ sdk: null }, "sdk is null: leave the key out"],
    [{ release: "@acme/api@1.0.0" }, 'release "@acme/api@1.0.0" is discarded'],
    [{ release: "é".repeat(101) }, "release is longer than 200 bytes"],
    [{ environment: "none" }, 'environment "none" is discarded'],
    [{ dist: "a b" }, "dist must be"],
    [{ transaction: "x".repeat(201) }, "transaction is longer than 200"],
    [{ tags: { ["k".repeat(33)]: "v" } }, "the key is longer than 32"],
    [{ tags: { k: "v".repeat(201) } }, "1 to 200 characters"],
    [{ tags: { k: 1 } }, "the value must be text"],
    [{ tags: { "a b": "v" } }, "keys are"],
    [{ tags: { release: "v" } }, "belongs to the server"],
    [{ tags: [["k", "v"]] }, "tags must be an object"],
    [{ extra: { line: "a\u2028b" } }, "U+2028 stands raw"],
    [{ extra: { line: "a\u2029b" } }, "U+2029 stands raw"],
    [{ extra: { line: "a\u0085b" } }, "U+0085 stands raw"],
    [{ extra: { nul: "a\0b" } }, "event.extra.nul holds a NUL"],
    [{ extra: { half: "\ud83d" } }, "event.extra.half holds half of a surrogate pair"],
    [{ extra: { "\0": 1 } }, "a key of event.extra holds a NUL"],
    [{ exception: { values: [] } }, "exception must be { values: [at least one] }"],
    [{ exception: [{ type: "E" }] }, "exception must be { values: [at least one] }"],
    [exception({}), "exception 0 has neither type nor value"],
    [exception({ type: "E".repeat(257) }), "type is longer than 256"],
    [exception({ type: "E", mechanism: {} }), "its mechanism has no type"],
    [exception({ type: "E", stacktrace: { frames: [] } }), "must have frames"],
    [exception({ type: "E", stacktrace: { frames: [{ lineno: 3 }] } }), "neither filename nor function"],
    [exception({ type: "E", stacktrace: { frames: [{ function: "f", lineno: 0 }] } }), "lineno must be"],
    [exception({ type: "E", stacktrace: { frames: Array(51).fill({ function: "f" }) } }), "51 frames"],
    [
      exception({ type: "E", stacktrace: { frames: [{ function: "f", pre_context: [] }] } }),
      "context_line that is missing",
    ],
    [
      exception({ type: "E", mechanism: { type: "a", exception_id: 1, parent_id: 1 } }),
      "last exception must have exception_id 0",
    ],
    [
      exception(
        { type: "E", mechanism: { type: "a", exception_id: 1, parent_id: 7 } },
        { type: "E", mechanism: { type: "a", exception_id: 0 } },
      ),
      "exception_id 1 has no parent",
    ],
    [{ logentry: "text" }, "logentry must be an object"],
    [{ breadcrumbs: [] }, "breadcrumbs must be"],
    [
      { breadcrumbs: { values: [{ category: "http", type: "http", data: {} }] } },
      "breadcrumb 0 is an empty row",
    ],
    [{ breadcrumbs: { values: [{ category: "step" }] } }, "breadcrumb 0 is an empty row"],
    [{ logentry: { formatted: " " }, exception: undefined }, "an event needs an exception or a text"],
    [exception({ type: "E", mechanism: { type: "a", synthetic: true } }), "hides type and value"],
    [{ user: { name: "Jane" } }, "user has none of"],
    [{ user: { ip_address: "{{auto}}" } }, "the server that reports"],
    [{ request: { url: "http://jane:made-up@localhost/" } }, "request.url holds credentials"],
  ])("finds %j", (more, detail) => {
    expect(problemsOf(more)).toEqual([expect.stringContaining(detail)]);
  });

  test("tells 50 problems of one event at most", () => {
    expect(problemsOf({ extra: { halves: Array(1000).fill("\ud83d") } })).toHaveLength(50);
  });

  test("finds two ids that differ", () => {
    expect(problemsOf({}, "f".repeat(32))).toEqual([
      expect.stringContaining("the envelope header says ffff"),
    ]);
  });
});

describe("tooDeep()", () => {
  test("measures without recursion", () => {
    const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));

    expect(tooDeep(nested(100))).toBe(false);
    expect(tooDeep(nested(200))).toBe(true);
    expect(tooDeep(nested(100_000))).toBe(true);
  });
});
