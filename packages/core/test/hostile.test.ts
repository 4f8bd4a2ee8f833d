import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { schemaErrors } from "../../../test-server/src/schema.js";
import { withRequestScope } from "../src/context/current.js";
import type { Event } from "../src/model/event.js";
import { sentryText, toPayload } from "../src/transport/envelope.js";
import { createTestBench, expectBalance, type TestBench } from "./support/client.js";
import { cpuMs } from "./support/cpu.js";

const trap = (): never => {
  throw new Error("trap");
};
const TRAPS = { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap };

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** Nested in itself, `levels` deep. */
function deep(levels: number): unknown {
  let value: unknown = "end";
  for (let i = 0; i < levels; i++) value = { value };
  return value;
}

function* endless(): Generator<number> {
  for (let n = 0; ; n++) yield n;
}

/** Makers of what no application means to report, and what ends up in reports all the same. */
const HOSTILE: Record<string, () => unknown> = {
  "a throwing getter": () => Object.defineProperty({ fine: 1 }, "bad", { get: trap, enumerable: true }),
  "a proxy that throws": () => new Proxy({}, TRAPS),
  "a list behind a proxy that throws": () => new Proxy([], TRAPS),
  "a revoked proxy": () => revoked({}),
  "a revoked list": () => revoked([]),
  "a proxy that says it is endless": () =>
    new Proxy([], { get: (_target, key) => (key === "length" ? Number.POSITIVE_INFINITY : "x") }),
  "a list that iterates for ever": () => Object.assign([1], { [Symbol.iterator]: endless, slice: endless }),
  "a generator": () => endless(),
  "a circle": () => {
    const circle: Record<string, unknown> = { map: new Map() };
    (circle["map"] as Map<unknown, unknown>).set(circle, circle);
    return Object.assign(circle, { circle });
  },
  "a method that throws": () => ({ toJSON: trap, toString: trap, [Symbol.toPrimitive]: trap }),
  // biome-ignore lint/suspicious/noThenProperty: it is meant to be asked for.
  "a then that throws": () => Object.defineProperty({}, "then", { get: trap }),
  "an object without a prototype": () => Object.assign(Object.create(null), { a: 1 }),
  "a key named __proto__": () => JSON.parse('{"__proto__":{"polluted":true},"constructor":1}'),
  "an invalid date": () => new Date(Number.NaN),
  "a sparse list": () => Object.assign([], { length: 4_000_000_000 }),
  "a detached buffer": () => {
    const bytes = new Uint8Array(8);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    return bytes;
  },
  "a lone surrogate": () => "\ud800 \udc00 \0 \u2028",
  "a long text": () => "x ".repeat(100_000),
  "twenty thousand levels": () => deep(20_000),
  "a hundred thousand keys": () =>
    Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i])),
  "a huge number": () => 10n ** 5000n,
  "a symbol": () => Symbol("s"),
  "a function": () => Object.defineProperty(() => 1, "name", { get: trap }),
  "an error that cannot be read": () =>
    Object.defineProperties(new Error("x"), {
      stack: { get: trap },
      name: { get: trap },
      message: { get: trap },
      cause: { get: trap },
      errors: { get: trap },
    }),
  "an error of other types": () =>
    Object.assign(new Error("x"), {
      name: { a: 1 },
      message: [2],
      stack: 3,
      cause: 4n,
      errors: 5,
      code: trap,
    }),
  nothing: () => undefined,
  null: () => null,
};

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
  maxDepth: 3,
});

/** Every way in, given one value. */
const WAYS: Record<string, (bench: TestBench, value: unknown) => unknown> = {
  captureException: ({ client }, value) => client.captureException(value),
  "captureException, as a cause": ({ client }, value) =>
    client.captureException(new Error("x", { cause: value })),
  "captureException, as members": ({ client }, value) =>
    client.captureException(Object.assign(new AggregateError([value]), { errors: value })),
  "captureException, as an own property": ({ client }, value) =>
    client.captureException(Object.assign(new Error("x"), { value })),
  "captureException, as the hint": ({ client }, value) =>
    client.captureException(new Error("x"), value as never),
  captureMessage: ({ client }, value) => client.captureMessage(value as never),
  "captureMessage, as the hint": ({ client }, value) => client.captureMessage("x", value as never),
  "captureMessage, as params": ({ client }, value) => client.captureMessage("%s", { params: value as never }),
  "captureMessage, as a param": ({ client }, value) => client.captureMessage("%s", { params: [value] }),
  captureEvent: ({ client }, value) => client.captureEvent(value as never),
  "captureEvent, as every field": ({ client }, value) =>
    client.captureEvent(Object.fromEntries(EVENT_FIELDS.map((field) => [field, value])) as never),
  ...Object.fromEntries(
    [
      "level",
      "tags",
      "extra",
      "contexts",
      "user",
      "fingerprint",
      "transaction",
      "request",
      "attachments",
      "mechanism",
    ].map((field) => [
      `hint.${field}`,
      ({ client }: TestBench, value: unknown) =>
        client.captureException(new Error("x"), {
          [field]: value,
        } as never),
    ]),
  ),
  scope: ({ client }, value) =>
    withRequestScope(
      (scope) => {
        const given = value as never;
        scope
          .setTags(given)
          .setTag(given, given)
          .setExtras(given)
          .setExtra(given, given)
          .setContext(given, given)
          .setUser(given)
          .setFingerprint(given)
          .setTransaction(given)
          .setLevel(given)
          .addAttachment(given)
          .addBreadcrumb(given)
          .addBreadcrumb({ message: given, category: given, type: given, level: given, data: given });
        return client.captureException(new Error("x"));
      },
      { client },
    ),
};
const EVENT_FIELDS: (keyof Event | "unknown")[] = [
  "event_id",
  "timestamp",
  "level",
  "logger",
  "transaction",
  "server_name",
  "release",
  "dist",
  "environment",
  "tags",
  "extra",
  "contexts",
  "user",
  "request",
  "breadcrumbs",
  "exception",
  "message",
  "threads",
  "fingerprint",
  "modules",
  "debug_meta",
  "errors",
  "unknown",
];

/** Far above what a call takes, far below what a search gone wrong would take, on a machine that is busy. */
const LONG_MS = 1500;

async function expectHarmless(way: keyof typeof WAYS, value: unknown): Promise<void> {
  const bench = createTestBench({ once: false });
  const start = cpuMs();

  const id = WAYS[way]!(bench, value);
  const events = await bench.arrived();

  expect(cpuMs() - start).toBeLessThan(LONG_MS);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(events.map(({ event_id }) => event_id)).toEqual([id]);
  expect(events.flatMap((event) => schemaErrors(JSON.parse(sentryText(toPayload(event)))))).toEqual([]);
  expect(bench.client.stats().dropped).toEqual({});
  expect(bench.said).toEqual([]);
  expectBalance(bench.client);
}

describe.each(Object.keys(WAYS))("%s", (way) => {
  test.each(Object.keys(HOSTILE))("makes a legal event of %s", async (kind) => {
    await expectHarmless(way, HOSTILE[kind]!());
  });

  test("makes a legal event of anything, and leaves it as it was", async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        const before = fc.stringify(value);

        await expectHarmless(way, value);

        expect(fc.stringify(value)).toBe(before);
      }),
      { numRuns: 25 },
    );
  });
});

describe("one bad value costs that value only", () => {
  /** An object with a good key and a bad one. */
  const mixed = (): Record<string, unknown> =>
    Object.defineProperties(
      { proxy: new Proxy({}, TRAPS), good: "kept" },
      { getter: { get: trap, enumerable: true } },
    );

  test("in a hint", async () => {
    const { client, arrived } = createTestBench();
    const hint = Object.defineProperty(
      {
        tags: mixed(),
        extra: mixed(),
        contexts: { whole: mixed(), none: new Proxy({}, TRAPS) },
        user: {
          id: 7,
          plan: new Proxy({}, TRAPS),
          role: "admin",
        },
        request: {
          method: "GET",
          url: "https://shop.test/",
          headers: { good: "kept", bad: new Proxy({}, TRAPS) },
        },
        transaction: "GET /",
      },
      "fingerprint",
      { get: trap, enumerable: true },
    );

    client.captureException(new Error("x"), hint as never);

    expect((await arrived())[0]).toMatchObject({
      tags: { good: "kept", proxy: "[Proxy]" },
      extra: { good: "kept", proxy: "[Proxy]" },
      contexts: { whole: { good: "kept", proxy: "[Proxy]", getter: "[Getter]" }, none: { value: "[Proxy]" } },
      user: { id: "7", data: { role: "admin", plan: "[Proxy]" } },
      request: { method: "GET", url: "https://shop.test/", headers: { good: "kept", bad: "[Proxy]" } },
      transaction: "GET /",
    });
  });

  test("in a scope", async () => {
    const { client, arrived } = createTestBench();
    withRequestScope(
      (scope) => {
        scope
          .setTags(mixed() as never)
          .setExtras(mixed())
          .setContext("whole", mixed())
          .setUser(Object.defineProperty({ id: "7" }, "email", { get: trap, enumerable: true }))
          .addBreadcrumb(Object.defineProperty({ message: "step" }, "level", { get: trap, enumerable: true }))
          .addBreadcrumb({ message: "next", data: mixed() as never });
        client.captureException(new Error("x"));
      },
      { client },
    );

    const [event] = await arrived();
    expect(event).toMatchObject({
      tags: { good: "kept" },
      extra: { good: "kept" },
      contexts: { whole: { good: "kept", getter: "[Getter]" } },
      user: { id: "7" },
    });
    expect(event?.breadcrumbs?.map(({ message, data }) => [message, data?.["good"]])).toEqual([
      ["step", undefined],
      ["next", "kept"],
    ]);
  });

  test("on an error", async () => {
    const { client, arrived } = createTestBench();

    client.captureException(Object.assign(new Error("x"), { proxy: new Proxy({}, TRAPS), code: "E_KEPT" }));

    expect((await arrived())[0]?.contexts?.["Error"]).toEqual({ proxy: "[Proxy]", code: "E_KEPT" });
  });
});
