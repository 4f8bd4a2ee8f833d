import { describe, expect, test } from "vitest";
import { addBreadcrumb, captureException, captureMessage } from "../context/api.js";
import { getScope, withRequestScope } from "../context/current.js";
import type { Event } from "../model/event.js";
import { severityOf } from "../model/levels.js";
import { unobserved } from "../process/hook-guard.js";
import { withCapturedEvents } from "../testing.js";
import { createLogRule, findLoggedError, type LogRecord, type LogRuleOptions } from "./log-record.js";

const ERROR = severityOf("error");
const INFO = severityOf("info");

/** The events of one record. */
function eventsOf(
  record: LogRecord,
  severity: number = ERROR,
  options?: LogRuleOptions,
): Promise<readonly Event[]> {
  return withCapturedEvents(() => void createLogRule("test", options).report(severity, () => record));
}

/** The breadcrumbs of one record, as a later event shows them. */
async function crumbsOf(
  record: LogRecord,
  severity: number = INFO,
  options?: LogRuleOptions,
): Promise<unknown> {
  const [event] = await withCapturedEvents(() => {
    createLogRule("test", options).report(severity, () => record);
    captureMessage("later");
  });
  return event?.breadcrumbs;
}

describe("severityOf()", () => {
  test.each([
    ["trace", 10],
    ["debug", 20],
    ["info", 30],
    ["warn", 40],
    ["warning", 40],
    ["error", 50],
    ["fatal", 60],
    ["verbose", 20],
    ["crit", 60],
  ])("knows %s by its name, whatever its number", (name, severity) => {
    expect(severityOf(name, 3)).toBe(severity);
  });

  test("takes the number of names it does not know, else info", () => {
    expect(severityOf("audit", 35)).toBe(35);
    expect(severityOf("audit")).toBe(30);
    expect(severityOf(undefined, 50)).toBe(50);
    expect(severityOf("constructor", 45)).toBe(45);
  });
});

describe("createLogRule()", () => {
  test.each<[string, LogRuleOptions, readonly string[]]>([
    ["by default", {}, ["breadcrumb", "breadcrumb", "breadcrumb", "breadcrumb", "event", "event"]],
    [
      "captureLevel: warn",
      { captureLevel: "warn" },
      ["breadcrumb", "breadcrumb", "breadcrumb", "event", "event", "event"],
    ],
    ["captureLevel: false", { captureLevel: false }, Array<string>(6).fill("breadcrumb")],
    [
      "breadcrumbLevel: warn",
      { breadcrumbLevel: "warn" },
      ["ignore", "ignore", "ignore", "breadcrumb", "event", "event"],
    ],
    [
      "breadcrumbLevel: false",
      { breadcrumbLevel: false },
      ["ignore", "ignore", "ignore", "ignore", "event", "event"],
    ],
    [
      "numbers",
      { captureLevel: 60, breadcrumbLevel: 50 },
      ["ignore", "ignore", "ignore", "ignore", "breadcrumb", "event"],
    ],
  ])("decides %s", async (_, options, fates) => {
    const rule = createLogRule("test", options);
    let decided: string[] = [];

    await withCapturedEvents(() => {
      decided = [10, 20, 30, 40, 50, 60].map((severity) => rule.fate(severity));
    });

    expect(decided).toEqual(fates);
  });

  test("leaves everything alone without a client, unread", () => {
    const rule = createLogRule("test");
    const unread = (): never => {
      throw new Error("read");
    };

    expect(rule.fate(ERROR)).toBe("ignore");
    expect(rule.report(ERROR, unread)).toBeUndefined();
  });

  test.each([["loud"], [Number.NaN], [true]])(
    "throws for %s as a level, saying what it expected",
    (level) => {
      expect(() => createLogRule("test", { captureLevel: level as never })).toThrow(
        /Invalid option captureLevel: expected trace, .*, a number or false, received/,
      );
      expect(() => createLogRule("test", { breadcrumbLevel: level as never })).toThrow("breadcrumbLevel");
    },
  );
});

describe("LogRule.report() of a record with an error", () => {
  test("captures the error, with the line and its facts", async () => {
    const [event, ...more] = await eventsOf({
      logger: "shop",
      level: "error",
      message: "cannot pay",
      error: new TypeError("no price"),
      errorKey: "err",
      bindings: { tenant: "acme" },
      fields: { err: "not again", sku: "A-1" },
    });

    expect(more).toEqual([]);
    expect(event?.exception?.values[0]).toMatchObject({
      type: "TypeError",
      value: "no price",
      mechanism: { type: "auto.log.test", handled: true },
    });
    expect(event?.level).toBe("error");
    expect(event?.contexts?.log).toEqual({ logger: "shop", level: "error", message: "cannot pay" });
    expect(event?.tags).toMatchObject({ tenant: "acme" });
    expect(event?.extra).toEqual({ sku: "A-1" });
    expect(event?.message).toBeUndefined();
  });

  test.each(["err", "error", "exception"])("finds it under %s", async (key) => {
    const [event] = await eventsOf({ message: "failed", fields: { [key]: new Error("found") } });

    expect(event?.exception?.values[0]?.value).toBe("found");
    expect(event?.extra ?? {}).toEqual({});
  });

  test("finds it as the cause of what is no error", () => {
    const cause = new Error("inside");

    expect(findLoggedError({ err: { cause } })).toEqual({ error: cause, errorKey: "err" });
    expect(findLoggedError({ err: "text", error: cause })).toEqual({ error: cause, errorKey: "error" });
    expect(findLoggedError({ err: null })).toBeUndefined();
    expect(findLoggedError("text")).toBeUndefined();
  });

  test.each([
    [60, "fatal"],
    [55, "error"],
    [50, "error"],
    [40, "warning"],
    [30, "info"],
    [10, "debug"],
  ])("maps severity %d to %s", async (severity, level) => {
    const [event] = await eventsOf({ error: new Error("x") }, severity, { captureLevel: "trace" });

    expect(event?.level).toBe(level);
  });

  test("is the same event when the error was reported before or is reported after", async () => {
    const rule = createLogRule("test");
    const error = new Error("once");
    const ids: unknown[] = [];

    const events = await withCapturedEvents(
      () =>
        withRequestScope(() => {
          ids.push(captureException(error));
          ids.push(rule.report(ERROR, () => ({ message: "by log", error })));
          ids.push(captureException(error));
        }),
      { once: { mergeMs: 1000 } },
    );

    expect(events).toHaveLength(1);
    expect(ids).toEqual([events[0]?.event_id, events[0]?.event_id, events[0]?.event_id]);
    expect(events[0]?.contexts?.log).toEqual({ message: "by log" });
  });
});

describe("LogRule.report() of a record without an error", () => {
  test("captures the message", async () => {
    const [event] = await eventsOf({ logger: "shop", level: "fatal", message: "till is empty" }, 60);

    expect(event).toMatchObject({ level: "fatal", logger: "shop", message: "till is empty" });
    expect(event?.contexts?.log).toEqual({ logger: "shop", level: "fatal", message: "till is empty" });
  });

  test("groups by the template when there is one", async () => {
    const [event] = await eventsOf({ message: "order 7 failed", template: "order %d failed", params: [7] });

    expect(event?.message).toBe("order 7 failed");
  });

  test("says so when there is no message either", async () => {
    const [event] = await eventsOf({ fields: { code: 7 } });

    expect(event?.message).toBe("(no message)");
    expect(event?.extra).toEqual({ code: 7 });
  });
});

describe("LogRule.report() sorts what a record carries", () => {
  test("short plain bindings become tags, the others extra", async () => {
    const [event] = await eventsOf({
      message: "m",
      bindings: {
        tenant: "acme",
        shard: 7,
        canary: false,
        empty: "",
        long: "x".repeat(65),
        lines: "a\nb",
        nothing: null,
        list: ["a"],
        "not a tag name": "v",
        [`k${"x".repeat(32)}`]: "v",
        apiKey: "s3cr3t-value",
      },
    });

    expect(event?.tags).toEqual({ tenant: "acme", shard: "7", canary: "false" });
    expect(Object.keys(event?.extra ?? {})).toEqual([
      "empty",
      "long",
      "lines",
      "list",
      "not a tag name",
      `k${"x".repeat(32)}`,
      "apiKey",
    ]);
    expect(JSON.stringify(event)).not.toContain("s3cr3t-value");
  });

  test.each<[string, LogRecord]>([
    ["reqId", { bindings: { reqId: "r-1" } }],
    ["requestId", { fields: { requestId: "r-1" } }],
    ["req.id", { bindings: { req: { id: "r-1", remoteAddress: "192.0.2.1", headers: { cookie: "c" } } } }],
  ])("the request's id becomes a tag, nothing else of the request stays (%s)", async (_, record) => {
    const [event] = await eventsOf({ message: "m", ...record });

    expect(event?.tags).toEqual({ request_id: "r-1" });
    expect(event?.extra ?? {}).toEqual({});
  });

  test("req and res are not taken", async () => {
    const [event] = await eventsOf({
      message: "m",
      fields: { req: { remoteAddress: "192.0.2.1" }, res: { headers: {} }, responseTime: 12 },
    });

    expect(event?.extra).toEqual({ responseTime: 12 });
    expect(JSON.stringify(event)).not.toContain("192.0.2.1");
  });

  test("nothing of a record is left in the scope", async () => {
    const events = await withCapturedEvents(() =>
      withRequestScope(() => {
        createLogRule("test").report(ERROR, () => ({
          message: "first",
          bindings: { tenant: "acme" },
          fields: { card: "n" },
        }));
        expect(getScope().snapshot()).toMatchObject({ tags: {}, extra: {}, contexts: {} });
        captureMessage("second");
      }),
    );

    expect(events[1]?.tags ?? {}).toEqual({});
    expect(events[1]?.extra ?? {}).toEqual({});
    expect(events[1]?.contexts).not.toHaveProperty("log");
  });
});

describe("LogRule.report() of a record below the capture level", () => {
  test("leaves a breadcrumb", async () => {
    const crumbs = await crumbsOf({
      logger: "shop",
      message: "cart opened",
      time: 1_700_000_000_500,
      bindings: { tenant: "acme" },
      fields: { cart: 3, req: { id: 1 }, reqId: "r-1" },
    });

    expect(crumbs).toEqual([
      {
        timestamp: 1_700_000_000.5,
        category: "shop",
        message: "cart opened",
        level: "info",
        data: { cart: 3 },
      },
    ]);
  });

  test("has the category log without a logger's name, and an error in short", async () => {
    const crumbs = await crumbsOf(
      { message: "retrying", fields: { err: new RangeError("busy"), attempt: 2 } },
      severityOf("warn"),
    );

    expect(crumbs).toEqual([
      {
        timestamp: expect.any(Number),
        category: "log",
        message: "retrying",
        level: "warning",
        data: { attempt: 2, error: "RangeError: busy" },
      },
    ]);
  });

  test("keeps no live object", async () => {
    const cart = { items: ["A-1"] };
    const [event] = await withCapturedEvents(() => {
      createLogRule("test").report(INFO, () => ({ message: "m", fields: { cart } }));
      cart.items.push("changed later");
      captureMessage("later");
    });

    expect(event?.breadcrumbs?.[0]?.data).toEqual({ cart: { items: ["A-1"] } });
  });
});

describe("LogRule.report() never makes a second problem", () => {
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error("hands off");
      },
      ownKeys() {
        throw new Error("hands off");
      },
    },
  );
  const throwing = Object.defineProperty({ fine: 1 }, "bad", {
    enumerable: true,
    get() {
      throw new Error("getter");
    },
  });

  test.each<[string, LogRecord]>([
    ["a hostile proxy", { message: "m", fields: hostile, bindings: hostile, error: hostile }],
    ["a proxy among the fields", { message: "m", fields: { hostile } }],
    ["wrong types", { message: 7, logger: {}, fields: 7, bindings: "text", params: 7 } as never],
    ["symbols and functions", { message: "m", fields: { s: Symbol("s"), f: () => 1, b: 10n } }],
  ])("with %s", async (_, record) => {
    const rule = createLogRule("test");

    await withCapturedEvents(() => {
      expect(() => rule.report(ERROR, () => record)).not.toThrow();
      expect(() => rule.report(INFO, () => record)).not.toThrow();
    });
  });

  test("a throwing getter costs its own field", async () => {
    const [event] = await eventsOf({ message: "m", fields: throwing });

    expect(event?.extra).toEqual({ fine: 1 });
  });

  test("a record that cannot be read is none", async () => {
    const events = await withCapturedEvents(() => {
      const id = createLogRule("test").report(ERROR, () => {
        throw new Error("unreadable");
      });
      expect(id).toBeUndefined();
    });

    expect(events).toEqual([]);
  });

  test("a huge record is cut", async () => {
    const fields = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, index) => [`field${index}`, "x".repeat(10_000)]),
    );

    const [event] = await eventsOf({ message: "m", fields });

    expect(JSON.stringify(event?.extra).length).toBeLessThan(300_000);
    expect(event?.message).toBe("m");
  });

  test("what hooks log is left alone, while they run", async () => {
    const rule = createLogRule("test");
    const events = await withCapturedEvents(() => {
      unobserved(() => {
        expect(rule.fate(ERROR)).toBe("ignore");
        rule.report(ERROR, () => ({ message: "from a hook" }));
      });
      rule.report(ERROR, () => ({ message: "from the application" }));
    });

    expect(events.map(({ message }) => message)).toEqual(["from the application"]);
  });

  test("a beforeBreadcrumb that logs does not go round in circles", async () => {
    const rule = createLogRule("test");
    let calls = 0;

    await withCapturedEvents(
      () => {
        addBreadcrumb({ message: "by hand" });
        rule.report(INFO, () => ({ message: "by log" }));
      },
      {
        beforeBreadcrumb(crumb) {
          calls++;
          rule.report(INFO, () => ({ message: "logged in beforeBreadcrumb" }));
          return crumb;
        },
      },
    );

    expect(calls).toBe(3);
  });
});
