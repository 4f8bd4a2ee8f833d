import { describe, expect, test } from "vitest";
import { withRequestScope, withScope } from "../src/context/current.js";
import type { Event } from "../src/model/event.js";
import type { SendResult, Transport } from "../src/transport/transport.js";
import { createTestBench, expectBalance } from "./support/client.js";
import { createTestClock } from "./support/clock.js";

/** An error of a kind of its own, as if thrown at a line of its own. */
function failureAt(line: number, message = "boom"): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}\n    at pay (/app/src/orders.js:${line}:5)`;
  return error;
}

const countOf = ({ contexts }: Event): number =>
  (contexts?.["repeats"]?.["count"] as number | undefined) ?? 1;
const total = (events: readonly Event[]): number => events.reduce((sum, event) => sum + countOf(event), 0);

describe("in the middle of a storm", () => {
  test("several flush() at once lose and double nothing", async () => {
    const { client, transport } = createTestBench();
    const flushes: Promise<boolean>[] = [];
    for (let n = 0; n < 3000; n++) {
      client.captureException(failureAt(n % 3));
      if (n % 100 === 0) flushes.push(client.flush(), client.flush());
      if (n % 250 === 0) await flushes.at(-1);
    }

    expect(await Promise.all([...flushes, client.flush()])).not.toContain(false);
    expect(total(transport.events)).toBe(3000);
    expect(new Set(transport.events.map(({ event_id }) => event_id)).size).toBe(transport.events.length);
    expect(client.stats()).toMatchObject({ captured: 3000, queued: 0 });
    expect(client.stats().dropped).toEqual({});
  });

  test("close() tells all that was counted, and what comes later is no capture", async () => {
    const { client, clock, transport } = createTestBench();
    for (let n = 0; n < 500; n++) client.captureException(failureAt(1));
    const closing = client.close();
    for (let n = 0; n < 500; n++) client.captureException(failureAt(1));

    expect(await closing).toBe(true);
    expect(total(transport.events)).toBe(500);
    expect(client.stats()).toMatchObject({ captured: 500, queued: 0 });
    expect(client.stats().dropped).toEqual({});
    expect(clock.pending).toBe(0);
  });

  test("close() counts what cannot be told any more as dropped, by all it stands for", async () => {
    const down: Transport = {
      name: "down",
      send: async (batch) => batch.map((): SendResult => ({ kind: "retry", reason: "network_error" })),
    };
    const { client, clock } = createTestBench({ transport: down, queueSize: 5 });
    for (let n = 0; n < 500; n++) client.captureException(failureAt(n % 2));
    await new Promise((resolve) => setImmediate(resolve));
    for (let n = 0; n < 500; n++) client.captureException(failureAt(n % 2));

    const closing = client.close(0);
    for (let turn = 0; turn < 10; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1);
    }
    expect(await closing).toBe(false);
    const { captured, dropped, folded, queued } = client.stats();
    expect({ captured, folded, queued }).toEqual({ captured: 1000, folded: 0, queued: 0 });
    expect(Object.values(dropped).reduce((sum, count) => sum + count, 0)).toBe(1000);
  });
});

describe("hooks and repeats", () => {
  test("a closing event that beforeSend leaves out was all the captures it stands for", async () => {
    const { client, arrived } = createTestBench({
      once: { full: 2 },
      beforeSend: (event) => (event.contexts?.["repeats"] === undefined ? event : null),
    });
    for (let n = 0; n < 30; n++) client.captureException(failureAt(1));

    expect(await arrived()).toHaveLength(2);
    expect(client.stats()).toMatchObject({
      captured: 30,
      delivered: 2,
      folded: 0,
      dropped: { before_send: 28 },
    });
  });

  test.each([
    ["beforeSend", true],
    ["a processor", false],
  ])(
    "a failure that %s reports of itself is one kind among others, and comes to an end",
    async (_, isBeforeSend) => {
      const hook = (event: Event): Event => {
        bench.client.captureException(failureAt(99, "the hook failed"));
        return event;
      };
      const bench = createTestBench({
        once: { mergeMs: 0 },
        ...(isBeforeSend ? { beforeSend: hook } : { processors: [hook] }),
      });
      for (let n = 0; n < 100; n++) bench.client.captureException(failureAt(1));

      for (let turn = 0; turn < 50; turn++) await bench.client.flush();
      expect(bench.transport.events.length).toBeLessThan(80);
      await bench.client.close();
      expectBalance(bench.client);
      expect(total(bench.transport.events)).toBe(bench.client.stats().captured);
    },
  );

  test("what ignoreErrors and sampleRate leave out is part of no count", async () => {
    let draw = 0;
    const { client, arrived } = createTestBench(
      { once: { full: 1 }, ignoreErrors: ["ignored"], sampleRate: 0.5 },
      { random: () => (draw++ % 2 === 0 ? 0.4 : 0.6) },
    );
    for (let n = 0; n < 40; n++) {
      client.captureException(failureAt(1));
      client.captureException(failureAt(1, "ignored"));
    }

    const events = await arrived();
    expect(total(events)).toBe(20);
    expect(client.stats()).toMatchObject({ captured: 80, dropped: { ignored: 40, sample_rate: 20 } });
  });
});

describe("identity", () => {
  test("an error thrown on through withScope is one failure, and a repeat in the next request", async () => {
    const { client, arrived } = createTestBench();
    const error = Object.freeze(failureAt(1));
    const inRequest = (): string[] =>
      withRequestScope(
        () => [
          withScope(() => withScope(() => client.captureException(error))),
          withScope((scope) => {
            scope.setTag("layer", "outer");
            return client.captureException(error);
          }),
          client.captureException(error),
        ],
        { client },
      );

    const [first, second] = [inRequest(), inRequest()];
    expect(new Set(first).size).toBe(1);
    expect(new Set(second).size).toBe(1);
    expect(first[0]).not.toBe(second[0]);
    const events = await arrived();
    expect(events.map(({ tags }) => tags)).toEqual([{ layer: "outer" }, { layer: "outer" }]);
    expect(client.stats()).toMatchObject({ captured: 6, merged: 4, delivered: 2 });
  });

  test("each of several clients counts for itself, whatever the others saw", async () => {
    const [one, two] = [createTestBench({ once: { full: 1 } }), createTestBench({ once: { full: 2 } })];
    for (let n = 0; n < 50; n++) {
      const error = failureAt(1);
      for (const { client } of [one, two]) client.captureException(error);
      two.client.captureException(error);
    }

    expect((await one.arrived()).map(countOf)).toEqual([1, 10, 39]);
    expect((await two.arrived()).map(countOf)).toEqual([1, 1, 10, 38]);
    expect(one.client.stats().merged).toBe(0);
    expect(two.client.stats().merged).toBe(50);
  });
});

describe("windows", () => {
  test("a process that was suspended for hours closes the old window before it begins a new one", async () => {
    const { client, clock, arrived } = createTestBench({ once: { full: 1 } });
    for (let n = 0; n < 4; n++) client.captureException(failureAt(1));
    clock.sleep(5 * 3_600_000);
    for (let n = 0; n < 4; n++) client.captureException(failureAt(1));
    clock.advance(0);

    const events = await arrived();
    expect(events.map(countOf)).toEqual([1, 3, 1, 3]);
    expect(events[1]?.contexts?.["repeats"]).toMatchObject({
      first_seen: "2026-01-02T03:04:05.678Z",
      last_seen: "2026-01-02T03:04:05.678Z",
    });
  });

  test("the last moment of a window belongs to it, the next one does not", async () => {
    const { client, clock, arrived } = createTestBench({ once: { full: 1, windowMs: 1000 } });
    client.captureException(failureAt(1));
    clock.advance(999.9);
    client.captureException(failureAt(1));
    clock.advance(0.1);
    client.captureException(failureAt(1));

    expect((await arrived()).map(({ timestamp }) => Number(timestamp).toFixed(3))).toEqual([
      "1767323045.678",
      "1767323046.678",
      "1767323046.678",
    ]);
    expect(client.stats()).toMatchObject({ delivered: 3, folded: 0 });
  });

  test.each([
    ["windowMs: 0", { windowMs: 0 }],
    ["keys: 1", { keys: 1 }],
    ["full: a lot", { full: Number.MAX_SAFE_INTEGER }],
    ["mergeMs: 0", { mergeMs: 0, full: 1 }],
  ])("the least and the most of options loses nothing: %s", async (_, once) => {
    const { client, clock, arrived } = createTestBench({ once });
    for (let n = 0; n < 300; n++) {
      client.captureException(failureAt(n % 4));
      if (n % 50 === 0) clock.advance(1);
    }
    clock.advance(60_000);

    expect(total(await arrived())).toBe(300);
    await client.close();
    expect(clock.pending).toBe(0);
  });

  test("a clock that was set back leaves the last sighting behind the first", async () => {
    let skew = 0;
    const clock = createTestClock();
    const { client, arrived } = createTestBench(
      { once: { full: 1 } },
      { clock: { ...clock, now: () => clock.now() + skew } },
    );
    for (let n = 0; n < 3; n++) {
      client.captureException(failureAt(1));
      skew -= 3_600_000;
    }

    const [, closing] = await arrived();
    expect(closing?.contexts?.["repeats"]).toMatchObject({
      count: 2,
      first_seen: "2026-01-02T01:04:05.678Z",
      last_seen: "2026-01-02T02:04:05.678Z",
    });
  });
});

describe("ten thousand kinds", () => {
  test("stay within the bytes, keep places for new kinds as long as there are any, and all are accounted for", async () => {
    const queueBytes = 1 << 20;
    const { client, arrived } = createTestBench({ queueBytes, queueSize: 100, once: { full: 1, keys: 50 } });
    for (let n = 0; n < 10_000; n++) client.captureException(failureAt(n));

    // Even as text, put aside, each of them weighs 400 bytes at least.
    const { queued, dropped } = client.stats();
    expect(queued).toBeGreaterThan(100);
    expect(queued).toBeLessThan(queueBytes / 400);
    expect(dropped).toEqual({ queue_overflow: 10_000 - queued });
    expect(total(await arrived())).toBe(queued);
    expect(client.stats()).toMatchObject({ captured: 10_000, delivered: queued, queued: 0 });
  });
});
