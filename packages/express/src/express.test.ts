import http from "node:http";
import { addBreadcrumb, Client, captureException, close, lastEventId, setTag, setUser } from "@corvid/core";
import * as Boom from "@hapi/boom";
import express5 from "express";
// @ts-expect-error: has no types of its own; used as Express 5, whose types accept what both take
import express4 from "express-4";
import { describe, expect, test } from "vitest";
import { httpApplications } from "../../core/test/support/http-application.js";
import { errorHandler, requestHandler } from "./index.js";

const applications = httpApplications();
const { start, listen, onlyEvent } = applications;

const majors = [
  ["express 5", express5],
  ["express 4", express4 as typeof express5],
] as const;

describe.each(majors)("%s", (_major, express) => {
  test("errorHandler() reports what a route throws, with its request, and leaves the answer to Express", async () => {
    start();
    const app = express();
    app.use(requestHandler());
    app.get("/orders/:id", () => {
      throw new TypeError("no such customer");
    });
    app.use(errorHandler());
    const url = await listen(app);

    const answer = await fetch(`${url}/orders/7?sort=up`, { headers: { "x-request-id": "r1" } });
    const event = await onlyEvent();

    expect(answer.status).toBe(500);
    expect(event.transaction).toBe("GET /orders/:id");
    expect(event.exception?.values?.at(-1)).toMatchObject({
      type: "TypeError",
      value: "no such customer",
      mechanism: { type: "auto.http.express.middleware", handled: false },
    });
    expect(event.request).toMatchObject({
      method: "GET",
      url: `${url}/orders/7`,
      query_string: "sort=up",
      headers: { "x-request-id": "r1" },
    });
  });

  test("errorHandler() reports errors passed to next() and those of asynchronous work behind it", async () => {
    start();
    const app = express();
    app.use(requestHandler());
    app.get("/", (_request, _response, next) => {
      setTag("route", "home");
      setTimeout(() => next(new Error("later")), 1);
    });
    app.use(errorHandler());

    await fetch(await listen(app));

    expect((await onlyEvent()).tags).toMatchObject({ route: "home" });
  });

  test.each([
    ["a text", "out of stock", "Thrown string"],
    ["a number", 42, "Thrown number"],
    ["an object", { code: 7 }, "Thrown Object"],
  ])(
    "errorHandler() reports %s that was thrown, once, through two error handlers",
    async (_what, thrown, type) => {
      start();
      const app = express();
      app.use(requestHandler());
      app.get("/", () => {
        throw thrown;
      });
      app.use(errorHandler(), errorHandler());
      app.use(answerTeapot);

      const answer = await fetch(await listen(app));

      expect(answer.status).toBe(418);
      expect((await onlyEvent()).exception?.values?.at(-1)).toMatchObject({ type });
    },
  );

  test("errorHandler() leaves errors with a client's status alone", async () => {
    const client = start();
    const app = express();
    app.use(requestHandler());
    app.use(express.json());
    app.post("/", (_request, response) => void response.end());
    app.use(errorHandler());

    const answer = await fetch(await listen(app), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{",
    });
    await close();

    expect(answer.status).toBe(400);
    expect(client.stats().captured).toBe(0);
  });

  test("errorHandler() leaves an answer made by Boom alone, and reports its server errors", async () => {
    start();
    const app = express();
    app.use(requestHandler());
    app.get("/missing", () => {
      throw Boom.notFound("no such order");
    });
    app.get("/broken", () => {
      throw Boom.badImplementation("no stock");
    });
    app.use(errorHandler());
    app.use(((error, _request, response, _next) => {
      response.status((error as Boom.Boom).output.statusCode).end();
    }) satisfies ErrorMiddleware);
    const url = await listen(app);

    expect((await fetch(`${url}/missing`)).status).toBe(404);
    expect((await fetch(`${url}/broken`)).status).toBe(500);
    expect((await onlyEvent()).exception?.values.at(-1)).toMatchObject({ value: "no stock" });
  });

  test("errorHandler() reports that another server's 404 made a request fail", async () => {
    start();
    const app = express();
    app.use(requestHandler());
    app.get("/", () => {
      // As axios has it.
      throw Object.assign(new Error("Request failed with status code 404"), {
        status: 404,
        config: { method: "get", url: "https://stock.example/1" },
        response: { status: 404, headers: {} },
      });
    });
    app.use(errorHandler());

    await fetch(await listen(app));

    expect((await onlyEvent()).exception?.values?.at(-1)).toMatchObject({
      value: "Request failed with status code 404",
    });
  });

  test("errorHandler() reports what shouldReport wants, and everything when it fails", async () => {
    start();
    const app = express();
    app.use(requestHandler());
    app.get("/:status", (request) => {
      throw Object.assign(new Error(`status ${request.params.status}`), {
        status: Number(request.params.status),
      });
    });
    app.use(
      errorHandler({
        shouldReport(error) {
          const { status } = error as { status: number };
          if (status === 418) throw new Error("a broken rule");
          return status === 404;
        },
      }),
    );
    const url = await listen(app);

    for (const status of [404, 500, 418]) await fetch(`${url}/${status}`);
    await close();

    expect(titles().sort()).toEqual(["Error: status 404", "Error: status 418"]);
  });

  test("errorHandler() puts the event's id where the application shows it", async () => {
    start();
    const app = express();
    app.use(requestHandler());
    app.get("/", () => {
      throw new Error("failed");
    });
    app.use(errorHandler());
    app.use(((_error, _request, response, _next) => {
      response.status(500).json([response.locals.corvidEventId, lastEventId()]);
    }) satisfies ErrorMiddleware);

    const shown = await (await fetch(await listen(app))).json();
    const { event_id } = await onlyEvent();

    expect(shown).toEqual([event_id, event_id]);
  });

  test("errorHandler() works without requestHandler()", async () => {
    start();
    const app = express();
    app.get("/a/:b", () => {
      throw new Error("failed");
    });
    app.use(errorHandler(), errorHandler());

    await fetch(`${await listen(app)}/a/1`);

    expect(await onlyEvent()).toMatchObject({ transaction: "GET /a/:b", request: { method: "GET" } });
  });

  test("errorHandler() does not learn of what an error handler before it has answered", async () => {
    const client = start();
    const app = express();
    app.use(requestHandler());
    app.get("/", () => {
      throw new Error("answered");
    });
    app.use(answerTeapot);
    app.use(errorHandler());

    await fetch(await listen(app));
    await close();

    expect(client.stats().captured).toBe(0);
  });

  test("errorHandler() passes errors on after the headers were sent", async () => {
    start();
    const app = express();
    app.use(requestHandler());
    app.get("/", (_request, response, next) => {
      response.write("half an answ");
      next(new Error("too late"));
    });
    app.use(errorHandler());
    const url = await listen(app);

    await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow();
    expect((await onlyEvent()).exception?.values?.at(-1)).toMatchObject({ value: "too late" });
  });

  test("errorHandler() reports the failure of a request whose client has gone", async () => {
    start();
    const app = express();
    app.use(requestHandler());
    app.post("/slow/:id", (request, _response, next) => {
      request.on("error", () => undefined);
      request.once("close", () => next(new Error("nobody waits")));
      request.resume();
      sent.destroy();
    });
    app.use(errorHandler());
    const url = await listen(app);
    const sent = http.request(`${url}/slow/1?q=2`, { method: "POST", headers: { "content-length": "100" } });
    sent.on("error", () => undefined);
    sent.write("partial");

    expect(await onlyEvent()).toMatchObject({
      transaction: "POST /slow/:id",
      request: { url: `${url}/slow/1`, query_string: "q=2" },
    });
  });

  test("an error that was caught, reported and thrown on is one event", async () => {
    start();
    const app = express();
    app.use(requestHandler());
    app.get("/", () => {
      const error = new Error("seen twice");
      captureException(error, { tags: { seen: "in the route" } });
      throw error;
    });
    app.use(errorHandler());

    await fetch(await listen(app));

    expect(await onlyEvent()).toMatchObject({ tags: { seen: "in the route" } });
  });

  test("a wrapped error is the one event of its request, with its cause", async () => {
    start();
    const app = express();
    app.use(requestHandler());
    app.get("/", () => {
      throw new Error("payment failed", { cause: new Error("no connection") });
    });
    app.use(errorHandler());

    await fetch(await listen(app));

    expect((await onlyEvent()).exception?.values?.map(({ value }) => value)).toEqual([
      "no connection",
      "payment failed",
    ]);
  });

  test("requestHandler() keeps 500 requests at once apart", async () => {
    start({ once: false });
    const app = express();
    app.use(requestHandler());
    app.get("/:id", async (request, _response, next) => {
      const { id } = request.params;
      setUser({ id });
      await new Promise((resolve) => setTimeout(resolve, Number(id) % 7));
      addBreadcrumb({ message: `step of ${id}` });
      setTag("request", id);
      await new Promise((resolve) => setImmediate(resolve));
      next(new Error(`failure ${id}`));
    });
    app.use(errorHandler());
    app.use(answerTeapot);
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

  test("requestHandler() reads nothing of a healthy request and leaves nothing to be seen on it", async () => {
    start();
    const app = express();
    const before: string[][] = [];
    const after: string[][] = [];
    app.use((request, response, next) => {
      before.push(visibleKeys(request), visibleKeys(response));
      Object.defineProperty(request, "body", {
        get: () => expect.unreachable("the body was read"),
        configurable: true,
      });
      next();
    });
    app.use(requestHandler());
    app.get("/", (request, response) => {
      Reflect.deleteProperty(request, "body");
      after.push(visibleKeys(request), visibleKeys(response));
      response.json(Object.keys(response.locals));
    });

    const answer = await fetch(await listen(app));

    expect(await answer.json()).toEqual([]);
    expect(after.map((keys) => keys.filter((key) => !["route", "next", "params"].includes(key)))).toEqual(
      before.map((keys) => keys.filter((key) => !["route", "next", "params"].includes(key))),
    );
  });

  test("requestHandler() leads back into the request's scope where the context was lost", async () => {
    start();
    const app = express();
    const outside: (() => void)[] = [];
    const pump = setInterval(() => runAll(outside), 1);
    app.use(requestHandler());
    app.use((_request, _response, next) => {
      setTag("before", "yes");
      outside.push(() => next());
    });
    app.use(requestHandler());
    app.get("/", () => {
      setTag("after", "yes");
      throw new Error("failed");
    });
    app.use(errorHandler());

    await fetch(await listen(app));
    clearInterval(pump);

    expect((await onlyEvent()).tags).toMatchObject({ before: "yes", after: "yes" });
  });

  test("errorHandler() finds the request's scope where the context was lost", async () => {
    start();
    const app = express();
    const outside: (() => void)[] = [];
    const pump = setInterval(() => runAll(outside), 1);
    app.use(requestHandler());
    app.use((_request, _response, next) => {
      setUser({ id: "u1" });
      outside.push(() => next(new Error("failed")));
    });
    app.use(errorHandler());

    await fetch(await listen(app));
    clearInterval(pump);

    expect((await onlyEvent()).user).toEqual({ id: "u1" });
  });

  test("requestHandler() gives each request the client its tenant has", async () => {
    start();
    const tenants = new Map(
      ["2", "3"].map(
        (project) => [project, new Client({ dsn: applications.server.dsnFor(project) })] as const,
      ),
    );
    const app = express();
    app.use(
      requestHandler({
        client(request: { headers: http.IncomingHttpHeaders }) {
          const tenant = String(request.headers["x-tenant"]);
          if (tenant === "broken") throw new Error("no such tenant");
          return tenants.get(tenant);
        },
      }),
    );
    app.get("/:tenant", (request) => {
      throw new Error(`of ${request.params.tenant}`);
    });
    app.use(errorHandler());
    const url = await listen(app);

    for (const tenant of ["2", "3", "none", "broken"])
      await fetch(`${url}/${tenant}`, { headers: { "x-tenant": tenant } });
    await Promise.all([close(), ...[...tenants.values()].map((client) => client.close())]);

    expect(
      applications.server
        .events()
        .map(({ project, event }) => [String(project), event.exception?.values?.at(-1)?.value])
        .sort(),
    ).toEqual([
      ["1", "of broken"],
      ["1", "of none"],
      ["2", "of 2"],
      ["3", "of 3"],
    ]);
  });

  test("errorHandler() answers as if it were not there, and adds no output", async () => {
    const build = (isWatched: boolean) => {
      const app = express();
      if (isWatched) app.use(requestHandler());
      app.get("/throw", () => {
        throw new Error("failed");
      });
      app.get("/text", () => {
        throw "a text";
      });
      app.get("/status", () => {
        throw Object.assign(new Error("gone"), { status: 410, headers: { "x-why": "sold" } });
      });
      if (isWatched) app.use(errorHandler());
      return app;
    };
    start();
    const bare = await listen(build(false));
    const watched = await listen(build(true));

    for (const path of ["/throw", "/text", "/status", "/none"]) {
      const output = recordConsole();
      const [plain, reported] = [await shown(`${bare}${path}`), await shown(`${watched}${path}`)];
      const lines = output.stop();

      expect(reported).toEqual(plain);
      expect(lines.length % 2).toBe(0);
      expect(withoutStack(lines[1])).toEqual(withoutStack(lines[0]));
    }
  });
});

test("errorHandler() reports rejections that Express 5 passes on", async () => {
  start();
  const app = express5();
  app.use(requestHandler());
  app.get("/", async () => {
    await Promise.resolve();
    throw new Error("rejected");
  });
  app.use(errorHandler());

  await fetch(await listen(app));

  expect((await onlyEvent()).exception?.values?.at(-1)).toMatchObject({ value: "rejected" });
});

test("errorHandler() reports rejections that an application passes on in Express 4", async () => {
  start();
  const forward =
    (route: () => Promise<void>): express5.RequestHandler =>
    (_request, _response, next) =>
      void route().catch(next);
  const app = (express4 as typeof express5)();
  app.use(requestHandler());
  app.get(
    "/",
    forward(async () => {
      throw new Error("rejected");
    }),
  );
  app.use(errorHandler());

  await fetch(await listen(app));

  expect((await onlyEvent()).exception?.values?.at(-1)).toMatchObject({ value: "rejected" });
});

test("errorHandler() survives hostile errors and requests, and passes the error on", async () => {
  const client = start();
  const hostile = new Proxy(new Error("hostile"), {
    get() {
      throw new Error("do not look");
    },
  });
  const request = new Proxy(
    {},
    {
      get() {
        throw new Error("do not look");
      },
    },
  );
  const passed: unknown[] = [];

  errorHandler()(hostile, request, { locals: {} }, (error) => passed.push(error));
  errorHandler()(new Error("plain"), request, Object.freeze({ locals: Object.freeze({}) }), (error) =>
    passed.push(error),
  );
  await close();

  expect(passed[0]).toBe(hostile);
  expect(passed).toHaveLength(2);
  expect(client.stats().captured).toBe(2);
});

test("requestHandler() and errorHandler() do nothing but pass on without a client", () => {
  const passed: unknown[] = [];
  const response = { locals: {} };
  const request = {};

  requestHandler()(request, response, (error) => passed.push(error));
  errorHandler()("failed", request, response, (error) => passed.push(error));

  expect(passed).toEqual([undefined, "failed"]);
  expect(response.locals).toEqual({});
});

type ErrorMiddleware = express5.ErrorRequestHandler;

const answerTeapot: ErrorMiddleware = (_error, _request, response, _next) => {
  response.status(418).end();
};

function titles(): string[] {
  return applications.server.events().map(({ event }) => {
    const { type, value } = event.exception?.values?.at(-1) ?? {};
    return `${type}: ${value}`;
  });
}

/** What a client sees of an answer; the time and the stack differ by nature. */
async function shown(url: string) {
  const answer = await fetch(url);
  const headers = Object.fromEntries(answer.headers);
  delete headers.date;
  const body = withoutStack(await answer.text());
  delete headers["content-length"];
  delete headers.etag;
  return { status: answer.status, headers, body };
}

function withoutStack(text: unknown): string {
  return String(text).split(/\n\s+at |<br>/)[0]!;
}

function recordConsole() {
  const lines: string[] = [];
  const original = console.error;
  console.error = (...args: unknown[]) => void lines.push(args.map(String).join(" "));
  return {
    stop() {
      console.error = original;
      return lines;
    },
  };
}

/** Runs callbacks where no request is under way, as a pool or a parser of its own does. */
function runAll(callbacks: (() => void)[]): void {
  for (const run of callbacks.splice(0)) run();
}

/** What shows of an object when it is logged or copied: symbols too. */
function visibleKeys(object: object): string[] {
  const isVisible = (key: PropertyKey): boolean => Object.prototype.propertyIsEnumerable.call(object, key);
  return Reflect.ownKeys(object).filter(isVisible).map(String);
}
