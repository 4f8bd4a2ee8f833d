import { strictEqual } from "node:assert";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import type { CaptureHint } from "../src/capture/hint.js";
import type { EventInput } from "../src/model/event.js";
import { createTestBench } from "./support/client.js";

const FRAME = "    at pay (/app/src/orders.js:1:5)";

function failure(message: string, more: object = {}, frames: string = FRAME): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}\n${frames}`;
  return Object.assign(error, more);
}

/** How many kinds there are among failures: of each, one goes in full. */
async function kindsOf(errors: readonly unknown[], hint?: CaptureHint): Promise<number> {
  const { client, arrived } = createTestBench({ once: { full: 1 } });
  // Each three times, so that what is the same is seen to be.
  for (const error of [...errors, ...errors.map(copyOf), ...errors.map(copyOf)])
    client.captureException(error, hint);
  const first = (await arrived()).filter(({ contexts }) => contexts?.["repeats"] === undefined);
  return first.length;
}

/** Another object that tells the same. */
function copyOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const copy = Object.create(error) as Error;
  const properties = Object.getOwnPropertyDescriptors(error);
  return Object.defineProperties(copy, properties);
}

function caught(fn: () => unknown): unknown {
  try {
    return fn();
  } catch (error) {
    return error;
  }
}

async function refusedAt(host: string, port: number): Promise<unknown> {
  const socket = connect({ host, port });
  const [error] = (await once(socket, "error")) as [unknown];
  return error;
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("different failures stay different", () => {
  test("of two hosts that refuse a connection, though no line of the application stands in the stack", async () => {
    const [database, cache] = [await closedPort(), await closedPort()];

    expect(await kindsOf([await refusedAt("127.0.0.1", database), await refusedAt("127.0.0.1", cache)])).toBe(
      2,
    );
    expect(
      await kindsOf([await refusedAt("127.0.0.1", database), await refusedAt("127.0.0.2", database)]),
    ).toBe(2);
  });

  test("of two names that are not found", async () => {
    const lookup = (hostname: string): Error =>
      failure(`getaddrinfo ENOTFOUND ${hostname}`, {
        errno: -3008,
        code: "ENOTFOUND",
        syscall: "getaddrinfo",
        hostname,
      });

    expect(await kindsOf([lookup("db1.internal"), lookup("db2.internal")])).toBe(2);
  });

  test("of `fetch failed` for two causes, and for two causes of the cause", async () => {
    const fetchFailed = (cause: unknown): Error => Object.assign(failure("fetch failed"), { cause });

    expect(
      await kindsOf([
        fetchFailed(failure("connect ECONNREFUSED 10.0.0.1:80", { code: "ECONNREFUSED" })),
        fetchFailed(failure("getaddrinfo ENOTFOUND shop", { code: "ENOTFOUND" })),
        fetchFailed(failure("other side closed", { code: "UND_ERR_SOCKET" })),
        fetchFailed("a text"),
        failure("fetch failed"),
      ]),
    ).toBe(5);
    expect(
      await kindsOf([
        failure("no order", { cause: fetchFailed(failure("closed")) }),
        failure("no order", { cause: fetchFailed(failure("refused")) }),
      ]),
    ).toBe(2);
    expect(
      await kindsOf([new AggregateError([failure("a")], "all"), new AggregateError([failure("b")], "all")]),
    ).toBeGreaterThan(1);
  });

  test("of an HTTP client that says only the status, or only the code", async () => {
    const answered = (status: number): Error =>
      failure(`Request failed with status code ${status}`, { name: "AxiosError", status });

    expect(await kindsOf([answered(404), answered(503)])).toBe(2);
    expect(
      await kindsOf([failure("no answer", { statusCode: 502 }), failure("no answer", { statusCode: 504 })]),
    ).toBe(2);
    expect(
      await kindsOf([failure("failed", { code: "ETIMEDOUT" }), failure("failed", { code: "ECONNRESET" })]),
    ).toBe(2);
    expect(await kindsOf([failure("failed", { code: "23505" }), failure("failed", { code: "23503" })])).toBe(
      2,
    );
  });

  test("of one helper that makes all errors, and of two places in one line of bundled code", async () => {
    const bundled = (column: number): Error => failure("x", {}, `    at e (/app/dist/bundle.js:1:${column})`);
    const through = (caller: number): Error =>
      failure(
        "x",
        {},
        `    at fail (/app/errors.js:3:9)\n    at AppError.of (/app/errors.js:9:9)\n    at pay (/app/a.js:${caller}:1)`,
      );

    expect(await kindsOf([bundled(10_411), bundled(20_877)])).toBe(2);
    expect(await kindsOf([through(1), through(2)])).toBe(2);
    expect(await kindsOf([failure("no stock"), failure("no price")])).toBe(2);
  });

  test("of anonymous functions, eval, and callers that are awaited", async () => {
    const at = (line: string): Error => failure("x", {}, line);

    expect(await kindsOf([at("    at /app/a.js:1:1"), at("    at /app/a.js:1:2")])).toBe(2);
    expect(
      await kindsOf([
        at("    at eval (eval at run (/app/a.js:1:1), <anonymous>:1:7)"),
        at("    at eval (eval at run (/app/a.js:1:1), <anonymous>:2:7)"),
        at("    at eval (eval at run (/app/b.js:1:1), <anonymous>:2:7)"),
      ]),
    ).toBe(3);
    const inNode = "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)\n";
    expect(
      await kindsOf([
        at(`${inNode}    at async pay (/app/a.js:1:1)`),
        at(`${inNode}    at async pay (/app/a.js:2:1)`),
      ]),
    ).toBe(2);
  });

  test("of text between two apostrophes", async () => {
    expect(
      await kindsOf([
        failure("Couldn't reach the bank: it isn't up"),
        failure("Couldn't reach the shop: it isn't up"),
      ]),
    ).toBe(2);
  });

  test("of what is no JSON and of what is not equal, at two places", async () => {
    const errors = [
      caught(() => JSON.parse("<html>")),
      caught(() => JSON.parse("")),
      caught(() => strictEqual(1, 2)),
      caught(() => strictEqual(1, 2)),
    ];

    expect(await kindsOf(errors)).toBe(4);
  });
});

describe("one failure stays one", () => {
  test.each([
    ["an address in memory", "at 0x7ffe12ab34cd", "at 0x55d0c0ffee00"],
    ["a ULID", "no order 01ARZ3NDEKTSV4RRFFQ69G5FAV", "no order 01HZX4E5T6Y7U8I9OPASDFGHJK"],
    [
      "a random id with a prefix",
      "no charge ch_3MmlLrLkdIwHu7ix0snN0B15",
      "no charge ch_1NirD82eZvKYlo2CIvbtLWuY",
    ],
    ["a UUID without dashes", "no 550e8400e29b41d4a716446655440000", "no 6ba7b8109dad11d180b400c04fd430c8"],
    ["a time", "at 2026-01-02T03:04:05.678Z", "at 2026-11-12T13:14:15.000Z"],
    ["a list of any length", "no items 1, 2, 3", "no items 17, 4"],
    ["a list of names", "no columns 'a', 'b'", "no columns 'c'"],
    ["a query", "GET /orders?user=ann&page=1 failed", "GET /orders?user=bob failed"],
    ["a path with a query", "GET /orders/17?user=ann failed", "GET /orders/18?user=bob failed"],
  ])("whatever its message holds: %s", async (_, one, other) => {
    expect(await kindsOf([failure(one), failure(other)])).toBe(1);
  });

  test("whatever its code holds, when that is an id", async () => {
    const failed = (code: string): Error => failure("failed", { code });

    expect(await kindsOf([failed("ORDER-1234567"), failed("ORDER-7654321")])).toBe(1);
  });

  test("whatever the cause says of this time", async () => {
    const failed = (order: number): Error => failure("failed", { cause: failure(`order ${order} is late`) });

    expect(await kindsOf([failed(1), failed(2)])).toBe(1);
  });

  test("under the application's fingerprint, for all that causes and codes differ", async () => {
    const errors = [failure("a", { code: "EA" }), failure("b", { cause: failure("why") })];

    expect(await kindsOf(errors, { fingerprint: ["mine"] })).toBe(1);
    expect(await kindsOf(errors, { fingerprint: ["mine", "{{ default }}"] })).toBe(2);
  });
});

describe("events that were made elsewhere", () => {
  const eventAt = (line: number, cause?: string): EventInput => ({
    exception: {
      values: [
        ...(cause === undefined ? [] : [{ type: "Error", value: cause }]),
        {
          type: "TypeError",
          value: "x is undefined",
          stacktrace: {
            frames: [
              { filename: "main.js", lineno: 1, colno: 1, in_app: true },
              { filename: "shop.js", lineno: line, colno: 7, in_app: true },
              { filename: "library.js", lineno: 3, colno: 3, in_app: false },
            ],
          },
        },
      ],
    },
  });
  const countsOf = async (events: readonly EventInput[]): Promise<unknown[]> => {
    const { client, arrived } = createTestBench({ once: { full: 1 } });
    for (const event of events) client.captureEvent(event);
    return (await arrived()).map(({ contexts }) => contexts?.["repeats"]?.["count"] ?? 1);
  };

  test("are told apart by place and causes, as errors are", async () => {
    expect(await countsOf([eventAt(1), eventAt(2)])).toEqual([1, 1]);
    expect(await countsOf([eventAt(1, "refused"), eventAt(1, "not found"), eventAt(1)])).toEqual([1, 1, 1]);
    expect(await countsOf([eventAt(1), eventAt(1), eventAt(1)])).toEqual([1, 2]);
  });
});
