import { captureException, close, setUser } from "@corvid/core";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { afterEach, expect, test } from "vitest";
import { httpApplications } from "../../core/test/support/http-application.js";
import { type HonoOptions, requestHandler } from "./index.js";

const applications = httpApplications();
const { start, onlyEvent } = applications;
const servers: ReturnType<typeof serve>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function listen(app: Hono): Promise<string> {
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}`),
    );
    servers.push(server);
  });
}

function application(options?: HonoOptions): Hono {
  const app = new Hono();
  app.use(requestHandler(options));
  app.onError((error, c) =>
    error instanceof HTTPException ? error.getResponse() : c.json({ message: error.message }, 500),
  );
  return app;
}

test("requestHandler() reports what a handler throws, with its route and request, and leaves the answer to Hono", async () => {
  start();
  const app = application();
  const orders = new Hono().get("/:id", async () => {
    throw new TypeError("no such customer");
  });
  app.route("/orders", orders);
  const url = await listen(app);

  const answer = await fetch(`${url}/orders/7?sort=up`, { headers: { "x-request-id": "r1" } });
  const event = await onlyEvent();

  expect([answer.status, await answer.json()]).toEqual([500, { message: "no such customer" }]);
  expect(event).toMatchObject({
    transaction: "GET /orders/:id",
    request: { method: "GET", query_string: "sort=up", headers: { "x-request-id": "r1" } },
  });
  expect(event.exception?.values?.at(-1)).toMatchObject({
    type: "TypeError",
    value: "no such customer",
    mechanism: { type: "auto.http.hono.middleware", handled: false },
  });
});

test("requestHandler() reports an error of a middleware", async () => {
  start();
  const app = application();
  app.use("/shop/*", async () => {
    throw new Error("middleware failed");
  });
  app.get("/shop/:page", (c) => c.text("page"));

  const { status } = await fetch(`${await listen(app)}/shop/cart`);

  expect(status).toBe(500);
  expect((await onlyEvent()).transaction).toBe("GET /shop/:page");
});

test("an HTTPException below 500 and a 404 are answers, one of 503 with an error is an event", async () => {
  start();
  const app = application();
  app.get("/refused", () => {
    throw new HTTPException(401, { message: "who are you?" });
  });
  app.get("/closed", () => {
    throw new HTTPException(503, { message: "come back later" });
  });
  const url = await listen(app);

  const statuses = [
    (await fetch(`${url}/refused`)).status,
    (await fetch(`${url}/none`)).status,
    (await fetch(`${url}/closed`)).status,
  ];
  const event = await onlyEvent();

  expect(statuses).toEqual([401, 404, 503]);
  expect(event.exception?.values?.at(-1)?.value).toBe("come back later");
});

test("an error that onError() answers with 500 is an event, one of the application's own with 422 is none", async () => {
  start();
  class Invalid extends Error {}
  const app = new Hono();
  app.use(requestHandler());
  app.onError((error, c) => c.text("sorry", error instanceof Invalid ? 422 : 500));
  app.get("/invalid", () => {
    throw new Invalid("no name");
  });
  app.get("/broken", () => {
    throw new Error("out of cards");
  });
  const url = await listen(app);

  const statuses = [(await fetch(`${url}/invalid`)).status, (await fetch(`${url}/broken`)).status];
  const event = await onlyEvent();

  expect(statuses).toEqual([422, 500]);
  expect(event.exception?.values?.at(-1)?.value).toBe("out of cards");
});

test("a 500 without an error is reported as such", async () => {
  start();
  const app = application();
  app.get("/orders/:id", (c) => c.text("sorry", 500));
  await fetch(`${await listen(app)}/orders/7`);

  expect((await onlyEvent()).logentry?.formatted).toMatch(/^GET \/orders\/:id answered 500/);
});

test("an error captured by hand and thrown is one event, with the id on the context", async () => {
  start();
  const ids: unknown[] = [];
  const app = new Hono<{ Variables: { corvidEventId?: string } }>();
  app.use(async (c, next) => {
    await next();
    ids.push(c.get("corvidEventId"));
  });
  app.use(requestHandler());
  app.onError((_error, c) => c.text("sorry", 500));
  app.get("/", () => {
    const error = new Error("once");
    ids.push(captureException(error));
    throw error;
  });
  await fetch(await listen(app as unknown as Hono));
  const event = await onlyEvent();

  expect(ids).toEqual([event.event_id, event.event_id]);
});

test("500 parallel requests keep their users apart, through await and body parsing", async () => {
  start({ once: false, queueSize: 1000 });
  const app = application();
  app.post("/pay", async (c) => {
    const { user } = await c.req.json<{ user: string }>();
    setUser({ id: user });
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    throw new Error(`failed for ${user}`);
  });
  const url = await listen(app);
  await Promise.all(
    Array.from({ length: 500 }, (_, n) =>
      fetch(`${url}/pay`, { method: "POST", body: JSON.stringify({ user: `u${n}` }) }).then((answer) =>
        answer.text(),
      ),
    ),
  );
  await close(10_000);

  const events = applications.server.events();
  expect(events).toHaveLength(500);
  expect(
    events.filter(
      ({ event }) => event.exception?.values?.at(-1)?.value !== `failed for ${event.user?.id as string}`,
    ),
  ).toEqual([]);
});

test("app.request() without a server reports, too", async () => {
  start();
  const app = application();
  app.get("/orders/:id", () => {
    throw new RangeError("out of range");
  });

  const answer = await app.request("/orders/7");

  expect(answer.status).toBe(500);
  expect((await onlyEvent()).transaction).toBe("GET /orders/:id");
});

test("answers and headers are those of an application without it", async () => {
  start();
  const answerOf = async (isReporting: boolean): Promise<unknown> => {
    const app = new Hono();
    if (isReporting) app.use(requestHandler());
    app.onError((error, c) => c.json({ message: error.message }, 500));
    app.get("/", () => {
      throw new Error("failed");
    });
    app.get("/text", (c) => c.text("fine"));
    const url = await listen(app);
    const answers = [await fetch(url), await fetch(`${url}/text`)];
    return Promise.all(
      answers.map(async (answer) => [
        answer.status,
        Object.fromEntries([...answer.headers].filter(([name]) => name !== "date")),
        await answer.text(),
      ]),
    );
  };

  expect(await answerOf(true)).toEqual(await answerOf(false));
});

test("requestHandler() without parentheses is named with the first request", async () => {
  const app = new Hono();
  app.use(requestHandler as never);
  const errors: string[] = [];
  app.onError((error, c) => {
    errors.push(error.message);
    return c.text("sorry", 500);
  });
  await app.request("/");

  expect(errors).toEqual([expect.stringMatching(/^expected requestHandler\(\), received requestHandler/)]);
});

test("unknown options are refused", () => {
  expect(() => requestHandler({ clinet: 1 } as HonoOptions)).toThrow(/clinet.*did you mean client/);
});
