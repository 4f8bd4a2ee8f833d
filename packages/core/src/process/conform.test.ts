import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { schemaErrors } from "../../../../test-server/src/schema.js";
import type { Event } from "../model/event.js";
import { sentryText, toPayload } from "../transport/envelope.js";
import { conformEvent, conformInput } from "./conform.js";
import { DEFAULT_LIMITS } from "./normalise.js";

const base = {
  event_id: "0123456789abcdef0123456789abcdef",
  timestamp: 1_700_000_000.5,
  platform: "node",
} as const;

/** The event that becomes of what some JavaScript put together. */
function conform(parts: object): Event {
  return conformEvent({ ...base, ...parts } as Event, DEFAULT_LIMITS);
}

test("conformEvent() leaves a good event as it is", () => {
  const event: Event = {
    ...base,
    level: "error",
    logger: "app",
    transaction: "GET /orders/:id",
    transaction_info: { source: "route" },
    server_name: "web-1",
    release: "shop@1.2.0",
    dist: "7",
    environment: "production",
    tags: { region: "eu" },
    extra: { a: [1, { b: null }] },
    contexts: { trace: { trace_id: "a".repeat(32), span_id: "b".repeat(16) }, repeats: { count: 3 } },
    user: { id: "7", email: "bob@example.com", data: { plan: "pro" } },
    request: {
      method: "GET",
      url: "https://a.io/",
      query_string: "a=1",
      headers: { accept: "*/*" },
      data: { a: 1 },
    },
    breadcrumbs: [
      { timestamp: 1, type: "http", category: "http", level: "info", message: "m", data: { a: 1 } },
    ],
    exception: {
      values: [
        {
          type: "TypeError",
          value: "x is not a function",
          mechanism: {
            type: "generic",
            handled: true,
            exception_id: 0,
            meta: { errno: { number: -2, name: "ENOENT" } },
          },
          stacktrace: {
            frames: [
              {
                function: "f",
                filename: "a.js",
                abs_path: "/srv/a.js",
                lineno: 1,
                colno: 2,
                in_app: true,
                pre_context: ["", "a"],
                context_line: "f()",
                post_context: [""],
              },
            ],
          },
        },
      ],
    },
    message: "hello bob",
    threads: {
      values: [{ id: 1, name: "main", crashed: true, stacktrace: { frames: [{ function: "f" }] } }],
    },
    fingerprint: ["{{ default }}", "a"],
    modules: { koa: "3.0.0" },
    sdk: {
      name: "corvid.node",
      version: "1.0.0",
      integrations: ["a"],
      packages: [{ name: "npm:@corvid/core", version: "1.0.0" }],
    },
    debug_meta: { images: [{ type: "sourcemap", code_file: "/srv/a.js", debug_id: "d".repeat(32) }] },
    errors: [{ type: "too_large", name: "extra" }],
  };

  expect(conformEvent(event, DEFAULT_LIMITS)).toEqual(event);
  expect(schemaErrors(JSON.parse(sentryText(toPayload(event))))).toEqual([]);
});

describe("conformEvent() saves", () => {
  const cases: [string, object, object][] = [
    ["a UUID as id", { event_id: "01234567-89AB-CDEF-0123-456789ABCDEF" }, {}],
    ["a Date as time", { timestamp: new Date(1_700_000_000_500) }, {}],
    ["an ISO time", { timestamp: "2023-11-14T22:13:20.500Z" }, {}],
    ["other platforms", { platform: "javascript" }, {}],
    ["other words for levels", { level: "WARN" }, { level: "warning" }],
    ["a scoped package as release", { release: "@acme/api@1.2.0" }, { release: "acme-api@1.2.0" }],
    ["a number as release", { release: 7 }, { release: "7" }],
    ["a branch as environment", { environment: "feature/x" }, { environment: "feature-x" }],
    [
      "tags of any type and length",
      {
        tags: {
          "my key": true,
          ["k".repeat(40)]: 1,
          n: null,
          u: undefined,
          e: "",
          o: { a: 1 },
          l: "a\nb",
          v: "v".repeat(300),
        },
      },
      { tags: { "my-key": "true", ["k".repeat(32)]: "1", o: `{"a":1}`, l: "a b", v: `${"v".repeat(199)}…` } },
    ],
    ["tags as pairs, the first of a name", { tags: [["a", 1], ["a", 2], null, ["b"]] }, { tags: { a: "1" } }],
    [
      "a numeric user id, and what else is known",
      { user: { id: 7, plan: "pro", email: null } },
      { user: { id: "7", data: { plan: "pro" } } },
    ],
    [
      "headers that repeat",
      { request: { headers: { via: ["a", "b"], n: 1, x: null } } },
      { request: { headers: { via: "a, b", n: "1" } } },
    ],
    [
      "a query as object",
      { request: { query_string: { a: "1 2", b: [1, 2] } } },
      { request: { query_string: "a=1%202&b=1%2C%202" } },
    ],
    [
      "bare lists",
      { exception: [{ type: "E" }], breadcrumbs: [{ message: "m" }] },
      { exception: { values: [{ type: "E" }] }, breadcrumbs: [{ message: "m" }] },
    ],
    ["a log entry that is text", { logentry: "hello" }, { message: "hello" }],
    [
      "parameters that are no text",
      { logentry: { message: "%s", params: [1, null, { a: 1 }] } },
      { message: "1" },
    ],
    [
      "a message beside a log entry",
      { message: "kept", logentry: { formatted: "gone" } },
      { message: "kept" },
    ],
    [
      "a mechanism without a type",
      { exception: { values: [{ type: "E", mechanism: { handled: false } }] } },
      { exception: { values: [{ type: "E", mechanism: { type: "generic", handled: false } }] } },
    ],
    [
      "a context that is no object",
      { contexts: { a: 1, b: null, c: { d: 1 } } },
      { contexts: { a: { value: 1 }, c: { d: 1 } } },
    ],
  ];

  test.each(cases)("%s", (_, given, expected) => {
    const event = conform(given);

    expect(event).toEqual({ ...base, ...expected });
    expect(schemaErrors(JSON.parse(sentryText(toPayload(event))))).toEqual([]);
  });
});

test("conformEvent() leaves out what cannot be saved", () => {
  const event = conform({
    level: "awful",
    release: "latest",
    environment: "none",
    dist: "///".replaceAll("/", " "),
    transaction: "  ",
    transaction_info: { source: "guess" },
    tags: "a",
    user: "bob",
    request: [],
    breadcrumbs: null,
    exception: { values: [null, {}, { module: "m" }] },
    logentry: {},
    sdk: { name: "only" },
    debug_meta: null,
    fingerprint: [],
    type: "event",
    _meta: {},
    unknown: 1,
  });

  expect(event).toEqual({ ...base });
});

test("conformEvent() drops frames that name nothing, and a stack without frames", () => {
  const values = [
    {
      type: "E",
      stacktrace: { frames: [{ lineno: 1 }, { function: "f", lineno: "7", colno: -1, data: 1 }] },
    },
    { type: "F", stacktrace: { frames: [] } },
  ];

  expect(conform({ exception: { values } }).exception).toEqual({
    values: [{ type: "E", stacktrace: { frames: [{ function: "f", lineno: 7 }] } }, { type: "F" }],
  });
});

test("conformEvent() makes an event of anything", () => {
  for (const candidate of [
    undefined,
    null,
    1,
    "a",
    [],
    () => 1,
    new Proxy({}, {}),
    Promise.resolve(base),
    Object.create(null),
  ]) {
    const event = conformEvent(candidate as never, DEFAULT_LIMITS);

    expect(event.event_id).toMatch(/^[0-9a-f]{32}$/);
    expect(schemaErrors(JSON.parse(sentryText(toPayload(event))))).toEqual([]);
  }
});

test("conformEvent() runs no getters and reads what an event inherits", () => {
  const candidate = Object.create(
    { ...base, tags: { a: "b" } },
    {
      user: {
        get: () => {
          throw new Error("no");
        },
        enumerable: true,
      },
    },
  );

  expect(conformEvent(candidate as Event, DEFAULT_LIMITS)).toEqual({ ...base, tags: { a: "b" } });
});

test("conformEvent() makes of any event one that passes the schema, and changes nothing it is given", () => {
  const hostile = fc.oneof(
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      withBoxedValues: true,
    }),
    fc.constantFrom<unknown>(
      null,
      Symbol("s"),
      () => 1,
      new Proxy({}, {}),
      "\ud800\0",
      { values: [null, 1, {}] },
      new Error("e"),
      [[1, 2]],
      "x".repeat(100_000),
    ),
  );
  const mixed = <T extends Record<string, fc.Arbitrary<unknown>>>(shape: T): fc.Arbitrary<unknown> =>
    fc.oneof(fc.record(shape, { requiredKeys: [] }), hostile);
  const frame = mixed({
    function: hostile,
    filename: hostile,
    abs_path: hostile,
    lineno: hostile,
    colno: hostile,
    in_app: hostile,
    context_line: hostile,
    pre_context: hostile,
    vars: hostile,
    data: hostile,
  });
  const exception = mixed({
    type: hostile,
    value: hostile,
    module: hostile,
    mechanism: mixed({
      type: hostile,
      data: hostile,
      meta: mixed({ errno: hostile, signal: hostile }),
      exception_id: hostile,
      source: hostile,
    }),
    stacktrace: mixed({ frames: fc.array(frame) }),
    thread_id: hostile,
  });
  const candidate = fc.record(
    {
      event_id: hostile,
      timestamp: hostile,
      platform: hostile,
      level: hostile,
      logger: hostile,
      transaction: hostile,
      transaction_info: mixed({ source: hostile }),
      release: hostile,
      dist: hostile,
      environment: hostile,
      tags: hostile,
      extra: hostile,
      contexts: mixed({ trace: hostile, os: hostile, app: hostile, device: hostile }),
      user: mixed({ id: hostile, geo: mixed({ city: hostile, x: hostile }), data: hostile, other: hostile }),
      request: mixed({
        url: hostile,
        headers: hostile,
        cookies: hostile,
        query_string: hostile,
        data: hostile,
        env: hostile,
        method: hostile,
      }),
      breadcrumbs: mixed({
        values: fc.array(
          mixed({ timestamp: hostile, data: hostile, message: hostile, level: hostile, origin: hostile }),
        ),
      }),
      exception: mixed({ values: fc.array(exception) }),
      logentry: mixed({ formatted: hostile, message: hostile, params: hostile }),
      threads: mixed({ values: fc.array(mixed({ id: hostile, stacktrace: hostile, name: hostile })) }),
      fingerprint: hostile,
      modules: hostile,
      sdk: mixed({ name: hostile, version: hostile, packages: hostile, integrations: hostile }),
      debug_meta: mixed({ images: hostile }),
      errors: mixed({}),
      stray: hostile,
    },
    { requiredKeys: [] },
  );

  fc.assert(
    fc.property(candidate, (given) => {
      Object.freeze(given);
      const event = conformEvent(given as never, DEFAULT_LIMITS);

      expect(schemaErrors(JSON.parse(sentryText(toPayload(event))))).toEqual([]);
      expect(JSON.stringify(event)).not.toMatch(/\\ud[89a-f]|\\u0000/);
      expect(conformEvent(event, DEFAULT_LIMITS)).toEqual(event);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["https://ann:pass@shop.test/a?b=1", "https://shop.test/a?b=1"],
  ["https://ann@shop.test", "https://shop.test"],
  ["https://shop.test/@ann", "https://shop.test/@ann"],
  ["https://shop.test/?mail=a@b.c", "https://shop.test/?mail=a@b.c"],
  ["/orders/ann@shop.test", "/orders/ann@shop.test"],
])("conformEvent() takes user and password out of the address %s", (url, expected) => {
  expect(conform({ request: { url } }).request?.url).toBe(expected);
});

test("conformEvent() leaves out an extra that holds nothing", () => {
  expect(conform({ extra: {} })).toEqual(base);
});

describe("conformInput()", () => {
  test("takes the parts that are there and adds none", () => {
    expect(conformInput({ level: "warn", tags: [["a", 1]], exception: "none" }, DEFAULT_LIMITS)).toEqual({
      platform: "node",
      level: "warning",
      tags: { a: "1" },
    });
  });

  test.each([undefined, null, "text", 5, []])("makes nothing of %j", (input) => {
    const { platform: _platform, ...parts } = conformInput(input, DEFAULT_LIMITS);

    expect(parts).toEqual({});
  });
});
