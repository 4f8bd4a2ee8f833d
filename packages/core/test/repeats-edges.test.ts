import { describe, expect, test } from "vitest";
import { createTestBench, expectBalance } from "./support/client.js";

/** An error of a kind of its own, as if thrown at a line of its own. */
function failureAt(line: number, message = "boom"): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}\n    at pay (/app/src/orders.js:${line}:5)`;
  return error;
}

describe("a repeat that finds no place by its size alone", () => {
  test("is counted, and found by the id that captureException() gave for it", async () => {
    const { client, arrived } = createTestBench({ queueBytes: 8000 });
    client.captureException(failureAt(1));

    const extra = { page: "x".repeat(6000) };
    const ids = [
      client.captureException(failureAt(1), { extra }),
      client.captureException(failureAt(1)),
      client.captureException(failureAt(1)),
    ];

    const [, closing] = await arrived();
    expect(ids).toEqual(Array(3).fill(closing?.event_id));
    expect(closing?.contexts?.["repeats"]).toMatchObject({ count: 3 });
    expectBalance(client);
  });
});

describe("the samples of contexts.repeats", () => {
  test("hold no secret of a name, and every count", async () => {
    const { client, arrived } = createTestBench({ once: { full: 1 }, scrub: { patterns: [/EMP-\d+/] } });
    const transactions = ["POST /password/reset", "GET /a?token=q8w7e6r5t4y3", "GET /a?token=u1i2o3p4a5s6"];
    const users = ["4111111111111111", "EMP-17", "token", "__proto__"];
    for (let n = 0; n <= 12; n++)
      client.captureException(failureAt(1), {
        transaction: transactions[n % 3]!,
        user: { id: users[n % 4]! },
      });

    const counts = (await arrived()).map(({ contexts }) => contexts?.["repeats"]);
    expect(counts[1]).toEqual({
      count: 10,
      first_seen: expect.any(String),
      last_seen: expect.any(String),
      users: Object.fromEntries([
        ["[Filtered]", 5],
        ["token", 3],
        ["__proto__", 2],
      ]),
      transactions: { "POST /password/reset": 3, "GET /a?token=[Filtered]": 7 },
      servers: { "web-1": 10 },
    });
    expect(Object.keys(counts[1]?.["users"] as object)).toContain("__proto__");
    expect(JSON.stringify(counts)).not.toMatch(/4111|EMP|q8w7|u1i2/);
  });
});

describe("what a later sighting of a folded failure knows", () => {
  test("is added to the closing event, as long as that shows the failure and has not left", async () => {
    const { client, arrived } = createTestBench({ once: { full: 1 } });
    client.captureException(failureAt(1));

    const error = failureAt(1);
    const id = client.captureException(error, { tags: { logger: "pino" }, extra: { line: "order failed" } });
    const again = {
      user: { id: "ann" },
      request: { url: "/orders" },
      tags: { logger: "none", by: "express" },
    };
    expect(client.captureException(error, again)).toBe(id);

    const [, closing] = await arrived();
    expect(closing).toMatchObject({
      event_id: id,
      tags: { logger: "pino", by: "express" },
      extra: { line: "order failed" },
      user: { id: "ann" },
      request: { url: "/orders" },
    });
    expect(client.stats()).toMatchObject({ captured: 3, merged: 1, delivered: 2 });
  });

  test("is kept of the newest one, however many there are", async () => {
    const { client, arrived } = createTestBench({ once: { full: 1 } });
    client.captureException(failureAt(1));
    const error = failureAt(1);
    for (let n = 0; n < 30; n++) client.captureException(error);

    client.captureException(error, { transaction: "GET /orders/:id" });

    const [, closing] = await arrived();
    expect(closing?.transaction).toBe("GET /orders/:id");
    expect(client.stats()).toMatchObject({ captured: 32, merged: 30, delivered: 2 });
  });

  test("is not added to one that shows another failure of the kind, held or on its way", async () => {
    const { client, arrived } = createTestBench({ once: { full: 1 } });
    client.captureException(failureAt(1, "order 99 is late"));
    const errors = Array.from({ length: 12 }, (_, order) => failureAt(1, `order ${order} is late`));
    // The first ten are told at once, the last two wait in the table.
    for (const error of errors) client.captureException(error);

    for (const index of [0, 8, 10])
      client.captureException(errors[index], { user: { id: "of another request" } });
    client.captureException(errors[9], { user: { id: "tenth" } });
    client.captureException(errors[11], { user: { id: "twelfth" } });

    const events = await arrived();
    expect(events.map(({ user, contexts }) => [contexts?.["repeats"]?.["count"], user?.id])).toEqual([
      [undefined, undefined],
      [10, "tenth"],
      [2, "twelfth"],
    ]);
    expectBalance(client);
  });

  test("is bounded, however often it is seen", async () => {
    const { client, arrived } = createTestBench({ once: { full: 1 }, queueBytes: 100_000 });
    client.captureException(failureAt(1));
    const error = failureAt(1);
    for (let n = 0; n < 1000; n++) client.captureException(error, { extra: { [`n${n}`]: "x".repeat(3000) } });

    expect(client.captureException(failureAt(2))).toHaveLength(32);
    const events = await arrived();
    expect(events).toHaveLength(3);
    expect(Object.keys(events[2]?.extra ?? events[1]?.extra ?? {}).length).toBeLessThanOrEqual(11);
    expect(client.stats()).toMatchObject({ captured: 1002, merged: 999 });
    expect(client.stats().dropped).toEqual({});
  });
});

test("a repeat that finds no place is not told what another one knows", async () => {
  const { client, arrived } = createTestBench({ queueBytes: 8000 });
  client.captureException(failureAt(1));
  const large = failureAt(1);
  client.captureException(large, { extra: { page: "x".repeat(6000) } });
  // It is folded, and so are these; the tenth of all is told at once.
  for (let n = 0; n < 9; n++) client.captureException(failureAt(1));
  client.captureException(large, { user: { id: "of another request" } });

  const events = await arrived();
  expect(events.map(({ user }) => user)).toEqual(events.map(() => undefined));
  expect(client.stats()).toMatchObject({ captured: 12, merged: 1 });
  expect(client.stats().dropped).toEqual({});
});

describe("an error that wraps a folded one", () => {
  test("does not become the event that counts others", async () => {
    const { client, arrived } = createTestBench({ once: { full: 1 } });
    const errors = Array.from({ length: 11 }, () => failureAt(1));
    for (const error of errors) client.captureException(error);

    client.captureException(Object.assign(failureAt(2, "no order"), { cause: errors[3] }));

    const [, closing, outer] = await arrived();
    expect(closing?.contexts?.["repeats"]).toMatchObject({ count: 10 });
    expect(closing?.exception?.values.map(({ value }) => value)).toEqual(["boom"]);
    expect(outer?.exception?.values.map(({ value }) => value)).toEqual(["boom", "no order"]);
    expect(outer?.contexts?.["related"]).toEqual({ event_ids: [closing?.event_id] });
    expectBalance(client);
  });
});
