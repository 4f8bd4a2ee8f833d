import http from "node:http";
import { Readable } from "node:stream";
import { captureException, close, setUser } from "@corvid/core";
import { fastify as fastify5 } from "fastify";
import { fastify as fastify4 } from "fastify-4";
import { afterEach, describe, expect, test } from "vitest";
import { httpApplications } from "../../core/test/support/http-application.js";
import { type FastifyOptions, requestHandler } from "./index.js";

const applications = httpApplications();
const { start, onlyEvent } = applications;

describe.each([
  ["fastify 5", fastify5],
  ["fastify 4", fastify4 as unknown as typeof fastify5],
] as const)("%s", (_major, fastify) => {
  const apps: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close();
  });

  function application(options?: FastifyOptions) {
    const app = fastify({ forceCloseConnections: true });
    apps.push(app);
    app.register(requestHandler(options));
    return app;
  }
  const nothing = async (): Promise<readonly unknown[]> => {
    await close();
    return applications.server.events();
  };

  test("requestHandler() reports what a handler throws, with its route and request, and leaves the answer to Fastify", async () => {
    start();
    const app = application();
    app.get("/orders/:id", async () => {
      throw new TypeError("no such customer");
    });
    const url = await app.listen();

    const answer = await fetch(`${url}/orders/7?sort=up`, { headers: { "x-request-id": "r1" } });
    const event = await onlyEvent();

    expect([answer.status, await answer.json()]).toEqual([
      500,
      { statusCode: 500, error: "Internal Server Error", message: "no such customer" },
    ]);
    expect(event).toMatchObject({
      transaction: "GET /orders/:id",
      request: { method: "GET", query_string: "sort=up", headers: { "x-request-id": "r1" } },
    });
    expect(event.exception?.values?.at(-1)).toMatchObject({
      type: "TypeError",
      value: "no such customer",
      mechanism: { type: "auto.http.fastify.on_error", handled: false },
    });
  });

  test.each(["onRequest", "preParsing", "preValidation", "preHandler", "preSerialization"] as const)(
    "requestHandler() reports an error of the hook %s",
    async (hook) => {
      start();
      const app = application();
      app.addHook(hook as "preHandler", async () => {
        throw new Error("hook failed");
      });
      app.get("/orders/:id", async () => ({ ok: true }));
      const { status } = await fetch(`${await app.listen()}/orders/7`);

      expect(status).toBe(500);
      expect((await onlyEvent()).transaction).toBe("GET /orders/:id");
    },
  );

  test("requestHandler() covers instances registered later, with prefixes", async () => {
    start();
    const app = application();
    app.register(
      async (inner) => {
        inner.get("/items/:item", async () => {
          throw new Error("failed");
        });
      },
      { prefix: "/shop" },
    );
    await fetch(`${await app.listen()}/shop/items/3`);

    expect((await onlyEvent()).transaction).toBe("GET /shop/items/:item");
  });

  test("an error that the application's error handler answers with 401 is no event, one with 500 is", async () => {
    start();
    const app = application();
    class Refused extends Error {}
    app.setErrorHandler((error, _request, reply) => {
      reply.code(error instanceof Refused ? 401 : 500).send({ message: "sorry" });
    });
    app.get("/refused", async () => {
      throw new Refused("who are you?");
    });
    app.get("/broken", async () => {
      throw new Error("out of cards");
    });
    const url = await app.listen();

    const statuses = [(await fetch(`${url}/refused`)).status, (await fetch(`${url}/broken`)).status];
    const event = await onlyEvent();

    expect(statuses).toEqual([401, 500]);
    expect(event.exception?.values?.at(-1)?.value).toBe("out of cards");
  });

  test("a 404, a refused body and an error with a status of 4xx are answers", async () => {
    start();
    const app = application();
    app.post("/orders", { schema: { body: { type: "object", required: ["id"] } } }, async () => ({}));
    app.get("/teapot", async () => {
      throw Object.assign(new Error("I am a teapot"), { statusCode: 418 });
    });
    const url = await app.listen();
    const json = { method: "POST", headers: { "content-type": "application/json" } };

    const statuses = [
      (await fetch(`${url}/none`)).status,
      (await fetch(`${url}/orders`, { ...json, body: "{}" })).status,
      (await fetch(`${url}/orders`, { ...json, body: "{" })).status,
      (await fetch(`${url}/teapot`)).status,
    ];

    expect(statuses).toEqual([404, 400, 400, 418]);
    expect(await nothing()).toEqual([]);
  });

  test("a stream that fails while it is sent is reported", async () => {
    start();
    const app = application();
    app.get("/export", async () =>
      Readable.from(
        (async function* () {
          yield "first";
          await new Promise((resolve) => setTimeout(resolve, 20));
          throw new Error("export failed");
        })(),
      ),
    );
    const url = await app.listen();
    await fetch(`${url}/export`).then((answer) => answer.text().catch(() => undefined));

    expect((await onlyEvent()).exception?.values?.at(-1)?.value).toBe("export failed");
  });

  test("a hijacked reply that answers 500 is reported as such", async () => {
    start();
    const app = application();
    app.get("/raw", (_request, reply) => {
      reply.hijack();
      reply.raw.writeHead(500).end();
    });
    await fetch(`${await app.listen()}/raw`);

    expect((await onlyEvent()).logentry?.formatted).toMatch(/^GET \/raw answered 500/);
  });

  test("a client that goes away is no event", async () => {
    start();
    const app = application();
    const begun = new Promise<void>((resolve) => {
      app.get("/slow", async () => {
        resolve();
        await new Promise((wait) => setTimeout(wait, 100));
        return { ok: true };
      });
    });
    const request = http.get(`${await app.listen()}/slow`).on("error", () => undefined);
    await begun;
    request.destroy();
    await new Promise((resolve) => request.on("close", resolve));
    await new Promise((resolve) => setTimeout(resolve, 150));

    expect(await nothing()).toEqual([]);
  });

  test("an error captured by hand and thrown is one event, with the id on the reply", async () => {
    start();
    const app = application();
    const ids: unknown[] = [];
    app.setErrorHandler((_error, _request, reply) => {
      ids.push((reply as unknown as { corvidEventId: unknown }).corvidEventId);
      reply.code(500).send();
    });
    app.get("/", async () => {
      const error = new Error("once");
      ids.push(captureException(error));
      throw error;
    });
    await fetch(await app.listen());
    const event = await onlyEvent();

    expect(ids).toEqual([event.event_id, event.event_id]);
  });

  test("500 parallel requests keep their users apart, through await and body parsing", async () => {
    start({ once: false, queueSize: 1000 });
    const app = application();
    app.post<{ Body: { user: string } }>("/pay", async (request) => {
      setUser({ id: request.body.user });
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      throw new Error(`failed for ${request.body.user}`);
    });
    const url = await app.listen();
    const headers = { "content-type": "application/json" };
    await Promise.all(
      Array.from({ length: 500 }, (_, n) =>
        fetch(`${url}/pay`, { method: "POST", headers, body: JSON.stringify({ user: `u${n}` }) }).then(
          (answer) => answer.text(),
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

  test("answers, headers and logs are those of an application without it", async () => {
    start();
    const answerOf = async (isReporting: boolean): Promise<unknown> => {
      const lines: string[] = [];
      const app = fastify({
        logger: {
          level: "info",
          base: null,
          timestamp: false,
          stream: { write: (line: string) => lines.push(line) },
        },
        genReqId: () => "r1",
        forceCloseConnections: true,
      });
      if (isReporting) app.register(requestHandler());
      app.get("/", async () => {
        throw new RangeError("out of range");
      });
      app.get("/text", async () => "fine");
      const { statusCode, headers, body } = await app.inject("/");
      const text = await app.inject("/text");
      await app.close();
      const plain = lines.map((line) =>
        line.replace(/"responseTime":[\d.]+/, "").replace(/\\n {4}at .*?"/, '"'),
      );
      return [statusCode, { ...headers, date: "" }, body, text.body, { ...text.headers, date: "" }, plain];
    };

    expect(await answerOf(true)).toEqual(await answerOf(false));
  });

  test("requestHandler() without parentheses is named at once", async () => {
    const app = fastify();
    const plugin = requestHandler as unknown as Parameters<typeof app.register>[0];

    await expect(async () => app.register(plugin)).rejects.toThrow(/requestHandler\(\)/);
  });

  test("unknown options are refused", () => {
    expect(() => requestHandler({ clinet: 1 } as FastifyOptions)).toThrow(/clinet.*did you mean client/);
  });
});
