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
