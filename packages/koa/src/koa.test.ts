import http from "node:http";
import { Readable } from "node:stream";
import {
  addBreadcrumb,
  type CaptureTarget,
  Client,
  captureException,
  close,
  lastEventId,
  setTag,
  setUser,
} from "@corvid/core";
import * as Boom from "@hapi/boom";
import Router from "@koa/router";
import Koa3 from "koa";
// @ts-expect-error: has no types of its own; used as Koa 3, whose types accept what both take
import Koa2 from "koa-2";
import { describe, expect, test } from "vitest";
import { httpApplications } from "../../core/test/support/http-application.js";
import { requestHandler } from "./index.js";

const applications = httpApplications();
const { start, onlyEvent } = applications;

describe.each([
  ["koa 3", Koa3],
  ["koa 2", Koa2 as typeof Koa3],
] as const)("%s", (_major, Koa) => {
  test("requestHandler() reports what a middleware throws, with its request, and leaves the answer to Koa", async () => {
    start();
    const app = quiet(new Koa());
    app.use(requestHandler());
    app.use(async () => {
      await Promise.resolve();
      throw new TypeError("no such customer");
    });
    const url = await listen(app);

    const answer = await fetch(`${url}/orders/7?sort=up`, { headers: { "x-request-id": "r1" } });
    const event = await onlyEvent();

    expect(answer.status).toBe(500);
    expect(event.exception?.values?.at(-1)).toMatchObject({
      type: "TypeError",
      value: "no such customer",
      mechanism: { type: "auto.http.koa.middleware", handled: false },
    });
    expect(event.request).toMatchObject({
      method: "GET",
      url: `${url}/orders/7`,
      query_string: "sort=up",
      headers: { "x-request-id": "r1" },
    });
  });

  test("requestHandler() names the transaction by the router's pattern, of nested routers too", async () => {
    start();
    const app = quiet(new Koa());
    const orders = new Router({ prefix: "/orders" });
    orders.get("/:id", () => {
      throw new Error("failed");
    });
    const api = new Router({ prefix: "/api" });
    api.use(orders.routes(), orders.allowedMethods());
    app.use(requestHandler());
    app.use(api.routes());

    await fetch(`${await listen(app)}/api/orders/7`);

    expect((await onlyEvent()).transaction).toBe("GET /api/orders/:id");
  });

  test.each([
    ["/shop/orders/7", "GET /shop/orders/:id"],
    ["/shop", "GET /shop"],
    ["/shop/eu/orders/7", "GET /shop/eu/orders/:id"],
    ["/orders/7", "GET /orders/:id"],
    ["/shop/about/us", "GET /shop/about/:page"],
  ])(
    "requestHandler() names the transaction of %s in mounted routers by the whole path",
    async (path, name) => {
      start();
      const app = quiet(new Koa());
      const fail = (): never => {
        throw new Error("failed");
      };
      const routes = new Router().get("/", fail).get("/orders/:id", fail).routes() as unknown as Middleware;
      app.use(requestHandler());
      app.use(mount("/shop", mount("/eu", routes)));
      app.use(mount("/shop", routes));
      app.use(routes);
      app.use(new Router().get("/shop/about/:page", fail).routes());

      await fetch((await listen(app)) + path);

      expect((await onlyEvent()).transaction).toBe(name);
    },
  );

  test("requestHandler() names no transaction when no route of the router matched", async () => {
    start();
    const app = quiet(new Koa());
    const router = new Router().get("/orders/:id", () => undefined);
    app.use(requestHandler());
    app.use(router.routes());
    app.use(() => {
      throw new Error("failed");
    });

    await fetch(`${await listen(app)}/customers/7`);

    expect((await onlyEvent()).transaction).toBeUndefined();
  });

  test("requestHandler() leaves answers alone: errors with a client's status, exposed or not, and 404", async () => {
    const client = start();
    const app = quiet(new Koa());
    app.use(requestHandler());
    app.use((ctx) => {
      if (ctx.path === "/hidden") ctx.throw(403, "hidden", { expose: false });
      if (ctx.path === "/boom") throw Boom.notFound("no such order");
      if (ctx.path !== "/none") ctx.throw(Number(ctx.path.slice(1)), "an answer");
    });
    const url = await listen(app);

    const statuses = [];
    for (const path of ["/400", "/401", "/404", "/hidden", "/none", "/boom"])
      statuses.push((await fetch(url + path)).status);
    await close();

    // Koa knows nothing of Boom, and answers 500: that makes it a failure.
    expect(statuses).toEqual([400, 401, 404, 403, 404, 500]);
    expect(applications.server.events().map(({ event }) => event.exception?.values.at(-1)?.value)).toEqual([
      "no such order",
    ]);
    expect(client.stats().captured).toBe(1);
  });

  test("requestHandler() reports that another server's 404 made a request fail", async () => {
    start();
    const app = quiet(new Koa());
    app.use(requestHandler());
    app.use(() => {
      // As axios has it.
      throw Object.assign(new Error("Request failed with status code 404"), {
        status: 404,
        config: { method: "get", url: "https://stock.example/1" },
        response: { status: 404, headers: {} },
      });
    });

    await fetch(await listen(app));

    expect((await onlyEvent()).exception?.values?.at(-1)).toMatchObject({
      value: "Request failed with status code 404",
    });
  });

  test("requestHandler() reports ctx.throw(503), and what shouldReport wants", async () => {
    start();
    const app = quiet(new Koa());
    app.use(requestHandler());
    app.use((ctx) => ctx.throw(503, "busy"));
    const other = quiet(new Koa());
    other.use(requestHandler({ shouldReport: (error) => (error as Error).message === "wanted" }));
    other.use((ctx) => ctx.throw(404, ctx.path.slice(1)));

    await fetch(await listen(app));
    const url = await listen(other);
    await fetch(`${url}/unwanted`);
    await fetch(`${url}/wanted`);
    await close();

    expect(
      applications.server
        .events()
        .map(({ event }) => event.exception?.values?.at(-1)?.value)
        .sort(),
    ).toEqual(["busy", "wanted"]);
  });

  test.each([
    ["a text", "out of stock", "Thrown string"],
    ["an object", { code: 7 }, "Thrown Object"],
    ["null", null, "Thrown null"],
  ])("requestHandler() reports %s that was thrown, once, wherever it passes", async (_what, thrown, type) => {
    start();
    const app = quiet(new Koa());
    app.use(async (ctx, next) => {
      await next().catch(() => {
        ctx.status = 418;
      });
    });
    app.use(requestHandler());
    app.use(requestHandler());
    app.use(() => {
      throw thrown;
    });

    const answer = await fetch(await listen(app));

    expect(answer.status).toBe(418);
    expect((await onlyEvent()).exception?.values?.at(-1)).toMatchObject({ type });
  });

  test("requestHandler() is one event for a text that reaches Koa itself", async () => {
    start();
    const app = quiet(new Koa());
    app.use(requestHandler());
    app.use(() => {
      throw "a text";
    });

    await fetch(await listen(app));

    expect((await onlyEvent()).exception?.values?.at(-1)).toMatchObject({ type: "Thrown string" });
  });

  test("requestHandler() reports a body stream that fails while it is sent", async () => {
    start();
    const app = quiet(new Koa());
    app.use(requestHandler());
    app.use((ctx) => {
      setTag("kind", "download");
      ctx.body = Readable.from(
        (async function* () {
          yield "half an answ";
          await new Promise((resolve) => setImmediate(resolve));
          throw new Error("the disk is gone");
        })(),
      );
    });

    // Koa 2 leaves such an answer open for ever, so its end is not waited for.
    const sent = http.get(await listen(app), (answer) => void answer.resume().on("error", () => undefined));
    sent.on("error", () => undefined);
    const event = await onlyEvent();
    sent.destroy();

    expect(event.tags).toMatchObject({ kind: "download" });
    expect(event.exception?.values?.at(-1)).toMatchObject({
      value: "the disk is gone",
      mechanism: { type: "auto.http.koa.onerror", handled: false },
    });
  });

  test("requestHandler() does not report that a client went away while its answer was sent", async () => {
    const client = start();
    const app = quiet(new Koa());
    const done = new Promise<void>((resolve) => {
      app.use(requestHandler());
      app.use((ctx) => {
        ctx.res.once("close", () => setImmediate(resolve));
        ctx.body = Readable.from(
          (async function* () {
            for (;;) {
              yield "x".repeat(65_536);
              await new Promise((go) => setImmediate(go));
            }
          })(),
        );
      });
    });
    const url = await listen(app);

    const sent = http.get(url, (answer) => answer.once("data", () => sent.destroy()));
    sent.on("error", () => undefined);
    await done;
    await close();

    expect(client.stats().captured).toBe(0);
  });

  test("requestHandler() reports a connection of ours that broke, while the client waits", async () => {
    start();
    const app = quiet(new Koa());
    app.use(requestHandler());
    app.use(() => {
      throw Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    });

    await fetch(await listen(app));

    expect((await onlyEvent()).exception?.values?.at(-1)).toMatchObject({ value: "read ECONNRESET" });
  });

  test("requestHandler() puts the event's id where an outer middleware shows it", async () => {
    start();
    const app = quiet(new Koa());
    app.use(requestHandler());
    app.use(async (ctx, next) => {
      try {
        await next();
      } catch (error) {
        const captured = captureException(error);
        ctx.status = 500;
        ctx.body = [captured, lastEventId()];
      }
    });
    app.use(requestHandler());
    app.use((ctx) => {
      ctx.set("x-before", "yes");
      throw new Error("failed");
    });
    const shown = await (await fetch(await listen(app))).json();
    const { event_id } = await onlyEvent();

    expect(shown).toEqual([event_id, event_id]);
  });

  test("requestHandler() sets ctx.state.corvidEventId", async () => {
    start();
    const app = quiet(new Koa());
    app.use(async (ctx, next) => {
      await next().catch(() => {
        ctx.body = ctx.state;
      });
    });
    app.use(requestHandler());
    app.use(() => {
      throw new Error("failed");
    });

    const shown = await (await fetch(await listen(app))).json();

    expect(shown).toEqual({ corvidEventId: (await onlyEvent()).event_id });
  });

  test("an error that was caught, reported and thrown on is one event", async () => {
    start();
    const app = quiet(new Koa());
    app.use(requestHandler());
    app.use(() => {
      const error = new Error("seen twice", { cause: new Error("no connection") });
      captureException(error, { tags: { seen: "in the route" } });
      throw error;
    });

    await fetch(await listen(app));
    const event = await onlyEvent();

    expect(event.tags).toEqual({ seen: "in the route" });
    expect(event.exception?.values?.map(({ value }) => value)).toEqual(["no connection", "seen twice"]);
  });

  test("requestHandler() keeps 500 requests at once apart", async () => {
    start({ once: false });
    const app = quiet(new Koa());
    app.use(requestHandler());
    app.use(async (ctx) => {
      const id = ctx.path.slice(1);
      setUser({ id });
      await new Promise((resolve) => setTimeout(resolve, Number(id) % 7));
      addBreadcrumb({ message: `step of ${id}` });
      setTag("request", id);
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error(`failure ${id}`);
    });
    const url = await listen(app);

    await Promise.all(
      Array.from({ length: 500 }, (_, id) => fetch(`${url}/${id}`).then((answer) => answer.text())),
    );
    await close(10_000);

    const seen = applications.server.events().map(({ event }) => ({
      failure: event.exception?.values?.at(-1)?.value,
      user: event.user,
      tag: event.tags?.request,
      crumbs: event.breadcrumbs?.values?.map(({ message }) => message),
      url: event.request?.url,
    }));
    expect(seen).toHaveLength(500);
    for (const { failure, ...rest } of seen) {
      const id = String(failure).slice("failure ".length);
      expect(rest).toEqual({ user: { id }, tag: id, crumbs: [`step of ${id}`], url: `${url}/${id}` });
    }
  });

  test("requestHandler() leaves no mark on the state or the response of a healthy request", async () => {
    start();
    const app = new Koa();
    app.use(requestHandler());
    app.use((ctx) => {
      ctx.body = [ctx.state, Object.keys(ctx).includes("onerror"), Object.keys(ctx.res.getHeaders())];
    });

    const answer = await fetch(await listen(app));

    expect(await answer.json()).toEqual([{}, false, []]);
  });

  test("requestHandler() gives each request the client its tenant has", async () => {
    start();
    const tenant: CaptureTarget = new Client({ dsn: applications.server.dsnFor("2") });
    const app = quiet(new Koa());
    app.use(
      requestHandler({
        client(ctx: Koa3.Context) {
          if (ctx.path === "/broken") throw new Error("no such tenant");
          return ctx.path === "/tenant" ? tenant : undefined;
        },
      }),
    );
    app.use((ctx) => {
      throw new Error(`of ${ctx.path}`);
    });
    const url = await listen(app);

    for (const path of ["/tenant", "/none", "/broken"]) await fetch(url + path);
    await Promise.all([close(), tenant.close()]);

    expect(
      applications.server
        .events()
        .map(({ project, event }) => [String(project), event.exception?.values?.at(-1)?.value])
        .sort(),
    ).toEqual([
      ["1", "of /broken"],
      ["1", "of /none"],
      ["2", "of /tenant"],
    ]);
  });

  test.each([
    ["first", true],
    ["last", false],
  ])(
    "requestHandler(), standing %s, changes no answer, and none of Koa's output",
    async (_where, isFirst) => {
      const build = (isWatched: boolean) => {
        const app = new Koa();
        if (isWatched && isFirst) app.use(requestHandler());
        app.use(async (ctx, next) => {
          ctx.set("x-before", "yes");
          await next();
        });
        if (isWatched && !isFirst) app.use(requestHandler());
        app.use((ctx) => {
          if (ctx.path === "/throw") throw new Error("failed");
          if (ctx.path === "/text") throw "a text";
          if (ctx.path === "/sold") ctx.throw(410, "sold", { headers: { "x-why": "sold" } });
          if (ctx.path === "/stream")
            ctx.body = new Readable({ read: () => void ctx.res.destroy(new Error("no disk")) });
        });
        return app;
      };
      start();
      const [bare, watched] = [await listen(build(false)), await listen(build(true))];

      for (const path of ["/throw", "/text", "/sold", "/none", "/stream"]) {
        const output = recordConsole();
        const plain = await shown(bare + path);
        const plainLines = output.take();
        const reported = await shown(watched + path);
        const reportedLines = output.take();
        output.stop();

        expect(reported).toEqual(plain);
        expect(reportedLines).toEqual(plainLines);
      }
    },
  );
});

test("requestHandler() refuses options that it does not have, and to stand without parentheses", async () => {
  expect(() => requestHandler({ clinet: undefined } as object)).toThrow("did you mean client?");
  const app = new Koa3();
  const failures: unknown[] = [];
  app.on("error", (error) => failures.push(error));
  app.use(requestHandler as never);

  const answer = await fetch(await listen(app));

  expect(answer.status).toBe(500);
  expect(String(failures[0])).toContain("expected requestHandler(), received requestHandler: call it");
});

describe.each([
  ["koa 3", Koa3],
  ["koa 2", Koa2 as typeof Koa3],
] as const)("an error middleware of the application's own, %s", (_major, Koa) => {
  test("behind requestHandler(): every 500, 502 and 504 is one, and nothing else is", async () => {
    start();
    const app = quiet(new Koa());
    const router = new Router();
    app.use(requestHandler());
    app.use(async (ctx, next) => {
      try {
        await next();
      } catch (error) {
        ctx.status = (error as { status?: number }).status ?? 500;
        ctx.body = { error: "sorry" };
      }
    });
    router.get("/answers/:status", (ctx) => {
      throw Object.assign(new Error("caught"), { status: Number(ctx["params"].status) });
    });
    router.get("/seen", () => {
      captureException(new Error("seen"));
      throw new Error("caught");
    });
    app.use(router.routes());
    const url = await listen(app);

    for (const status of [200, 400, 404, 422, 500, 500, 501, 502, 503, 504])
      await fetch(`${url}/answers/${status}`);
    await fetch(`${url}/seen`);
    await close();

    const counts: Record<string, number> = {};
    for (const { event } of applications.server.events()) {
      const title = event.exception?.values.at(-1)?.value ?? event.logentry?.formatted?.split("\n")[0] ?? "";
      const repeats = event.contexts?.["repeats"] as { count: number } | undefined;
      counts[title] = (counts[title] ?? 0) + (repeats?.count ?? 1);
    }
    expect(counts).toEqual({
      "GET /answers/:status answered 500": 2,
      "GET /answers/:status answered 502": 1,
      "GET /answers/:status answered 504": 1,
      seen: 1,
    });
  });
});

test("requestHandler() survives hostile contexts and errors, reports them, and throws the error on", async () => {
  const client = start();
  const hostile = new Proxy(new Error("hostile"), {
    get() {
      throw new Error("do not look");
    },
  });
  const context = () =>
    Object.freeze({
      req: {},
      res: Object.freeze({}),
      request: new Proxy({}, { get: () => expect.unreachable("throws") }),
      method: "GET",
      state: Object.freeze({}),
      onerror: () => undefined,
    });

  await expect(requestHandler()(context(), () => Promise.reject(hostile))).rejects.toBe(hostile);
  await expect(requestHandler()(context(), () => Promise.reject(new RangeError("plain")))).rejects.toThrow(
    RangeError,
  );
  await close();

  expect(client.stats().captured).toBe(2);
});

type Middleware = Koa3.Middleware;

/** As koa-mount does it: what is mounted sees the rest of the path, and nobody else does. */
function mount(prefix: string, mounted: Middleware): Middleware {
  return async (ctx, next) => {
    const { path } = ctx;
    if (path !== prefix && !path.startsWith(`${prefix}/`)) return next();
    const rest = path.slice(prefix.length) || "/";
    Object.assign(ctx, { mountPath: prefix });
    ctx.path = rest;
    try {
      await mounted(ctx, async () => {
        ctx.path = path;
        await next();
        ctx.path = rest;
      });
    } finally {
      ctx.path = path;
    }
  };
}

/** Without Koa's own output, which is not the subject. */
function quiet(app: Koa3): Koa3 {
  app.silent = true;
  app.on("error", () => undefined);
  return app;
}

/** Serves a Koa application. */
function listen(app: Koa3): Promise<string> {
  return applications.listen(app.callback());
}

/** What a client sees of an answer; the date differs by nature. */
async function shown(url: string) {
  const answer = await fetch(url).catch(() => undefined);
  if (answer === undefined) return "no answer";
  const headers = Object.fromEntries(answer.headers);
  delete headers.date;
  return { status: answer.status, headers, body: await answer.text().catch(() => "cut off") };
}

/** Koa's output, without the stacks: with one more middleware in the application they are longer. */
function recordConsole() {
  let lines: string[] = [];
  const original = console.error;
  console.error = (...args: unknown[]) => void lines.push(String(args[0]).split(/\n\s+at /)[0]!);
  return {
    take() {
      const taken = lines;
      lines = [];
      return taken;
    },
    stop() {
      console.error = original;
    },
  };
}
