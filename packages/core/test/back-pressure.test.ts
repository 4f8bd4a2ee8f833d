import { describe, expect, test } from "vitest";
import type { Event } from "../src/model/event.js";
import { eventOf } from "../src/transport/envelope.js";
import type { SendResult, Transport } from "../src/transport/transport.js";
import { createTestBench } from "./support/client.js";
import type { TestClock } from "./support/clock.js";
import { ACCEPTED, limited, NO_ANSWER, UNAVAILABLE } from "./support/script.js";

/** An error of a kind of its own, as if thrown at a line of its own. */
function failureAt(line: number): Error {
  const error = new Error("boom");
  error.stack = `Error: boom\n    at pay (/app/src/orders.js:${line}:5)`;
  return error;
}

/** A server whose answer changes, and that knows an id it has seen. */
function server(): Transport & { answer: SendResult; readonly events: Map<string, Event> } {
  const events = new Map<string, Event>();
  const transport = {
    name: "server",
    answer: ACCEPTED,
    events,
    async send(batch: Parameters<Transport["send"]>[0]) {
      for (const envelope of batch) {
        const event = eventOf(envelope);
        if (event !== undefined && transport.answer.kind === "accepted") events.set(event.event_id, event);
      }
      return batch.map(() => transport.answer);
    },
  };
  return transport;
}

async function pass(clock: TestClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1000) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(Math.min(1000, left));
  }
  await new Promise((resolve) => setImmediate(resolve));
}

/** How many captures were told of, by line. */
function countsOf(events: Iterable<Event>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { exception, contexts } of events) {
    const line = `${exception?.values[0]?.stacktrace?.frames.at(-1)?.lineno}`;
    counts[line] = (counts[line] ?? 0) + ((contexts?.["repeats"]?.["count"] as number | undefined) ?? 1);
  }
  return counts;
}

describe("while a server takes nothing", () => {
  test.each([
    ["it limits errors", limited("error", 60_000)],
    ["it limits everything", limited("all", 60_000)],
    ["it answers 503", UNAVAILABLE],
    ["it cannot be reached", NO_ANSWER],
  ])("repeats are only counted, and a new kind has its place: %s", async (_, answer) => {
    const transport = server();
    const { client, clock } = createTestBench({ transport, queueSize: 20 });
    transport.answer = answer;
    client.captureException(failureAt(1));
    await pass(clock, 2000);

    for (let n = 0; n < 5000; n++) client.captureException(failureAt(n === 2500 ? 99 : 1 + (n % 3)));
    // Of each kind one in full, and one that carries the count.
    expect(client.stats().queued).toBeLessThanOrEqual(8);
    expect(client.stats().dropped).toEqual({});

    transport.answer = ACCEPTED;
    await pass(clock, 200_000);
    expect(countsOf(transport.events.values())).toEqual({ "1": 1668, "2": 1666, "3": 1666, "99": 1 });
    expect(transport.events.size).toBeLessThanOrEqual(12);
    expect(client.stats()).toMatchObject({ captured: 5001, queued: 0 });
    expect(client.stats().dropped).toEqual({});
  });

  test("an outage of hours is told in a few events for each kind, and exactly", async () => {
    const transport = server();
    const { client, clock } = createTestBench({ transport });
    transport.answer = NO_ANSWER;
    for (let minute = 0; minute < 50; minute++) {
      for (let n = 0; n < 40; n++) client.captureException(failureAt(1 + (n % 2)));
      await pass(clock, 60_000);
    }

    transport.answer = ACCEPTED;
    await pass(clock, 300_000);
    const { captured, dropped } = client.stats();
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    const told = countsOf(transport.events.values());
    expect(captured).toBe(2000);
    expect(told["1"]! + told["2"]! + lost).toBe(2000);
    expect(lost).toBe(0);
  });

  test("windows that pass meanwhile take no places from a failure that is new", async () => {
    const transport = server();
    const { client, clock } = createTestBench({ transport, queueBytes: 200_000 });
    transport.answer = NO_ANSWER;
    client.captureException(failureAt(1));
    await pass(clock, 1000);
    for (let minute = 0; minute < 50; minute++) {
      for (let n = 0; n < 40; n++) client.captureException(failureAt(1 + (n % 20)));
      await pass(clock, 60_000);
    }
    client.captureException(failureAt(99));

    expect(client.stats()).toMatchObject({ captured: 2002 });
    expect(client.stats().dropped).toEqual({});
    transport.answer = ACCEPTED;
    await pass(clock, 300_000);
    const told = countsOf(transport.events.values());
    expect(told["99"]).toBe(1);
    expect(Object.values(told).reduce((sum, count) => sum + count, 0)).toBe(2002);
    expect(transport.events.size).toBeLessThanOrEqual(20 * 2 + 3);
  });

  test("windows pass as they should while only counts wait, however many", async () => {
    const transport = server();
    const { client, clock } = createTestBench({ transport, queueSize: 10, once: { full: 1 } });
    for (let n = 0; n < 60; n++) client.captureException(failureAt(1 + (n % 20)));
    await pass(clock, 5000);
    expect(client.stats().queued).toBe(20);

    await pass(clock, 60_000);
    expect(client.stats()).toMatchObject({ captured: 60, delivered: 40, folded: 20, queued: 0 });
  });

  test("a line that is up again is found out, though all that waited was given up and nothing new fails", async () => {
    const transport = server();
    const { client, clock } = createTestBench({ transport });
    transport.answer = NO_ANSWER;
    for (let minute = 0; minute < 200; minute++) {
      for (let n = 0; n < 4; n++) client.captureException(failureAt(1 + (n % 2)));
      await pass(clock, 60_000);
    }
    const { dropped } = client.stats();
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    expect(lost).toBeGreaterThan(0);

    transport.answer = ACCEPTED;
    await pass(clock, 200_000);
    const told = countsOf(transport.events.values());
    expect(client.stats()).toMatchObject({ captured: 800, queued: 0, dropped });
    expect(told["1"]! + told["2"]! + lost).toBe(800);
  });
});
