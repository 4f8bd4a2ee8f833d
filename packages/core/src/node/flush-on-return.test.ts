import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestBench, type TestBench } from "../../test/support/client.js";
import { scriptedTransport } from "../../test/support/script.js";
import { captureException, setUser } from "../context/api.js";
import { setCurrentClient } from "../context/current.js";
import { flushOnReturn } from "./flush-on-return.js";

let bench: TestBench;

beforeEach(() => {
  bench = createTestBench();
  setCurrentClient(bench.client);
});
afterEach(() => {
  setCurrentClient(undefined);
});

describe("flushOnReturn()", () => {
  test("answers when what was captured has left", async () => {
    const handler = flushOnReturn(async (name: string) => {
      captureException(new Error(name));
      return `handled ${name}`;
    });

    const answer = await handler("order");

    expect(answer).toBe("handled order");
    expect(bench.transport.events).toMatchObject([{ exception: { values: [{ value: "order" }] } }]);
  });

  test("fails with the handler's own error, when what was captured has left", async () => {
    const error = new Error("payment");
    const handler = flushOnReturn(() => {
      captureException(error);
      throw error;
    });

    await expect(handler()).rejects.toBe(error);
    expect(bench.transport.events).toHaveLength(1);
  });

  test("reports the handler's error", async () => {
    const handler = flushOnReturn(async () => {
      throw new TypeError("no order");
    });

    await expect(handler()).rejects.toThrow("no order");
    expect(bench.transport.events).toMatchObject([
      {
        exception: { values: [{ type: "TypeError", mechanism: { type: "auto.function", handled: false } }] },
      },
    ]);
  });

  test("gives each call a scope of its own", async () => {
    const handler = flushOnReturn(async (id?: string) => {
      if (id !== undefined) setUser({ id });
      captureException(new Error(`for ${id}`));
    });

    await handler("ann");
    await handler();

    expect(bench.transport.events.map(({ user }) => user?.id)).toEqual(["ann", undefined]);
  });

  test("warns before the deadline that the platform names, and not after an answer", async () => {
    const context = { getRemainingTimeInMillis: () => 60 };
    const handler = flushOnReturn(async function pay(
      _event: object,
      _context: typeof context,
      takesMs: number,
    ) {
      await new Promise((resolve) => setTimeout(resolve, takesMs));
    });

    await handler({}, context, 1);
    expect(bench.transport.events).toEqual([]);
    await handler({}, context, 80);

    expect(bench.transport.events).toMatchObject([{ level: "warning", message: "pay has 30 ms left of 60" }]);
  });

  test("holds an answer back no longer than it may", async () => {
    const { clock, client } = createTestBench({ transport: scriptedTransport() });
    setCurrentClient(client);
    let answered: string | undefined;
    const handler = flushOnReturn(
      () => {
        captureException(new Error("order"));
        return "late";
      },
      { timeoutMs: 300 },
    );

    const answer = handler().then((result) => {
      answered = result;
    });
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(299);
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBeUndefined();
    clock.advance(1);
    await answer;

    expect(answered).toBe("late");
  });

  test("keeps this, arguments, name and length", async () => {
    class Orders {
      readonly prefix = "order";
      find(this: Orders, id: number, suffix: string): string {
        return `${this.prefix} ${id}${suffix}`;
      }
    }
    const orders = new Orders();
    const find = flushOnReturn(Orders.prototype.find);

    expect(await find.call(orders, 7, "!")).toBe("order 7!");
    expect([find.name, find.length]).toEqual(["find", 2]);
  });

  test("works without a client", async () => {
    setCurrentClient(undefined);

    expect(await flushOnReturn(async () => 42)()).toBe(42);
  });
});
