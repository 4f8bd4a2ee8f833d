import { describe, expect, test } from "vitest";
import { MOMENT, sampleEvent } from "../test/sample.js";
import { type Group, groupsOf, weightOf } from "./groups.js";
import type { EventPayload } from "./payload.js";
import type { ReceivedEvent } from "./store.js";

let count = 0;
function received(more: object, project = "1"): ReceivedEvent {
  const event = sampleEvent(++count, more) as unknown as EventPayload;
  const rest = { envelopeHeader: {}, attachments: [], via: "envelope", requestIndex: 0 } as const;
  return { id: event.event_id!, event, project, receivedAt: MOMENT + count, ...rest };
}

function thrown(type: string, value: string, ...frames: readonly object[]): object {
  return {
    exception: {
      values: [
        { type: "Cause", value: "inner" },
        { type, value, stacktrace: { frames } },
      ],
    },
  };
}

const own = { filename: "orders.ts", function: "pay", lineno: 3, in_app: true };
const foreign = { filename: "node_modules/x/index.js", function: "call", in_app: false };

function groupCount(...events: readonly ReceivedEvent[]): number {
  return groupsOf(events).length;
}

describe("groupsOf()", () => {
  test("sums up a group", () => {
    const first = received({
      ...thrown("TypeError", "order 17", own, foreign),
      release: "a@1",
      environment: "test",
    });
    const second = received({
      ...thrown("TypeError", "order 18", own),
      release: "a@2",
      contexts: { repeats: { count: 9 } },
    });
    const expected: Omit<Group, "id"> = {
      project: "1",
      type: "TypeError",
      value: "order 18",
      culprit: "orders.ts in pay",
      level: "error",
      count: 10,
      events: 2,
      firstSeen: first.receivedAt,
      lastSeen: second.receivedAt,
      releases: ["a@1", "a@2"],
      environments: ["test"],
    };

    expect(groupsOf([first, second])).toEqual([{ id: expect.stringMatching(/^[0-9a-f]{16}$/), ...expected }]);
  });

  test("puts the most recently seen group first", () => {
    const groups = groupsOf([
      received(thrown("A", "a")),
      received(thrown("B", "b")),
      received(thrown("A", "a")),
    ]);

    expect(groups.map(({ type }) => type)).toEqual(["A", "B"]);
  });

  test.each([
    ["an equal error at another line", thrown("E", "x", own), thrown("E", "x", { ...own, lineno: 9 }), 1],
    ["other ids in the text", thrown("E", "id 0190f2ab-1b2c-7d3e"), thrown("E", "id 0190f2ab-ffff-7d3f"), 1],
    ["another type", thrown("E", "x"), thrown("F", "x"), 2],
    ["another text", thrown("E", "x"), thrown("E", "y"), 2],
    ["another crash site", thrown("E", "x", own), thrown("E", "x", { ...own, function: "refund" }), 2],
    ["another frame of a library", thrown("E", "x", own, foreign), thrown("E", "x", own), 1],
    [
      "an equal fingerprint",
      { ...thrown("E", "x"), fingerprint: ["a"] },
      { ...thrown("F", "y"), fingerprint: ["a"] },
      1,
    ],
    [
      "a fingerprint with {{ default }}",
      { ...thrown("E", "x"), fingerprint: ["a", "{{ default }}"] },
      { ...thrown("F", "x"), fingerprint: ["a", "{{ default }}"] },
      2,
    ],
    [
      "an equal template",
      { exception: undefined, logentry: { message: "hello %s", formatted: "hello Ann" } },
      { exception: undefined, logentry: { message: "hello %s", formatted: "hello Bob" } },
      1,
    ],
  ])("tells %s", (_, one, two, groups) => {
    expect(groupCount(received(one), received(two))).toBe(groups);
  });

  test("keeps projects apart", () => {
    expect(groupCount(received(thrown("E", "x"), "1"), received(thrown("E", "x"), "2"))).toBe(2);
  });

  test.each([
    [{ exception: null }],
    [{ exception: { values: null } }],
    [{ exception: { values: [null] } }],
    [{ exception: [{ type: 7, value: {} }] }],
    [{ exception: { values: [{ stacktrace: null }] } }],
    [{ exception: { values: [{ stacktrace: { frames: [null] } }] } }],
    [{ exception: undefined, logentry: "text" }],
    [{ exception: undefined, logentry: null }],
    [{ exception: undefined, message: "legacy", contexts: null, fingerprint: "no" }],
    [{ contexts: { repeats: null } }],
  ])("survives %j", (more) => {
    expect(groupCount(received(more))).toBe(1);
  });
});

describe("weightOf()", () => {
  test.each([
    [13, 13],
    [0, 1],
    [-4, 1],
    [1.5, 1],
    ["7", 1],
    [Number.MAX_VALUE, 1],
    [undefined, 1],
  ])("takes a count of %j as %i", (value, weight) => {
    expect(weightOf({ contexts: { repeats: { count: value } } })).toBe(weight);
  });
});
