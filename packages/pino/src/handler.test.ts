import { type EventEmitter, once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { captureException, captureMessage, withRequestScope, wrap } from "@corvid/core";
import { withCapturedEvents } from "@corvid/core/testing";
import { type LoggerOptions, pino as pino10 } from "pino";
import { pino as pino9 } from "pino-9";
import { describe, expect, test } from "vitest";
import { type HandlerOptions, handler } from "./index.js";

type Pino = typeof pino10;
type Logger = pino10.Logger;
type CapturedEvents = Awaited<ReturnType<typeof withCapturedEvents>>;

const majors: [string, Pino][] = [
  ["pino 9", pino9 as unknown as Pino],
  ["pino 10", pino10],
];

const values = (events: CapturedEvents): (string | undefined)[] =>
  events.map(({ exception, message }) => exception?.values.at(-1)?.value ?? message);

test("handler() fits the types of both majors", () => {
  const hooks = { logMethod: undefined };

  expect(pino9({ enabled: false, hooks: handler({ hooks }) }).level).toBe("silent");
  expect(pino10({ enabled: false, hooks: handler({ hooks }) }).level).toBe("silent");
});

test("handler() refuses options that it does not have, and hooks that were not made", () => {
  const misspelt = { captureLevle: "warn" } as object;

  expect(() => handler(misspelt)).toThrow("did you mean captureLevel?");
  expect(() => pino10({ hooks: handler as never })).toThrow("expected handler(), received handler: call it");
  expect(() => pino9({ hooks: handler as never })).toThrow("expected handler(), received handler: call it");
});

describe.each(majors)("handler() with %s", (_, pino) => {
  /** A logger attached to Corvid, and the lines it writes. */
  function attached(
    options: Omit<LoggerOptions, "hooks"> = {},
    corvid?: HandlerOptions,
  ): { log: Logger; lines: string[] } {
    const lines: string[] = [];
    const log = pino({ ...options, hooks: handler(corvid) }, { write: (line) => void lines.push(line) });
    return { log, lines };
  }

  /** The events of what is logged to an attached logger. */
  function eventsOf(
    run: (log: Logger) => void,
    options?: Omit<LoggerOptions, "hooks">,
    corvid?: HandlerOptions,
  ): Promise<CapturedEvents> {
    return withCapturedEvents(() => run(attached(options, corvid).log));
  }

  describe("finds the live error", () => {
    const error = Object.assign(new TypeError("no price", { cause: new Error("no catalogue") }), {
      code: "E7",
    });

    test.each<[string, (log: Logger) => void, Omit<LoggerOptions, "hooks">?]>([
      ["log.error(err)", (log) => log.error(error)],
      ["log.error(err, text)", (log) => log.error(error, "cannot pay")],
      ["log.error({ err }, text)", (log) => log.error({ err: error }, "cannot pay")],
      ["log.error({ error }, text)", (log) => log.error({ error }, "cannot pay")],
      ["log.error({ exception })", (log) => log.error({ exception: error })],
      ["the logger's errorKey", (log) => log.error({ problem: error }, "x"), { errorKey: "problem" }],
      ["log.error({ err: { cause } })", (log) => log.error({ err: { cause: error } }, "cannot pay")],
      ["log.error(text, err)", (log) => log.error("cannot pay %s", error)],
      ["log.error(fields, text, err)", (log) => log.error({ sku: 1 }, "cannot pay %s", error)],
    ])("in %s", async (_call, run, options) => {
      const events = await eventsOf(run, options);

      expect(events).toHaveLength(1);
      expect(events[0]?.exception?.values.map(({ type, value }) => [type, value])).toEqual([
        ["Error", "no catalogue"],
        ["TypeError", "no price"],
      ]);
      expect(events[0]?.exception?.values.at(-1)?.stacktrace?.frames.at(-1)?.filename).toMatch(
        /handler\.test\.ts$/,
      );
      expect(events[0]?.contexts?.TypeError).toEqual({ code: "E7" });
      expect(events[0]?.extra ?? {}).not.toHaveProperty("err");
    });
  });

  test("puts the line, the child's bindings and the record's fields on the event", async () => {
    const [event] = await eventsOf(
      (log) => {
        const child = log
          .child({ tenant: "acme", reqId: "r-1" }, { msgPrefix: "[pay] " })
          .child({ cart: { items: 2 } });
        child.error({ err: new Error("declined"), sku: "A-1" }, "cannot pay %s", "now");
      },
      { name: "shop" },
    );

    expect(event?.tags).toEqual({ tenant: "acme", request_id: "r-1" });
    expect(event?.extra).toEqual({ cart: { items: 2 }, sku: "A-1" });
    expect(event?.contexts?.log).toEqual({ logger: "shop", level: "error", message: "[pay] cannot pay now" });
    expect(event?.exception?.values[0]?.mechanism).toEqual({ type: "auto.log.pino", handled: true });
  });

  test("sees bindings that were added later", async () => {
    const [event] = await eventsOf((log) => {
      const child = log.child({ tenant: "acme" });
      child.info("first");
      child.setBindings({ region: "eu" });
      child.error("second");
    });

    expect(event?.tags).toEqual({ tenant: "acme", region: "eu" });
  });

  test("captures a text, and groups by its template", async () => {
    const unused = ["unused"] as unknown as [];
    const [plain, template] = await eventsOf((log) => {
      log.error("till is empty");
      log.error({ till: 3 }, "order %d of %s failed %o", 7, "acme", { card: "4111" }, ...unused);
    });

    expect(plain?.message).toBe("till is empty");
    expect(template?.message).toBe("order 7 of acme failed [Object]");
    expect(template?.extra).toEqual({ till: 3 });
  });

  test("maps levels: fatal, custom ones by their number, known names by their name", async () => {
    const events = await withCapturedEvents(() => {
      const lines: string[] = [];
      const log = pino(
        { customLevels: { audit: 55, panic: 70, chatty: 35 }, hooks: handler() },
        { write: (line) => void lines.push(line) },
      );
      log.fatal("fatal");
      log.audit("audit");
      log.panic("panic");
      log.chatty("chatty");
    });

    expect(events.map(({ level, contexts }) => [level, contexts?.log?.level])).toEqual([
      ["fatal", "fatal"],
      ["error", "audit"],
      ["fatal", "panic"],
    ]);
  });

  test("keeps lines below the capture level as breadcrumbs, with their fields alone", async () => {
    const [event] = await eventsOf(
      (log) => {
        const child = log.child({ tenant: "acme" });
        child.info({ cart: 3 }, "cart opened");
        child.warn({ err: new RangeError("slow") }, "retrying");
        child.info("plain");
        child.error("now");
      },
      { name: "shop" },
    );

    const timestamp = expect.any(Number);
    expect(event?.breadcrumbs).toEqual([
      { timestamp, category: "shop", level: "info", message: "cart opened", data: { cart: 3 } },
      {
        timestamp,
        category: "shop",
        level: "warning",
        message: "retrying",
        data: { error: "RangeError: slow" },
      },
      { timestamp, category: "shop", level: "info", message: "plain" },
    ]);
  });

  test("takes captureLevel and breadcrumbLevel", async () => {
    const events = await eventsOf(
      (log) => {
        log.info("no crumb");
        log.warn("an event");
      },
      {},
      { captureLevel: "warn", breadcrumbLevel: false },
    );

    expect(values(events)).toEqual(["an event"]);
    expect(events[0]?.breadcrumbs).toBeUndefined();
    expect(() => handler({ captureLevel: "loud" as never })).toThrow("captureLevel");
  });

  test("reports nothing that pino does not write", async () => {
    const events = await withCapturedEvents(() => {
      const { log, lines } = attached({ level: "silent" });
      log.error(new Error("unheard"));
      log.child({}, { level: "fatal" }).error("unheard");
      expect(lines).toEqual([]);
      log.level = "info";
      log.debug("unheard");
      captureMessage("later");
    });

    expect(values(events)).toEqual(["later"]);
    expect(events[0]?.breadcrumbs).toBeUndefined();
  });

  test("shows what redact and serializers made of fields, bindings and texts, and runs them once", async () => {
    let runs = 0;
    const [event] = await eventsOf(
      (log) => {
        const child = log.child({ owner: { iban: "DE00" } });
        child.info({ iban: "DE00" }, "crumb %o", { iban: "DE00" });
        child.error({ iban: "DE00", cart: { total: 7 } }, "failed %o", { iban: "DE00" });
      },
      {
        redact: ["iban", "owner.iban"],
        serializers: {
          cart: ({ total }: { total: number }) => {
            runs++;
            return `cart of ${total}`;
          },
        },
      },
    );

    expect(event?.extra).toEqual({ owner: { iban: "[Redacted]" }, iban: "[Redacted]", cart: "cart of 7" });
    expect(event?.breadcrumbs?.[0]?.data).toEqual({ iban: "[Redacted]" });
    expect(JSON.stringify(event)).not.toContain("DE00");
    expect(runs).toBe(1);
  });

  test("shows a redacted text as it is, not its template", async () => {
    const [event] = await eventsOf((log) => log.error("card %s", "4929"), { redact: ["msg"] });

    expect(event?.message).toBe("[Redacted]");
  });

  test("reads lines of any make: messageKey, nestedKey, mixin, formatters, base: null, no timestamp", async () => {
    const events = await withCapturedEvents(() => {
      const run = (options: Omit<LoggerOptions, "hooks">): void => {
        attached(options).log.child({ tenant: "acme" }).error({ sku: 1 }, "made");
      };
      run({ messageKey: "message" });
      run({ nestedKey: "payload" });
      run({ mixin: () => ({ trace: "t-1" }) });
      run({
        formatters: { level: (label) => ({ severity: label }), log: (fields) => ({ ...fields, more: 2 }) },
      });
      run({ base: null, timestamp: false });
      attached({ base: null }).log.error({ sku: 1 }, "made");
      attached({ crlf: true }).log.error("made");
    });

    expect(values(events)).toEqual(Array<string>(7).fill("made"));
    expect(events.map(({ contexts }) => contexts?.log?.message)).toEqual(Array<string>(7).fill("made"));
    expect(events.map(({ extra }) => extra ?? {})).toEqual([
      { sku: 1 },
      { sku: 1 },
      { sku: 1, trace: "t-1" },
      { sku: 1, more: 2 },
      { sku: 1 },
      { sku: 1 },
      {},
    ]);
  });

  test("captures a line too long to be taken apart, without its fields", async () => {
    const [event] = await eventsOf((log) => {
      log.error({ err: new Error("large"), blob: "x".repeat(1_000_000) }, "too much");
    });

    expect(event?.exception?.values[0]?.value).toBe("large");
    expect(event?.contexts?.log?.message).toBe("too much");
    expect(event?.extra?.line).toMatch(/^\[\d+ characters\]$/);
  });

  describe("writes the line as without Corvid", () => {
    const error = new Error("declined");
    error.stack = "Error: declined\n    at pay (/srv/shop.js:1:2)";
    const hostile = new Proxy({}, { get: () => undefined });
    const calls: [string, (log: Logger) => void][] = [
      ["a text", (log) => log.info("text")],
      ["a template", (log) => log.error("a %s b %d c %j %%", "x", 1, { y: 2 })],
      ["an error", (log) => log.error(error)],
      ["fields", (log) => log.error({ err: error, deep: { a: [1, 2] } }, "m")],
      ["a child", (log) => log.child({ a: 1 }, { msgPrefix: "> " }).warn({ b: 2 }, "m")],
      ["nothing", (log) => (log as unknown as { error(): void }).error()],
      [
        "null and undefined",
        (log) => {
          log.error(null as never);
          log.error(undefined as never, "m" as never);
        },
      ],
      ["a number", (log) => log.error(7 as never)],
      ["a proxy", (log) => log.error({ hostile }, "m")],
      ["a fatal line", (log) => log.fatal({ a: 1 }, "m")],
    ];
    const options: [string, LoggerOptions][] = [
      ["by default", {}],
      ["redacted", { redact: ["b", "deep.a"] }],
      ["nested", { nestedKey: "payload", messageKey: "message", name: "shop" }],
      ["bare", { base: null, crlf: true }],
    ];

    test.each(
      options.flatMap(([how, opts]) => calls.map(([what, call]) => [what, how, call, opts] as const)),
    )("%s, %s", async (_what, _how, call, opts) => {
      const plain: string[] = [];
      call(pino({ timestamp: () => ',"time":1', ...opts }, { write: (line) => void plain.push(line) }));
      const { log, lines } = attached({ timestamp: () => ',"time":1', ...opts });

      await withCapturedEvents(() => call(log));
      call(log);

      expect(lines).toEqual([...plain, ...plain]);
    });

    test("also when every hook of Corvid's fails", async () => {
      const { log, lines } = attached();
      const fail = (): never => {
        throw new Error("hook");
      };

      await withCapturedEvents(
        () => {
          log.info("first");
          log.error(new Error("second"));
        },
        { beforeSend: fail, beforeBreadcrumb: fail, processors: [fail] },
      );

      expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["first", "second"]);
    });

    test("and lets an error of pino's own destination pass, the event is made all the same", async () => {
      const events = await withCapturedEvents(() => {
        const log = pino(
          { hooks: handler() },
          {
            write() {
              throw new Error("disk full");
            },
          },
        );
        expect(() => log.error("the line")).toThrow("disk full");
      });

      expect(values(events)).toEqual(["the line"]);
    });
  });

  test("puts the event's id into the line on request, and into no other line", async () => {
    let lines: string[] = [];
    const events = await withCapturedEvents(() => {
      const { log, lines: written } = attached({ crlf: true }, { eventIdKey: "event_id" });
      lines = written;
      log.error(new Error("first"));
      log.error("second");
      log.info("third");
    });

    expect(lines.map((line) => JSON.parse(line).event_id)).toEqual([
      events[0]?.event_id,
      events[1]?.event_id,
      undefined,
    ]);
    expect(lines.every((line) => line.endsWith("}\r\n"))).toBe(true);
  });

  describe("leaves the application's own hooks in place", () => {
    test("logMethod: what it passes on is what is reported, the live error included", async () => {
      let receivedThis: unknown;
      const events = await withCapturedEvents(() => {
        const { log } = attached(
          {},
          {
            hooks: {
              logMethod(args, method) {
                receivedThis = this;
                const [text, error] = args as unknown as [string, Error];
                method.apply(this, [{ problem: String(error) }, `${text}!`] as never);
              },
            },
          },
        );
        (log as unknown as { error(...args: unknown[]): void }).error("cannot pay", new Error("declined"));
        expect(receivedThis).toBe(log);
      });

      expect(values(events)).toEqual(["declined"]);
      expect(events[0]?.extra).toEqual({ problem: "Error: declined" });
      expect(events[0]?.contexts?.log?.message).toBe("cannot pay!");
    });

    test("logMethod: what it holds back is not reported", async () => {
      const events = await withCapturedEvents(() => {
        const { log, lines } = attached({}, { hooks: { logMethod() {} } });
        log.error("held back");
        expect(lines).toEqual([]);
      });

      expect(events).toEqual([]);
    });

    test("streamWrite: its result is written and reported", async () => {
      const events = await withCapturedEvents(() => {
        const { log, lines } = attached(
          {},
          { hooks: { streamWrite: (line) => line.replaceAll("DE00", "****") }, eventIdKey: "event_id" },
        );
        log.child({ tenant: "acme", plate: "DE00" }).error({ account: "DE00" }, "failed for %s", "DE00");
        expect(lines[0]).toContain('"account":"****"');
        expect(JSON.parse(lines[0] ?? "")).toHaveProperty("event_id");
      });

      expect(events[0]).toMatchObject({
        tags: { tenant: "acme", plate: "****" },
        extra: { account: "****" },
        message: "failed for ****",
      });
      expect(JSON.stringify(events)).not.toContain("DE00");
    });
  });

  test("keeps lines apart that a serializer or a destination logs in between", async () => {
    const events = await withCapturedEvents(() => {
      const lines: string[] = [];
      const log: Logger = pino(
        {
          hooks: handler(),
          serializers: {
            cart(cart: { id: number }) {
              log.error({ inner: true }, "in the serializer");
              return cart.id;
            },
          },
        },
        {
          write(line) {
            lines.push(line);
            if (line.includes("outer")) log.error({ after: true }, "in the destination");
          },
        },
      );
      log.error({ cart: { id: 7 } }, "outer");
    });

    expect(events.map(({ message, extra }) => [message, extra])).toEqual([
      ["in the serializer", { inner: true }],
      ["in the destination", { after: true }],
      ["outer", { cart: 7 }],
    ]);
  });

  test("works with multistream: every destination gets its level's lines", async () => {
    const all: string[] = [];
    const errors: string[] = [];

    const events = await withCapturedEvents(() => {
      const log = pino(
        { hooks: handler() },
        pino.multistream([
          { level: "info", stream: { write: (line: string) => void all.push(line) } },
          { level: "error", stream: { write: (line: string) => void errors.push(line) } },
        ]),
      );
      log.info("fine");
      log.error("broken");
    });

    expect([all.length, errors.length]).toEqual([2, 1]);
    expect(values(events)).toEqual(["broken"]);
  });

  test("works with transports in a worker thread", async () => {
    const folder = mkdtempSync(join(tmpdir(), "corvid-pino-"));
    const file = join(folder, "log");
    const transport: EventEmitter & { end(): void } = pino.transport({
      target: "pino/file",
      options: { destination: file },
    });

    const events = await withCapturedEvents(async () => {
      const log = pino({ hooks: handler() }, transport as never);
      log.info("first");
      log.error(new Error("declined"), "cannot pay");
      const closed = once(transport, "close");
      transport.end();
      await closed;
    });
    const lines = readFileSync(file, "utf8").trim().split("\n");
    rmSync(folder, { recursive: true });

    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["first", "cannot pay"]);
    expect(values(events)).toEqual(["declined"]);
  });

  test("keeps requests apart", async () => {
    const events = await withCapturedEvents(() => {
      const { log } = attached();
      const serve = (id: string): Promise<void> =>
        withRequestScope(async (scope) => {
          scope.setTag("route", id);
          log.info(`begin ${id}`);
          await null;
          log.error(new Error(`failed ${id}`));
        });
      return Promise.all([serve("a"), serve("b")]);
    });

    expect(events.map(({ tags }) => tags?.route)).toEqual(["a", "b"]);
    expect(events.map(({ breadcrumbs }) => breadcrumbs?.map(({ message }) => message))).toEqual([
      ["begin a"],
      ["begin b"],
    ]);
  });

  test("makes a failure one event that is logged, wrapped and reported", async () => {
    const events = await withCapturedEvents(
      () => {
        const { log } = attached();
        const pay = wrap(async () => {
          const error = new Error("declined");
          log.child({ tenant: "acme" }).error({ err: error, sku: "A-1" }, "cannot pay");
          throw error;
        });
        return withRequestScope(() => pay().catch((error: unknown) => captureException(error)));
      },
      { once: { mergeMs: 1000 } },
    );

    expect(values(events)).toEqual(["declined"]);
    expect(events[0]).toMatchObject({ tags: { tenant: "acme" }, extra: { sku: "A-1" } });
  });

  test("leaves the log alone without a client", () => {
    const { log, lines } = attached({}, { eventIdKey: "event_id" });
    log.error(new Error("unreported"));

    expect(JSON.parse(lines[0] ?? "")).not.toHaveProperty("event_id");
  });
});
