import { describe, expect, test } from "vitest";
import { withRequestScope, withScope } from "../src/context/current.js";
import type { Scope } from "../src/context/scope.js";
import type { RecordingTransport } from "../src/testing.js";
import { encodeEnvelope } from "../src/transport/envelope.js";
import { createTestBench, expectBalance } from "./support/client.js";

function failure(message: string, name = "Error"): Error {
  const error = new Error(message);
  error.name = name;
  error.stack = `${name}: ${message}\n    at pay (/app/src/orders.js:10:5)\n    at handle (/app/node_modules/express/lib/router.js:20:7)`;
  return error;
}

describe("captureException()", () => {
  test("sends one event that says what, where and in which release", async () => {
    const { client, arrived } = createTestBench({ environment: "test", tags: { team: "shop" } });
    const error = failure("Card declined", "PaymentError");

    const id = client.captureException(error, {
      tags: { attempt: 2 },
      user: { id: 7 },
      extra: { order: { total: 12n } },
    });

    expect(await arrived()).toEqual([
      {
        event_id: id,
        timestamp: 1767323045.678,
        platform: "node",
        level: "error",
        server_name: "web-1",
        release: "shop@1.0.0",
        environment: "test",
        sdk: {
          name: "corvid.node",
          version: "1.2.3",
          packages: [{ name: "npm:@corvid/core", version: "1.2.3" }],
        },
        tags: { team: "shop", attempt: "2" },
        extra: { order: { total: "12" } },
        contexts: { trace: { trace_id: `${2}`.padStart(32, "0"), span_id: `${3}`.padStart(16, "0") } },
        user: { id: "7" },
        exception: {
          values: [
            {
              type: "PaymentError",
              value: "Card declined",
              mechanism: { type: "generic", handled: true },
              stacktrace: {
                frames: [
                  expect.objectContaining({
                    function: "handle",
                    filename: "node_modules/express/lib/router.js",
                    lineno: 20,
                    colno: 7,
                    in_app: false,
                  }),
                  expect.objectContaining({
                    function: "pay",
                    filename: "src/orders.js",
                    abs_path: "/app/src/orders.js",
                    lineno: 10,
                    colno: 5,
                    in_app: true,
                  }),
                ],
              },
            },
          ],
        },
      },
    ]);
    expectBalance(client);
  });

  test("tells the whole chain of causes, the innermost first", async () => {
    const { client, arrived } = createTestBench();
    const error = new Error("outer", { cause: new TypeError("middle", { cause: "why" }) });

    client.captureException(error);

    const [event] = await arrived();
    expect(
      event?.exception?.values.map(({ type, value, mechanism }) => ({ type, value, mechanism })),
    ).toEqual([
      {
        type: "Thrown string",
        value: "why",
        mechanism: { type: "chained", exception_id: 2, parent_id: 1, source: "cause" },
      },
      {
        type: "TypeError",
        value: "middle",
        mechanism: { type: "chained", exception_id: 1, parent_id: 0, source: "cause" },
      },
      { type: "Error", value: "outer", mechanism: { type: "generic", handled: true, exception_id: 0 } },
    ]);
  });

  test("is merged when the same object is seen again in the same scope", async () => {
    const { client, arrived } = createTestBench();
    const error = Object.freeze(failure("once"));

    const ids = [client.captureException(error), client.captureException(error, { tags: { seen: "twice" } })];

    expect(ids[1]).toBe(ids[0]);
    expect((await arrived()).map(({ tags }) => tags)).toEqual([{ seen: "twice" }]);
    expect(client.stats()).toMatchObject({ captured: 2, delivered: 1, merged: 1 });
  });

  test("is a failure of its own when the same object is seen in another scope", async () => {
    const { client, arrived } = createTestBench();
    const error = failure("cached rejection");

    const ids = [1, 2].map(() => withRequestScope(() => client.captureException(error), { client }));

    expect((await arrived()).map(({ event_id }) => event_id)).toEqual(ids);
    expect(new Set(ids).size).toBe(2);
  });

  test("becomes the event of its cause while that has not left", async () => {
    const { client, arrived } = createTestBench();
    const inner = failure("inner");
    const innerId = client.captureException(inner, { tags: { where: "inner" } });

    const outerId = client.captureException(new Error("outer", { cause: inner }));

    const events = await arrived();
    expect(outerId).toBe(innerId);
    expect(events.map(({ exception }) => exception?.values.map(({ value }) => value))).toEqual([
      ["inner", "outer"],
    ]);
    expect(events[0]?.tags).toEqual({ where: "inner" });
    expectBalance(client);
  });

  test("names the event of its cause when that has left", async () => {
    const { client, arrived } = createTestBench();
    const inner = failure("inner");
    const innerId = client.captureException(inner);
    await arrived();

    client.captureException(new Error("outer", { cause: inner }));

    const events = await arrived();
    expect(events).toHaveLength(2);
    expect(events[1]?.contexts?.related).toEqual({ event_ids: [innerId] });
  });

  test("gives an error without frames the stack of its call, marked as such", async () => {
    const { client, arrived } = createTestBench();
    const error = Object.assign(new Error("ENOENT"), {
      stack: "Error: ENOENT",
      code: "ENOENT",
      errno: -2,
      syscall: "open",
    });

    client.captureException(error);

    const root = (await arrived())[0]?.exception?.values[0];
    expect(root?.mechanism).toEqual({
      type: "generic",
      handled: true,
      data: { stack: "capture_site" },
      meta: { errno: { number: -2, name: "ENOENT" } },
    });
    expect(root?.stacktrace?.frames.at(-1)?.filename).toMatch(/capture\.test\.ts$/);
  });

  test("keeps what the application put on the error, as a context named after it", async () => {
    const { client, arrived } = createTestBench();

    client.captureException(
      Object.assign(failure("no", "HttpError"), { status: 502, body: { reason: "upstream" } }),
    );

    expect((await arrived())[0]?.contexts?.HttpError).toEqual({ status: 502, body: { reason: "upstream" } });
  });

  test.each([
    ["a string", "text", "Thrown string", "text"],
    ["undefined", undefined, "Thrown undefined", "undefined"],
    ["null", null, "Thrown null", "null"],
    ["a number", 42, "Thrown number", "42"],
    ["a symbol", Symbol("s"), "Thrown symbol", "Symbol(s)"],
    ["a bigint", 7n, "Thrown bigint", "7"],
    ["an object", { code: 5 }, "Thrown Object", '{"code":5}'],
  ])("reports a thrown value: %s", async (_kind, thrown, type, value) => {
    const { client, arrived } = createTestBench();

    client.captureException(thrown);

    expect((await arrived())[0]?.exception?.values[0]).toMatchObject({
      type,
      value,
      mechanism: { type: "generic", handled: true, data: { stack: "capture_site" } },
    });
  });

  test("survives anything it is given, and always gives an id", async () => {
    const { client, arrived } = createTestBench();
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const trap = (): never => {
      throw new Error("trap");
    };
    const hostile: unknown[] = [
      proxy,
      new Proxy(
        {},
        { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap },
      ),
      Object.defineProperty(new Error("x"), "message", { get: trap }),
      Object.defineProperty(new Error("x"), "stack", { get: trap }),
      Object.defineProperty(new Error("x"), "cause", { get: trap }),
      Object.assign(new Error("x"), { name: { toString: trap } }),
      Object.assign(new Error("x"), { stack: 42 }),
      Object.assign(new AggregateError([]), { errors: proxy }),
      { message: "like an error", toString: trap },
      () => undefined,
      Promise.resolve(),
      Object.create(null),
    ];
    const cyclic = new Error("a");
    cyclic.cause = new Error("b", { cause: cyclic });

    const ids = [...hostile, cyclic].map((error) => client.captureException(error));

    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
    expect(await arrived()).toHaveLength(ids.length);
    expect(client.stats().dropped).toEqual({});
    expectBalance(client);
  });

  test.each([
    "tags",
    "extra",
    "user",
    "contexts",
    "fingerprint",
    "request",
    "attachments",
    "mechanism",
    "level",
    "transaction",
  ])("survives a hostile hint: %s", async (key) => {
    const { client, arrived } = createTestBench({ once: false });
    const trap = (): never => {
      throw new Error("trap");
    };
    const values = [
      null,
      5,
      "text",
      Symbol("s"),
      [null],
      new Proxy({}, { get: trap, ownKeys: trap }),
      {
        a: {
          get b() {
            return trap();
          },
        },
      },
      [
        {
          get a() {
            return trap();
          },
        },
      ],
    ];
    for (const value of values)
      client.captureException(new Error(`with ${key}`), {
        [key]: value,
        tags: { kept: "yes" },
        ...{ [key]: value },
      } as never);
    const getter = Object.defineProperty({ tags: { kept: "yes" } }, key, { get: trap, enumerable: true });
    client.captureException(new Error(`with ${key}`), getter);
    client.captureException(new Error(`with ${key}`), new Proxy({}, { get: trap, ownKeys: trap }));

    const events = await arrived();
    expect(client.stats()).toMatchObject({ captured: values.length + 2, delivered: values.length + 2 });
    if (key !== "tags")
      expect(events.filter(({ tags }) => tags?.kept === "yes")).toHaveLength(values.length + 1);
    expectBalance(client);
  });

  test("costs nothing and gives an id when nobody listens", () => {
    const { client } = createTestBench({ transport: [] });

    expect(client.captureException(new Error("x"))).toMatch(/^[0-9a-f]{32}$/);
    expect(client.stats().captured).toBe(0);
  });
});

describe("captureMessage()", () => {
  test("is of level info unless said otherwise", async () => {
    const { client, arrived } = createTestBench();
    client.captureMessage("deployed");
    client.captureMessage("disk nearly full", "warning");

    expect((await arrived()).map(({ level, message }) => ({ level, message }))).toEqual([
      { level: "info", message: "deployed" },
      { level: "warning", message: "disk nearly full" },
    ]);
  });

  test("keeps its template, so that one message is one group", async () => {
    const { client, arrived, transport } = createTestBench();

    client.captureMessage("user %s has %d items, 100%%", { params: ["ann", 3] });

    expect((await arrived())[0]?.message).toBe("user ann has 3 items, 100%");
    expect(wireEvent(transport)).toMatchObject({
      logentry: {
        message: "user %s has %d items, 100%%",
        formatted: "user ann has 3 items, 100%",
        params: ["ann", "3"],
      },
    });
  });

  test("loses its template when a hook changes the text, so that what was taken out is out", async () => {
    const { client, arrived, transport } = createTestBench({
      beforeSend: (event) => ({ ...event, message: event.message?.replace("ann", "…") }),
    });

    client.captureMessage("user %s", { params: ["ann"] });
    await arrived();

    expect(wireEvent(transport)).toMatchObject({ logentry: { formatted: "user …" } });
    expect(wireEvent(transport)["logentry"]).not.toHaveProperty("params");
  });

  test("keeps it without what is a secret in its place", async () => {
    const { client, arrived, transport } = createTestBench();

    client.captureMessage("login of %s with password=%s", { params: ["mia", "hunter2-hunter2"] });
    await arrived();

    expect(wireEvent(transport)["logentry"]).toEqual({
      formatted: "login of mia with password=[Filtered]",
      message: "login of %s with password=[Filtered]",
      params: ["mia", "[Filtered]"],
    });
  });
});

describe("hints of other clients", () => {
  test.each<[how: string, hint: unknown]>([
    ["a scope written to", (scope: { setTag(key: string, value: string): void }) => scope.setTag("a", "b")],
    ["captureContext", { captureContext: { tags: { a: "b" } } }],
    ["captureContext as a function", { captureContext: (scope: Scope) => scope.setTags({ a: "b" }) }],
    ["tag", { tag: { a: "b" } }],
  ])("%s", async (_, hint) => {
    const { client, arrived } = createTestBench();

    client.captureException(failure("x"), hint as never);

    expect((await arrived())[0]?.tags).toEqual({ a: "b" });
  });

  test("req: method, URL and headers", async () => {
    const { client, arrived } = createTestBench();

    client.captureException(failure("x"), {
      req: { method: "GET", originalUrl: "/orders?id=7", headers: { accept: "*/*" }, body: { a: 1 } },
    } as never);

    expect((await arrived())[0]?.request).toEqual({
      method: "GET",
      url: "/orders?id=7",
      headers: { accept: "*/*" },
    });
  });

  test("levels by any name, and times in any form", async () => {
    const { client, arrived } = createTestBench();
    const at = Date.UTC(2026, 0, 2, 3, 4, 5);

    for (const timestamp of [at / 1000, at, new Date(at), new Date(at).toISOString()])
      client.scope.addBreadcrumb({ message: "x", level: "WARN" as never, timestamp: timestamp as never });
    client.captureMessage("x", "critical" as never);

    const [event] = await arrived();
    expect(event?.level).toBe("fatal");
    expect(event?.breadcrumbs).toEqual(
      Array.from({ length: 4 }, () => ({ message: "x", level: "warning", timestamp: at / 1000 })),
    );
  });
});

describe("captureEvent()", () => {
  test("completes what it is given", async () => {
    const { client, arrived } = createTestBench();

    const id = client.captureEvent({
      level: "warning",
      message: "from elsewhere",
      tags: { a: "b" },
      timestamp: 1_700_000_000,
    });

    expect((await arrived())[0]).toMatchObject({
      event_id: id,
      timestamp: 1_700_000_000,
      platform: "node",
      level: "warning",
      release: "shop@1.0.0",
      message: "from elsewhere",
      tags: { a: "b" },
    });
  });

  test("takes the log entry and the breadcrumbs of other clients", async () => {
    const { client, arrived, transport } = createTestBench();

    client.captureEvent({
      logentry: { message: "order %s", params: ["7"] },
      breadcrumbs: { values: [{ message: "a step" }] },
    });

    expect((await arrived())[0]).toMatchObject({ message: "order 7", breadcrumbs: [{ message: "a step" }] });
    expect(wireEvent(transport)).toMatchObject({
      logentry: { formatted: "order 7", message: "order %s", params: ["7"] },
      breadcrumbs: { values: [{ message: "a step" }] },
    });
  });
});

/** The first event as a Sentry server receives it. */
function wireEvent({ envelopes }: RecordingTransport): Record<string, unknown> {
  const bytes = encodeEnvelope(envelopes[0]!, { name: "corvid", version: "1" }, 0);
  return JSON.parse(new TextDecoder().decode(bytes).split("\n")[2]!) as Record<string, unknown>;
}

describe("scopes", () => {
  test("give an event what belongs to its request, the innermost winning", async () => {
    const { client, arrived } = createTestBench({ tags: { from: "options", a: "options" } });
    client.scope.setTags({ from: "process", b: "process" });

    withRequestScope(
      (request) => {
        request
          .setTags({ from: "request", c: "request" })
          .setUser({ id: "7" })
          .setTransaction("GET /orders/:id");
        withScope((scope) => {
          scope.setTags({ from: "local", d: "local" });
          client.captureException(failure("x"), { tags: { from: "call" } });
        });
      },
      { client },
    );

    expect((await arrived())[0]).toMatchObject({
      tags: { from: "call", a: "options", b: "process", c: "request", d: "local" },
      user: { id: "7" },
      transaction: "GET /orders/:id",
    });
  });

  test("of concurrent requests never mix", async () => {
    const { client, arrived } = createTestBench({ queueSize: 2000, once: false });
    const request = (n: number): Promise<void> =>
      withRequestScope(
        async (scope) => {
          scope
            .setUser({ id: n })
            .setTag("request", n)
            .addBreadcrumb({ message: `begin ${n}` });
          await new Promise((resolve) => setImmediate(resolve));
          if (n % 3 === 0) await new Promise((resolve) => setTimeout(resolve, n % 7));
          scope.addBreadcrumb({ message: `end ${n}` });
          client.captureException(failure(`request ${n}`));
        },
        { client },
      );

    await Promise.all(Array.from({ length: 1000 }, (_, n) => request(n)));

    const events = await arrived();
    expect(events).toHaveLength(1000);
    for (const { exception, user, tags, breadcrumbs } of events) {
      const n = exception?.values[0]?.value?.replace("request ", "");
      expect({
        id: user?.id,
        tag: tags?.request,
        steps: breadcrumbs?.map(({ message }) => message),
      }).toEqual({
        id: n,
        tag: n,
        steps: [`begin ${n}`, `end ${n}`],
      });
    }
  });

  test("of a request begin with the breadcrumbs of the process and keep their own", async () => {
    const { client, arrived } = createTestBench({ maxBreadcrumbs: 3 });
    client.scope.addBreadcrumb({ message: "started" });

    withRequestScope(
      (request) => {
        client.scope.addBreadcrumb({ message: "of somebody else" });
        request.addBreadcrumb({ message: "begun" });
        withScope((scope) => {
          scope.addBreadcrumb({ message: "inner" });
          client.captureException(failure("x"));
        });
      },
      { client },
    );

    expect((await arrived())[0]?.breadcrumbs?.map(({ message }) => message)).toEqual([
      "started",
      "begun",
      "inner",
    ]);
  });
});

describe("hooks", () => {
  test("see the live error and have the last say", async () => {
    const seen: unknown[] = [];
    const { client, arrived } = createTestBench({
      processors: [(event) => ({ ...event, tags: { ...event.tags, step: "processor" } })],
      beforeSend: (event, { originalException }) => {
        seen.push(originalException);
        return event.tags?.drop === "me" ? null : event;
      },
    });
    const [kept, dropped] = [failure("kept"), failure("dropped")];
    client.captureException(kept);
    client.captureException(dropped, { tags: { drop: "me" } });

    expect((await arrived()).map(({ tags }) => tags)).toEqual([{ step: "processor" }]);
    expect(seen).toEqual([kept, dropped]);
    expect(client.stats()).toMatchObject({ delivered: 1, dropped: { before_send: 1 } });
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("hook");
      },
      /beforeSend: the event was dropped: .* received an exception: Error: hook/,
    ],
    ["returns a promise", async () => null, /at once, received a promise/],
    ["returns nothing", () => undefined, /at once, received nothing/],
    ["returns a text", () => "event", /at once, received a string/],
  ])("drop the event and say so when one %s", async (_what, beforeSend, warning) => {
    const { client, arrived, said } = createTestBench({ beforeSend: beforeSend as never });

    client.captureException(failure("x"));

    expect(await arrived()).toEqual([]);
    expect(client.stats().dropped).toEqual({ before_send: 1 });
    expect(said.join("")).toMatch(warning);
    expectBalance(client);
  });
});

describe("the gate", () => {
  test("leaves out what ignoreErrors names, before any cost", async () => {
    class Quiet extends Error {}
    const { client, arrived } = createTestBench({ ignoreErrors: ["ECONNRESET", /^Type.*: no$/, Quiet] });
    const quiet = new Quiet("any");
    for (const error of [failure("read ECONNRESET"), new TypeError("no"), quiet, quiet, new TypeError("yes")])
      client.captureException(error);

    expect((await arrived()).map(({ exception }) => exception?.values[0]?.value)).toEqual(["yes"]);
    expect(client.stats()).toMatchObject({ captured: 5, merged: 1, dropped: { ignored: 3 } });
    expectBalance(client);
  });

  test("samples", async () => {
    const rolls = [0.1, 0.9, 0.2, 0.3];
    const { client, arrived } = createTestBench({ sampleRate: 0.25 }, { random: () => rolls.shift() ?? 1 });
    for (const n of ["a", "b", "c", "d"]) client.captureMessage(n);

    expect((await arrived()).map(({ message }) => message)).toEqual(["a", "c"]);
    expect(client.stats().dropped).toEqual({ sample_rate: 2 });
  });
});

describe("configure()", () => {
  test("switches reporting off and on", async () => {
    const { client, arrived } = createTestBench();
    client.configure({ enabled: false });
    client.captureMessage("unheard");
    client.configure({ enabled: true });
    client.captureMessage("heard");

    expect((await arrived()).map(({ message }) => message)).toEqual(["heard"]);
    expect(() => client.configure({ sampleRate: 2 })).toThrow(
      "Invalid option configure.sampleRate: expected a number from 0 to 1, received 2",
    );
    expect(() => client.configure({ samplerate: 0.5 } as never)).toThrow("did you mean sampleRate?");
  });
});

describe("close()", () => {
  test("sends what waits, undoes integrations and leaves a no-op", async () => {
    const did: string[] = [];
    const integration = {
      name: "probe",
      setup: () => {
        did.push("up");
        return () => {
          did.push("down");
        };
      },
    };
    const { client, transport, clock } = createTestBench({ integrations: [integration] });
    client.captureException(failure("last"));

    expect(await client.close()).toBe(true);
    client.captureException(failure("too late"));
    expect(await client.close()).toBe(true);

    expect(transport.events).toHaveLength(1);
    expect(did).toEqual(["up", "down"]);
    expect(client.stats().captured).toBe(1);
    expect(clock.pending).toBe(0);
  });
});
