import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withRequestScope } from "../src/context/current.js";
import type { Event } from "../src/model/event.js";
import { eventOf } from "../src/transport/envelope.js";
import type { SendResult, Transport } from "../src/transport/transport.js";
import { createTestBench, expectBalance, type TestBench } from "./support/client.js";
import type { TestClock } from "./support/clock.js";

/** An error of a kind of its own, as if thrown at a line of its own. */
function failureAt(line: number, message = "boom"): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}\n    at pay (/app/src/orders.js:${line}:5)`;
  return error;
}

const countOf = ({ contexts }: Event): number => (contexts?.repeats?.count as number | undefined) ?? 1;
const total = (events: readonly Event[]): number => events.reduce((sum, event) => sum + countOf(event), 0);
const lineOf = ({ exception }: Event): number | undefined =>
  exception?.values[0]?.stacktrace?.frames.at(-1)?.lineno;

describe("once", () => {
  test("sends the first five in full and then the counts 10, 100, 1,000 … and the rest", async () => {
    const { client, arrived } = createTestBench();

    for (let n = 0; n < 13_678; n++) client.captureException(failureAt(1));

    const events = await arrived();
    expect(events.map(countOf)).toEqual([1, 1, 1, 1, 1, 10, 90, 900, 9000, 3673]);
    expect(total(events)).toBe(13_678);
    expect(client.stats()).toMatchObject({ captured: 13_678, delivered: 10, folded: 13_668, queued: 0 });
    expectBalance(client);
  });

  test("counts by the application's own code, as inAppExclude tells it", async () => {
    const { client, arrived } = createTestBench({ inAppExclude: ["/vendor/"], once: { full: 1 } });

    for (const [line, caller] of [
      [1, 1],
      [2, 1],
      [3, 1],
      [3, 2],
    ]) {
      const error = new Error("boom");
      error.stack = `Error: boom\n    at query (/app/vendor/db.js:${line}:5)\n    at pay (/app/orders.js:${caller}:5)`;
      client.captureException(error);
    }

    expect((await arrived()).map(countOf)).toEqual([1, 1, 2]);
  });

  test("closes a window with one full event: the last capture, and what it stands for", async () => {
    const { client, clock, arrived } = createTestBench({ once: { full: 1 } });
    const ids: string[] = [];
    for (let n = 1; n <= 4; n++) {
      clock.advance(1000);
      const user = { id: n % 2 === 0 ? "even" : "odd" };
      ids.push(client.captureException(failureAt(1, `attempt ${n}`), { user, transaction: "GET /" }));
    }
    clock.advance(60_000);

    const events = await arrived();
    expect(events).toHaveLength(2);
    expect(events[1]).toMatchObject({
      event_id: ids[3],
      tags: { repeats: "3" },
      user: { id: "even" },
      exception: { values: [{ value: "attempt 4" }] },
      contexts: {
        repeats: {
          count: 3,
          first_seen: "2026-01-02T03:04:07.678Z",
          last_seen: "2026-01-02T03:04:09.678Z",
          users: { even: 2, odd: 1 },
          transactions: { "GET /": 3 },
          servers: { "web-1": 3 },
        },
      },
    });
    expect(ids[1]).toBe(ids[3]);
    expect(ids[2]).toBe(ids[3]);
  });

  test("tells of equal errors what the last of them told: its time, its tags, its own data", async () => {
    const { client, clock, arrived } = createTestBench({ once: { full: 1 } });
    for (let n = 0; n < 4; n++) client.captureException(failureAt(1));
    clock.advance(1000);
    client.scope.setTag("shop", "main");
    client.captureException(failureAt(1));
    client.captureException(Object.assign(failureAt(1), { code: 17 }));
    clock.advance(1000);
    client.captureException(failureAt(1));

    const [first, closing] = await arrived();
    expect(closing).toMatchObject({
      timestamp: (first!.timestamp as number) + 2,
      tags: { repeats: "6", shop: "main" },
      contexts: { repeats: { count: 6, last_seen: "2026-01-02T03:04:07.678Z" } },
    });
    expect(closing?.contexts).not.toHaveProperty("Error");
    expectBalance(client);
  });

  test("shows hooks the last of equal errors, and excludes and samples each of them", async () => {
    const shown: unknown[] = [];
    const { client, arrived } = createTestBench({
      once: { full: 1 },
      beforeSend: (event, { originalException }) => {
        shown.push(originalException);
        return event;
      },
    });
    const errors = Array.from({ length: 6 }, () => failureAt(1));
    for (const error of errors) client.captureException(error);
    client.configure({ sampleRate: 0 });
    client.captureException(failureAt(1));

    expect((await arrived()).map(countOf)).toEqual([1, 5]);
    expect(shown).toEqual([errors[0], errors[5]]);
    expect(shown[1]).toBe(errors[5]);
    expect(client.stats()).toMatchObject({ captured: 7, dropped: { sample_rate: 1 } });
  });

  test("begins anew when a window has passed", async () => {
    const { client, clock, arrived } = createTestBench({ once: { full: 2 } });
    for (let window = 0; window < 3; window++) {
      for (let n = 0; n < 3; n++) client.captureException(failureAt(1));
      clock.advance(60_000);
    }

    expect((await arrived()).map(countOf)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  test("is exact for each of several alternating kinds", async () => {
    const { client, arrived } = createTestBench();
    for (let n = 0; n < 5000; n++) client.captureException(failureAt(n % 10));

    const perLine = new Map<number | undefined, number>();
    const events = await arrived();
    for (const event of events)
      perLine.set(lineOf(event), (perLine.get(lineOf(event)) ?? 0) + countOf(event));
    expect([...perLine.values()]).toEqual(Array(10).fill(500));
    expect(events.length).toBeLessThanOrEqual(100);
  });

  test("delivers a new kind in full in the middle of a storm", async () => {
    const { client, arrived } = createTestBench();
    for (let n = 0; n < 5000; n++) client.captureException(failureAt(n === 2500 ? 99 : 1));

    const [rare] = (await arrived()).filter((event) => lineOf(event) === 99);
    expect(countOf(rare!)).toBe(1);
  });

  test("does not fold different failures into one", async () => {
    const { client, arrived } = createTestBench({ once: { full: 1 } });
    client.captureException(failureAt(1));
    client.captureException(failureAt(2));
    client.captureException(Object.assign(failureAt(1), { name: "TypeError" }));
    client.captureException(failureAt(1, "another message"));

    expect((await arrived()).map(countOf)).toEqual([1, 1, 1, 1]);
  });

  test.each([
    ["order 17 failed", "order 18 failed"],
    ['no user "ann"', 'no user "bob"'],
    ["job 3f2504e0-4f89-11d3-9a0c-0305e82c3301 died", "job 9b2504e0-4f89-11d3-9a0c-0305e82c3302 died"],
    ["commit 9fceb02d0ae5 missing", "commit 1a2b3c4d5e6f missing"],
    ["ENOENT: open /var/tmp/a/1.txt", "ENOENT: open /var/tmp/b/2.txt"],
    ["GET https://api.example.com/a?b=1 failed", "GET https://api.example.com/c failed"],
    ["took 1.5 s", "took 20,300.25 s"],
  ])("folds what differs only in numbers, ids, quotes and paths: %s", async (one, other) => {
    const { client, arrived } = createTestBench({ once: { full: 1 } });
    client.captureException(failureAt(1, one));
    client.captureException(failureAt(1, one));
    client.captureException(failureAt(1, other));

    expect((await arrived()).map(countOf)).toEqual([1, 2]);
  });

  test("goes by the application's fingerprint, and by both with {{ default }}", async () => {
    const { client, arrived } = createTestBench({ once: { full: 1 } });
    client.captureException(failureAt(1), { fingerprint: ["mine"] });
    client.captureException(failureAt(2), { fingerprint: ["mine"] });
    client.captureException(failureAt(1), { fingerprint: ["mine", "{{ default }}"] });
    client.captureException(failureAt(2), { fingerprint: ["mine", "{{ default }}"] });
    client.captureException(failureAt(2), { fingerprint: ["mine", "{{ default }}"] });

    expect((await arrived()).map(countOf)).toEqual([1, 1, 1, 1, 1]);
    expect(client.stats()).toMatchObject({ captured: 5, folded: 0 });
  });

  test("false sends each one", async () => {
    const { client, arrived } = createTestBench({ once: false });
    for (let n = 0; n < 50; n++) client.captureException(failureAt(1));

    expect((await arrived()).map(countOf)).toEqual(Array(50).fill(1));
  });

  test("remembers a bounded number of kinds and loses none of them", async () => {
    const { client, arrived } = createTestBench({ once: { full: 1, keys: 10 }, queueSize: 5000 });
    for (let n = 0; n < 3000; n++) client.captureException(failureAt(n % 30));

    const events = await arrived();
    expect(total(events)).toBe(3000);
    expect(new Set(events.map(lineOf)).size).toBe(30);
    expectBalance(client);
  });

  test("a cached error that fails every request is a repeat, not the same sighting", async () => {
    const { client, arrived } = createTestBench();
    const cached = failureAt(1);
    for (let n = 0; n < 100; n++) withRequestScope(() => client.captureException(cached), { client });

    expect(total(await arrived())).toBe(100);
    expect(client.stats().merged).toBe(0);
  });
});

const BY_LOGGER = { mechanism: { type: "auto.log.pino", handled: true } } as const;
const UNCAUGHT = {
  level: "fatal",
  mechanism: { type: "auto.node.onuncaughtexception", handled: false },
} as const;

describe("an error object seen again", () => {
  test("outside of requests by the same mechanism, once its event has left, is a repeat", async () => {
    const { client, arrived } = createTestBench({ once: { full: 2 } });
    const cached = failureAt(1);
    for (let n = 0; n < 6; n++) {
      client.captureException(cached);
      await client.flush();
    }

    expect(total(await arrived())).toBe(6);
    expect(client.stats()).toMatchObject({ captured: 6, merged: 0 });
    expectBalance(client);
  });

  test("and counted ever since is a repeat each time, though its count waits", async () => {
    const { client, clock, arrived } = createTestBench({ once: { full: 1 } });
    const cached = failureAt(1);
    for (let n = 0; n < 6; n++) {
      client.captureException(cached);
      clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }

    expect((await arrived()).map(countOf)).toEqual([1, 5]);
    expect(client.stats()).toMatchObject({ captured: 6, merged: 0, folded: 4 });
    expectBalance(client);
  });

  test("by another mechanism is the same failure, for as long as a window", async () => {
    const { client, clock, arrived } = createTestBench();
    const error = failureAt(1);
    client.captureException(error, BY_LOGGER);
    await client.flush();
    clock.advance(59_000);
    client.captureException(error);
    clock.advance(2000);
    client.captureException(error);

    expect(total(await arrived())).toBe(2);
    expect(client.stats()).toMatchObject({ captured: 3, merged: 1, delivered: 2 });
    expectBalance(client);
  });

  test.each(["in a request", "outside"])(
    "by the end of the process, %s, is one fatal event that names the earlier one",
    async (place) => {
      const { client, arrived } = createTestBench();
      const error = failureAt(1);
      const run = async (): Promise<string[]> => {
        const logged = client.captureException(error, BY_LOGGER);
        await client.flush();
        return [logged, client.captureException(error, UNCAUGHT), client.captureException(error, UNCAUGHT)];
      };
      const ids = await (place === "outside" ? run() : withRequestScope(run, { client }));

      const events = await arrived();
      expect(events.map(({ event_id }) => event_id)).toEqual(ids.slice(0, 2));
      expect(events[1]).toMatchObject({
        level: "fatal",
        contexts: { related: { event_ids: [ids[0]] } },
        exception: { values: [{ mechanism: { handled: false } }] },
      });
      expect(ids[2]).toBe(ids[1]);
      expect(client.stats()).toMatchObject({ captured: 3, delivered: 1, merged: 2 });
      expectBalance(client);
    },
  );

  test("by the end of the process, after it was only counted, is a fatal event as well", async () => {
    const { client, arrived } = createTestBench({ once: { full: 1 } });
    client.captureException(failureAt(1), BY_LOGGER);
    const counted = failureAt(1);
    client.captureException(counted, BY_LOGGER);
    client.captureException(counted, UNCAUGHT);

    expect((await arrived()).map(({ level }) => level).toSorted()).toEqual(["error", "error", "fatal"]);
    expect(client.stats()).toMatchObject({ captured: 3, delivered: 2, merged: 1 });
    expectBalance(client);
  });

  test("that was ignored is ignored each time", async () => {
    const { client, clock, arrived } = createTestBench({ ignoreErrors: ["boom"] });
    const error = failureAt(1);
    client.captureException(error, BY_LOGGER);
    client.captureException(error);
    clock.advance(100);
    client.captureException(error, UNCAUGHT);

    expect(await arrived()).toEqual([]);
    expect(client.stats()).toMatchObject({ captured: 3, merged: 1, dropped: { ignored: 2 } });
  });

  test("as a copy with the same stack, by another mechanism a moment later, is the same failure", async () => {
    const { client, clock, arrived } = createTestBench();
    const error = failureAt(1);
    const copy = (): Error => Object.assign(new Error("boom"), { stack: error.stack });
    client.captureException(error, BY_LOGGER);
    client.captureException(copy());
    client.captureException(copy(), BY_LOGGER);
    clock.advance(60);
    client.captureException(copy());

    expect(total(await arrived())).toBe(3);
    expect(client.stats()).toMatchObject({ captured: 4, merged: 1 });
    expectBalance(client);
  });
});

describe("back-pressure", () => {
  test("a full queue folds repeats and still takes every new kind", async () => {
    const { client, arrived } = createTestBench({ queueSize: 3 });
    for (let n = 0; n < 20; n++)
      for (let line = 0; line < 10; line++) client.captureException(failureAt(line));

    expect(client.stats().dropped).toEqual({});
    const events = await arrived();
    await client.flush();
    expect(new Set(events.map(lineOf)).size).toBe(10);
    expect(total(events)).toBe(200);
    expectBalance(client);
  });

  test("when the bytes are used up, further kinds are dropped and counted", async () => {
    const { client, arrived } = createTestBench({ queueBytes: 20_000 });
    for (let line = 0; line < 100; line++) client.captureException(failureAt(line));
    const { dropped } = client.stats();

    expect(dropped.queue_overflow).toBeGreaterThan(50);
    expectBalance(client);
    expect(total(await arrived())).toBe(100 - dropped.queue_overflow!);
  });
});

/** A destination that answers as it is told, and remembers what it accepted; like a server, it knows an id it has seen. */
function scriptedTransport(answers: SendResult["kind"][]): Transport & { accepted: Event[] } {
  const accepted: Event[] = [];
  return {
    name: "scripted",
    accepted,
    send: async (batch) =>
      batch.map((envelope): SendResult => {
        const event = eventOf(envelope);
        const kind = event === undefined ? "accepted" : (answers.shift() ?? "accepted");
        const isNew = !accepted.some(({ event_id }) => event_id === event?.event_id);
        if (kind === "accepted" && event !== undefined && isNew) accepted.push(event);
        return kind === "accepted"
          ? { kind }
          : { kind, reason: kind === "retry" ? "network_error" : "send_error" };
      }),
  };
}

describe("the account", () => {
  const capture = fc.record({
    do: fc.constant("capture" as const),
    line: fc.integer({ min: 0, max: 12 }),
    again: fc.boolean(),
    hint: fc.constantFrom(undefined, undefined, BY_LOGGER, UNCAUGHT),
  });
  const wait = fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 60, 1000, 61_000) });
  const flush = fc.record({ do: fc.constant("flush" as const) });
  const steps = fc.array(
    fc.oneof(
      { weight: 20, arbitrary: capture },
      { weight: 3, arbitrary: wait },
      { weight: 1, arbitrary: flush },
    ),
    { maxLength: 150 },
  );
  const answers = fc.array(fc.constantFrom<SendResult["kind"]>("accepted", "accepted", "retry", "refused"), {
    maxLength: 60,
  });

  test("what arrived plus what was dropped is what was captured, per kind, whatever happens", async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        answers,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 8 }),
        async (script, replies, queueSize, keys) => {
          const transport = scriptedTransport([...replies]);
          const bench = createTestBench({ transport, queueSize, once: { full: 2, keys } });
          const { client, clock } = bench;
          let last: Error | undefined;
          for (const step of script) {
            if (step.do === "capture") {
              last = step.again && last !== undefined ? last : failureAt(step.line);
              client.captureException(last, step.hint);
            } else if (step.do === "wait") {
              await pass(clock, step.ms);
            } else await settle(bench, client.flush(100));
            expectBalance(client);
          }
          // Long enough for every retry: what is under way at the very deadline may arrive and still count as dropped.
          await settle(bench, client.close(600_000));
          expectBalance(client);

          const { captured, merged, dropped, queued } = client.stats();
          const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
          expect(queued).toBe(0);
          // A failure that ended the process after its event had left is shown twice, and one of them counts as merged.
          const twice = transport.accepted.filter(({ contexts }) => contexts?.related !== undefined).length;
          expect(total(transport.accepted) - twice + merged + lost).toBe(captured);
        },
      ),
      { numRuns: 150 },
    );
  });
});

/** Lets time pass as it does: never so fast that an answer could not come meanwhile. */
async function pass(clock: TestClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1000) {
    clock.advance(Math.min(left, 1000));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Lets a promise come to its end on a clock that does not move by itself. */
async function settle({ clock }: TestBench, promise: Promise<unknown>): Promise<void> {
  let isDone = false;
  void promise.finally(() => {
    isDone = true;
  });
  for (let turn = 0; !isDone && turn < 100_000; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!isDone) clock.advance(10);
  }
  expect(isDone).toBe(true);
}
