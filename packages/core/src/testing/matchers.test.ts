import { describe, expect, test } from "vitest";
import { captureException, captureMessage, setUser, withRequestScope } from "../index.js";
import { recordingTransport, withCapturedEvents } from "../testing.js";
import "../testing-vitest.js";
import type { Event } from "../model/event.js";
import type { ExpectedEvent } from "./expected-event.js";

const captured = (): Promise<readonly Event[]> =>
  withCapturedEvents(() => {
    withRequestScope(() => {
      setUser({ id: "7", username: "ada" });
      const cause = new TypeError("no such row");
      captureException(new RangeError("The limit is 100", { cause }), {
        tags: { job: 7, area: "billing" },
        extra: { order: { id: 5, lines: ["a", "b"] } },
        fingerprint: ["limits", "billing"],
        transaction: "POST /orders",
      });
    });
    captureMessage("queue is empty", "warning");
  });

/** What a matcher says when it fails. */
async function complaint(assertion: () => unknown): Promise<string> {
  try {
    await assertion();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the assertion passed");
}

describe("toHaveCaptured()", () => {
  const matching: [what: string, expected: ExpectedEvent][] = [
    ["nothing in particular", {}],
    ["the class of the error", { type: "RangeError" }],
    ["the whole message", { message: "The limit is 100" }],
    ["an expression", { type: /range/i, message: /limit/g }],
    ["an asymmetric matcher", { message: expect.stringContaining("limit") }],
    ["a matcher of one's own", { message: { asymmetricMatch: (text) => String(text).endsWith("100") } }],
    ["the text of a message", { message: "queue is empty", level: "warning" }],
    ["some of the tags", { tags: { area: "billing" } }],
    ["a tag that was given as a number", { tags: { job: 7 } }],
    ["a user whose id is a number", { user: { id: 7 } }],
    ["a part of nested extra", { extra: { order: { id: 5 } } }],
    ["a list as a whole", { extra: { order: { lines: ["a", /b/] } } }],
    ["a matcher for all of extra", { extra: expect.objectContaining({ order: expect.anything() }) }],
    ["a tag that is absent", { tags: { area: "billing", shard: undefined } }],
    ["everything else", { fingerprint: ["limits", /bill/], transaction: "POST /orders", handled: true }],
  ];

  test.each(matching)("passes for %s", async (_what, expected) => {
    expect(await captured()).toHaveCaptured(expected);
  });

  const differing: [what: string, expected: ExpectedEvent][] = [
    ["a part of the message, given as text", { message: "limit" }],
    ["the class of a cause", { type: "TypeError" }],
    ["parts of two different events", { type: "RangeError", level: "warning" }],
    ["a tag nobody set", { tags: { area: "billing", shard: "1" } }],
    ["an inherited key", { tags: { toString: expect.anything() } }],
    ["a shorter list", { extra: { order: { lines: ["a"] } } }],
    ["a number in extra, where a text is", { extra: { order: { lines: [1, 2] } } }],
    ["a date, where an object is", { extra: { order: new Date(0) } }],
    ["another fingerprint", { fingerprint: ["limits"] }],
    ["an expression on what is no text", { extra: { order: { id: /5/ } } }],
  ];

  test.each(differing)("does not pass for %s", async (_what, expected) => {
    const events = await captured();

    expect(events).not.toHaveCaptured(expected);
    expect(await complaint(() => expect(events).toHaveCaptured(expected))).toMatch(
      /^expected to have captured/,
    );
  });

  test("takes a recorder, what has an events() method, and entries that hold an event", async () => {
    const events = await captured();
    const transport = recordingTransport();
    Object.assign(transport.events, events);

    expect(transport).toHaveCaptured({ type: "RangeError" });
    expect({ events: () => events.map((event) => ({ event })) }).toHaveCaptured({ type: "RangeError" });
    await expect(captured()).resolves.toHaveCaptured({ type: "RangeError" });
    await expect(captured()).resolves.not.toHaveCaptured({ type: "TypeError" });
  });

  test("without an argument asks whether anything was captured", async () => {
    expect(await captured()).toHaveCaptured();
    expect(await withCapturedEvents(() => undefined)).not.toHaveCaptured();
  });

  test("says of each event in which way it differs", async () => {
    const events = await captured();

    expect(
      await complaint(() => expect(events).toHaveCaptured({ type: "RangeError", tags: { job: 8 } })),
    ).toBe(
      `expected to have captured { type: "RangeError", tags: { job: 8 } }

captured 2:
  1. [error] RangeError The limit is 100
     tags.job: expected 8, received "7"
  2. [warning] queue is empty
     type: expected "RangeError", received undefined
     tags: expected { job: 8 }, received undefined`,
    );
    const matcher = { message: expect.stringContaining("full"), type: expect.any(Number) as never };
    expect(await complaint(() => expect(events).toHaveCaptured(matcher))).toContain(
      '{ message: StringContaining "full", type: Any<Number> }',
    );
    expect(await complaint(() => expect([]).toHaveCaptured())).toBe(
      "expected to have captured any event\n\nnothing was captured",
    );
    expect(await complaint(() => expect(events).not.toHaveCaptured({ type: "RangeError" }))).toBe(
      'expected not to have captured { type: "RangeError" }\n\nbut captured [error] RangeError The limit is 100',
    );
  });

  test("shows the first of very many events, and of a long text its beginning", async () => {
    const events = await withCapturedEvents(() => {
      for (let n = 0; n < 500; n++) captureMessage(`${n} ${"x".repeat(5000)}`);
    });
    const text = await complaint(() => expect(events).toHaveCaptured({ type: "Error" }));

    expect(text).toContain("and 490 more");
    expect(text.length).toBeLessThan(10_000);
  });

  const impossible: [what: string, received: unknown, expected: unknown, message: string][] = [
    ["a mistyped key", [], { mesage: "x" }, "received an unknown key (did you mean message?)"],
    ["a text", [], "boom", 'expected an object such as { type, message, tags }, received "boom"'],
    ["a promise", Promise.resolve([]), {}, "received a promise: await it"],
    ["no events", undefined, {}, "expected a list of events, or what records them, received undefined"],
    ["a list of something else", ["boom"], {}, "received a list"],
  ];

  test.each(impossible)("refuses %s, also with .not", async (_what, received, expected, message) => {
    const assertion = expect(received);

    expect(await complaint(() => assertion.toHaveCaptured(expected as never))).toContain(message);
    expect(await complaint(() => assertion.not.toHaveCaptured(expected as never))).toContain(message);
  });
});
