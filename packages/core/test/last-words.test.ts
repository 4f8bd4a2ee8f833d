import { describe, expect, test } from "vitest";
import type { ClientOptions } from "../src/client/options.js";
import type { EndingClient } from "../src/client/platform.js";
import { recordingTransport } from "../src/testing.js";
import { createTestBench, expectBalance, type TestBench } from "./support/client.js";
import { NO_ANSWER, scriptedTransport, settle } from "./support/script.js";

/** A client whose process ends when the test says so. */
function endingBench(
  options: ClientOptions = {},
): TestBench & { readonly end: EndingClient; readonly changes: () => number; readonly left: () => boolean } {
  let end: EndingClient | undefined;
  let changes = 0;
  let hasLeft = false;
  const bench = createTestBench(options, {
    watchEnd(client) {
      end = client;
      return {
        changed: () => void changes++,
        leave: () => {
          hasLeft = true;
        },
      };
    },
  });
  return { ...bench, end: end!, changes: () => changes, left: () => hasLeft };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("what a client does at the end of the process", () => {
  test("it sends what waits, synchronously, as it would have been sent", async () => {
    const early = endingBench({
      tags: { team: "shop" },
      beforeSend: (event) => ({ ...event, logger: "hook" }),
    });
    early.client.captureException(new Error("caught"), { tags: { order: 7 } });
    early.end.sendSync(1000);
    const late = createTestBench({
      tags: { team: "shop" },
      beforeSend: (event) => ({ ...event, logger: "hook" }),
    });
    late.client.captureException(new Error("caught"), { tags: { order: 7 } });
    const [expected] = await late.arrived();

    const { exception: _, ...rest } = expected!;
    expect(early.transport.events).toMatchObject([rest]);
    expect(early.client.stats()).toMatchObject({ captured: 1, delivered: 1, queued: 0 });
  });

  test("folded repeats are told, and add up", () => {
    const { client, end, transport } = endingBench();
    for (let count = 0; count < 1234; count++) client.captureMessage("again and again");
    end.sendSync(1000);

    const told = transport.events.map(
      ({ contexts }) => (contexts?.repeats?.count as number | undefined) ?? 1,
    );
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(1234);
    expect(end.undelivered()).toBe(0);
    expectBalance(client);
  });

  test("more than the queues hold leaves in several goes", () => {
    const { client, end, transport } = endingBench({ queueSize: 10 });
    for (let count = 0; count < 25; count++) client.captureMessage(`failure of kind ${"abc"[count % 3]}`);
    end.sendSync(1000);

    const told = transport.events.map(
      ({ contexts }) => (contexts?.repeats?.count as number | undefined) ?? 1,
    );
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(25);
    expectBalance(client);
  });

  test("what is being made into an event is neither lost nor sent twice", async () => {
    const reading: (() => void)[] = [];
    let end: EndingClient | undefined;
    const { client, transport } = createTestBench(
      {},
      {
        contextLines: () => ({
          addTo: () => new Promise<void>((resolve) => reading.push(resolve)),
          addToSync: () => undefined,
        }),
        watchEnd: (ending) => {
          end = ending;
          return { changed: () => undefined, leave: () => undefined };
        },
      },
    );
    client.captureException(new Error("caught"), { level: "fatal" });
    await nextTurn();
    end!.sendSync(1000);
    for (const resolve of reading) resolve();
    await nextTurn();

    expect(reading).toHaveLength(1);
    expect(transport.events).toHaveLength(1);
    expectBalance(client);
  });

  test("what was sent and not answered is sent again, with the same id", async () => {
    const said: string[] = [];
    const transport = scriptedTransport({
      sendSync: (batch) => {
        said.push(...batch.map(({ id }) => id));
        return batch.map(() => ({ kind: "accepted" }));
      },
    });
    const { client, end } = endingBench({ transport });
    const id = client.captureException(new Error("caught"), { level: "fatal" });
    await nextTurn();
    expect(transport.sent.map(({ ids }) => ids)).toEqual([[id]]);
    end.sendSync(1000);

    expect(said).toEqual([id]);
    expect(client.stats()).toMatchObject({ delivered: 1, queued: 0 });
  });

  test("a destination that is known to be down is not waited for, and its events are still counted", async () => {
    const transport = scriptedTransport({
      sendSync: () => {
        throw new Error("never called");
      },
    });
    const { client, clock, end } = endingBench({ transport });
    client.captureException(new Error("first"), { level: "fatal" });
    await nextTurn();
    for (let failures = 0; failures < 2; failures++) {
      await transport.sent[0]!.answer(NO_ANSWER);
      clock.advance(60_000);
      await settle();
    }
    expect(client.stats().destinations[0]?.state).toBe("down");
    client.captureException(new Error("second"));
    end.sendSync(1000);

    expect(client.stats()).toMatchObject({ captured: 2, delivered: 0, queued: 2 });
    expect(client.stats().dropped).toEqual({});
  });

  test("a transport without last words keeps its events counted, and another one is heard", () => {
    const recording = recordingTransport();
    const { client, end } = endingBench({ transport: [scriptedTransport(), recording] });
    client.captureException(new Error("caught"));
    end.sendSync(1000);

    expect(recording.events).toHaveLength(1);
    expect(client.stats().destinations.map(({ delivered }) => delivered)).toEqual([0, 1]);
    expectBalance(client);
  });

  test("several destinations share the time", () => {
    const given: number[] = [];
    const hung = (): ReturnType<typeof scriptedTransport> =>
      scriptedTransport({
        sendSync: (_, deadlineMs) => {
          given.push(deadlineMs);
          clock.advance(deadlineMs);
          return undefined;
        },
      });
    const { client, clock, end } = endingBench({ transport: [hung(), hung(), hung()] });
    client.captureException(new Error("caught"));
    end.sendSync(900);

    expect(given).toEqual([300, 300, 300]);
  });

  test("hooks that fail, drop or capture keep nothing else back", () => {
    const { client, end, transport } = endingBench({
      beforeSend(event) {
        if (event.message === "fail") throw new Error("hook");
        if (event.message === "drop") return null;
        if (event.message === "capture") client.captureMessage("from the hook");
        return event;
      },
    });
    for (const text of ["fail", "drop", "capture", "pass"]) client.captureMessage(text);
    end.sendSync(1000);

    expect(transport.events.map(({ message }) => message).sort()).toEqual([
      "capture",
      "from the hook",
      "pass",
    ]);
    expect(client.stats()).toMatchObject({ dropped: { before_send: 2 }, queued: 0 });
    expectBalance(client);
  });

  test("every change is told, and that the client has ended", async () => {
    const { client, changes, left } = endingBench();
    expect(changes()).toBe(0);
    client.captureMessage("caught");
    expect(changes()).toBe(1);
    await client.close();

    expect(changes()).toBeGreaterThan(1);
    expect(left()).toBe(true);
  });

  test("with shutdownTimeoutMs: 0 nothing is watched", () => {
    let watched = 0;
    const watchEnd = (): never => {
      watched++;
      throw new Error("never called");
    };
    createTestBench({ shutdownTimeoutMs: 0 }, { watchEnd });

    expect(watched).toBe(0);
  });
});
