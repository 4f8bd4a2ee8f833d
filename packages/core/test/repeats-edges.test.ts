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
