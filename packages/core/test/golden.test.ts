import { readFile } from "node:fs";
import { createContext, runInContext } from "node:vm";
import { describe, expect, test } from "vitest";
import type { Event } from "../src/model/event.js";
import { createTestBench } from "./support/client.js";

const STACK = "\n    at pay (/app/src/orders.js:10:5)";
/** What that stack becomes. */
const FRAMES = {
  frames: [
    {
      function: "pay",
      filename: "src/orders.js",
      abs_path: "/app/src/orders.js",
      module: "src.orders",
      lineno: 10,
      colno: 5,
      in_app: true,
    },
  ],
};
/** The stack of the capturing call: where a test lies is not what it is about. */
const CAPTURE_SITE = { frames: expect.arrayContaining([expect.objectContaining({ in_app: true })]) };

/** Gives an error a stack that is the same everywhere. */
function at<E extends Error>(error: E): E {
  error.stack = `${error.name}: ${error.message}${STACK}`;
  return error;
}

/** The event of a lone error. */
function lone(exception: object, more: object = {}): object {
  return {
    ...AROUND,
    exception: { values: [{ mechanism: { type: "generic", handled: true }, ...exception }] },
    ...more,
    contexts: { ...TRACE, ...(more as Event).contexts },
  };
}

const TRACE = {
  trace: {
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
  },
};
const AROUND = {
  event_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  timestamp: 1767323045.678,
  platform: "node",
  level: "error",
  server_name: "web-1",
  release: "shop@1.0.0",
  environment: "production",
  sdk: {
    name: "corvid.node",
    version: "1.2.3",
    packages: [{ name: "npm:@corvid/core", version: "1.2.3" }],
  },
};
const CAUGHT = { type: "generic", handled: true };
const THROWN = { ...CAUGHT, data: { stack: "capture_site" } };
/** How one of several exceptions hangs in its tree. */
const chained = (exception_id: number, parent_id: number, source: string): object => ({
  type: "chained",
  exception_id,
  parent_id,
  source,
});

class HttpError extends Error {
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

const GOLDEN: Record<string, { readonly error: () => unknown; readonly event: object }> = {
  "an error": {
    error: () => at(new TypeError("x is not a function")),
    event: lone({ type: "TypeError", value: "x is not a function", stacktrace: FRAMES }),
  },
  "an error of a class without a name of its own": {
    error: () => at(new HttpError("Bad Gateway", 502)),
    event: lone(
      { type: "HttpError", value: "Bad Gateway", stacktrace: FRAMES },
      { contexts: { HttpError: { status: 502 } } },
    ),
  },
  "an error without a message": {
    error: () => at(new RangeError()),
    event: lone({ type: "RangeError", value: "", stacktrace: FRAMES }),
  },
  "a system error": {
    error: () =>
      Object.assign(at(new Error("connect ECONNREFUSED 127.0.0.1:5432")), {
        errno: -111,
        code: "ECONNREFUSED",
        syscall: "connect",
        address: "127.0.0.1",
        port: 5432,
      }),
    event: lone(
      {
        type: "Error",
        value: "connect ECONNREFUSED 127.0.0.1:5432",
        stacktrace: FRAMES,
        mechanism: { ...CAUGHT, meta: { errno: { number: -111, name: "ECONNREFUSED" } } },
      },
      {
        contexts: {
          Error: {
            errno: -111,
            code: "ECONNREFUSED",
            syscall: "connect",
            address: "127.0.0.1",
            port: 5432,
          },
        },
      },
    ),
  },
  "an error of a callback, which has no stack": {
    error: () => new Promise((resolve) => readFile("/nowhere/at/all", resolve)),
    event: lone(
      {
        type: "Error",
        value: "ENOENT: no such file or directory, open '/nowhere/at/all'",
        stacktrace: CAPTURE_SITE,
        mechanism: {
          ...CAUGHT,
          data: { stack: "capture_site" },
          meta: { errno: { number: -2, name: "ENOENT" } },
        },
      },
      { contexts: { Error: { errno: -2, code: "ENOENT", syscall: "open", path: "/nowhere/at/all" } } },
    ),
  },
  "a database's error, whose numbers are its own": {
    error: () => Object.assign(at(new Error("Duplicate entry")), { errno: 1062, code: "ER_DUP_ENTRY" }),
    event: lone(
      { type: "Error", value: "Duplicate entry", stacktrace: FRAMES },
      { contexts: { Error: { errno: 1062, code: "ER_DUP_ENTRY" } } },
    ),
  },
  "a chain of causes": {
    error: () => at(new Error("outer", { cause: at(new TypeError("inner", { cause: "no reason" })) })),
    event: lone(
      {},
      {
        exception: {
          values: [
            { type: "Thrown string", value: "no reason", mechanism: chained(2, 1, "cause") },
            {
              type: "TypeError",
              value: "inner",
              mechanism: chained(1, 0, "cause"),
              stacktrace: FRAMES,
            },
            {
              type: "Error",
              value: "outer",
              mechanism: { ...CAUGHT, exception_id: 0 },
              stacktrace: FRAMES,
            },
          ],
        },
      },
    ),
  },
  "a cause that is a plain object": {
    error: () => at(new Error("outer", { cause: { reason: "quota", left: 0 } })),
    event: lone(
      {},
      {
        exception: {
          values: [
            {
              type: "Thrown Object",
              value: '{"reason":"quota","left":0}',
              mechanism: chained(1, 0, "cause"),
            },
            { type: "Error", value: "outer", mechanism: { ...CAUGHT, exception_id: 0 }, stacktrace: FRAMES },
          ],
        },
        contexts: { "Thrown Object": { value: { reason: "quota", left: 0 } } },
      },
    ),
  },
  "causes that go in a circle": {
    error: () => {
      const first = at(new Error("first"));
      first.cause = at(new Error("second", { cause: first }));
      return first;
    },
    event: lone(
      {},
      {
        exception: {
          values: [
            { type: "Error", value: "second", mechanism: chained(1, 0, "cause"), stacktrace: FRAMES },
            { type: "Error", value: "first", mechanism: { ...CAUGHT, exception_id: 0 }, stacktrace: FRAMES },
          ],
        },
      },
    ),
  },
  "a group of errors": {
    error: () =>
      at(new AggregateError([at(new Error("a", { cause: at(new Error("b")) })), "text", 7], "all failed")),
    event: lone(
      {},
      {
        exception: {
          values: [
            { type: "Error", value: "b", mechanism: chained(4, 1, "cause"), stacktrace: FRAMES },
            { type: "Thrown number", value: "7", mechanism: chained(3, 0, "errors[2]") },
            { type: "Thrown string", value: "text", mechanism: chained(2, 0, "errors[1]") },
            { type: "Error", value: "a", mechanism: chained(1, 0, "errors[0]"), stacktrace: FRAMES },
            {
              type: "AggregateError",
              value: "all failed",
              mechanism: { ...CAUGHT, exception_id: 0, is_exception_group: true },
              stacktrace: FRAMES,
            },
          ],
        },
      },
    ),
  },
  "a group of more errors than are followed": {
    error: () =>
      at(
        new AggregateError(
          Array(40)
            .fill(0)
            .map((_, i) => at(new Error(`e${i}`))),
          "many",
        ),
      ),
    event: lone(
      {},
      {
        exception: {
          values: [
            ...[10, 9, 8, 7, 6, 5, 4, 3, 2, 1].map((id) => ({
              type: "Error",
              value: `e${id - 1}`,
              mechanism: chained(id, 0, `errors[${id - 1}]`),
              stacktrace: FRAMES,
            })),
            {
              type: "AggregateError",
              value: "many",
              mechanism: {
                ...CAUGHT,
                exception_id: 0,
                is_exception_group: true,
                data: { causes_left_out: 30 },
              },
              stacktrace: FRAMES,
            },
          ],
        },
      },
    ),
  },
  "an error that suppressed another one": {
    error: () =>
      Object.assign(at(new Error("disposing failed")), {
        name: "SuppressedError",
        error: at(new Error("close failed")),
        suppressed: at(new Error("query failed")),
      }),
    event: lone(
      {},
      {
        exception: {
          values: [
            {
              type: "Error",
              value: "query failed",
              mechanism: chained(2, 0, "suppressed"),
              stacktrace: FRAMES,
            },
            { type: "Error", value: "close failed", mechanism: chained(1, 0, "error"), stacktrace: FRAMES },
            {
              type: "SuppressedError",
              value: "disposing failed",
              mechanism: { ...CAUGHT, exception_id: 0, is_exception_group: true },
              stacktrace: FRAMES,
            },
          ],
        },
      },
    ),
  },
  "an error with lists that hold no errors": {
    error: () => Object.assign(at(new Error("invalid")), { errors: ["name", "mail"], suppressed: 3 }),
    event: lone(
      { type: "Error", value: "invalid", stacktrace: FRAMES },
      { contexts: { Error: { errors: ["name", "mail"], suppressed: 3 } } },
    ),
  },
  "a DOMException": {
    error: () => {
      const error = new DOMException("The operation was aborted", "AbortError");
      Object.defineProperty(error, "stack", { value: `AbortError: The operation was aborted${STACK}` });
      return error;
    },
    event: lone({ type: "AbortError", value: "The operation was aborted", stacktrace: FRAMES }),
  },
  "an error of another realm": {
    error: () =>
      runInContext(
        `const error = new TypeError("from outside");
        error.code = "E_OTHER";
        error.stack = "TypeError: from outside" + stack;
        error`,
        createContext({ stack: STACK }),
      ),
    event: lone(
      { type: "TypeError", value: "from outside", stacktrace: FRAMES },
      { contexts: { TypeError: { code: "E_OTHER" } } },
    ),
  },
  "an error-like object": {
    error: () => ({ name: "RpcError", message: "deadline exceeded", code: 4, stack: `RpcError${STACK}` }),
    event: lone(
      { type: "RpcError", value: "deadline exceeded", stacktrace: FRAMES },
      { contexts: { RpcError: { code: 4 } } },
    ),
  },
  "a thrown string": {
    error: () => "out of paper",
    event: lone({
      type: "Thrown string",
      value: "out of paper",
      stacktrace: CAPTURE_SITE,
      mechanism: THROWN,
    }),
  },
  "a thrown object": {
    error: () => ({ status: 500, body: { reason: "upstream" } }),
    event: lone(
      {
        type: "Thrown Object",
        value: '{"status":500,"body":{"reason":"upstream"}}',
        stacktrace: CAPTURE_SITE,
        mechanism: THROWN,
      },
      { contexts: { "Thrown Object": { value: { status: 500, body: { reason: "upstream" } } } } },
    ),
  },
  undefined: {
    error: () => undefined,
    event: lone({
      type: "Thrown undefined",
      value: "undefined",
      stacktrace: CAPTURE_SITE,
      mechanism: THROWN,
    }),
  },
  "a thrown symbol": {
    error: () => Symbol("stop"),
    event: lone({
      type: "Thrown symbol",
      value: "Symbol(stop)",
      stacktrace: CAPTURE_SITE,
      mechanism: THROWN,
    }),
  },
  "a thrown function": {
    error: () => function retry() {},
    event: lone({
      type: "Thrown function",
      value: "[Function retry]",
      stacktrace: CAPTURE_SITE,
      mechanism: THROWN,
    }),
  },
};

describe("captureException() makes one event of", () => {
  test.each(Object.entries(GOLDEN))("%s", async (_kind, { error, event }) => {
    const { client, arrived } = createTestBench();

    client.captureException(await error());

    expect(await arrived()).toEqual([event]);
  });

  test("a thrown promise, which is not waited for", async () => {
    const { client, arrived } = createTestBench();

    client.captureException(new Promise(() => undefined));

    expect(await arrived()).toEqual([
      lone({
        type: "Thrown Promise",
        value: "[Promise]",
        stacktrace: CAPTURE_SITE,
        mechanism: THROWN,
      }),
    ]);
  });

  test("own properties that stay out of the way of other contexts", async () => {
    const { client, arrived } = createTestBench();
    const error = Object.assign(at(new Error("x", { cause: Object.assign(at(new Error("y")), { n: 2 }) })), {
      n: 1,
    });
    error.name = "trace";

    client.captureException(error, { contexts: { Error: { from: "call" } } });

    expect((await arrived())[0]?.contexts).toEqual({
      ...TRACE,
      Error: { from: "call" },
      "trace (2)": { n: 1 },
      "Error (2)": { n: 2 },
    });
  });

  test.each(["__proto__", "constructor", "toString"])("own properties of an error named %s", async (name) => {
    const { client, arrived } = createTestBench();

    client.captureException(Object.assign(at(new Error("x")), { name, n: 1 }));

    expect(Object.entries((await arrived())[0]?.contexts ?? {})).toContainEqual([name, { n: 1 }]);
  });
});

describe("captureMessage() makes one event of", () => {
  test("a text", async () => {
    const { client, arrived } = createTestBench();

    client.captureMessage("disk nearly full", "warning");

    expect(await arrived()).toEqual([
      { ...AROUND, level: "warning", message: "disk nearly full", contexts: TRACE },
    ]);
  });

  test("a template and its values", async () => {
    const { client, arrived } = createTestBench();

    client.captureMessage("%s has %d items", { params: ["ann", 3], level: "debug" });

    expect(await arrived()).toEqual([
      {
        ...AROUND,
        level: "debug",
        message: "ann has 3 items",
        contexts: TRACE,
      },
    ]);
  });

  test("all messages of one template, counted as one kind", async () => {
    const { client, arrived } = createTestBench({ once: { full: 1 } });

    for (const name of ["ann", "bob", "eve"]) client.captureMessage("no room for %s", { params: [name] });

    const events = await arrived();
    expect(events.map(({ message }) => message)).toEqual(["no room for ann", "no room for eve"]);
    expect(events[1]?.contexts?.["repeats"]).toMatchObject({ count: 2 });
  });
});
