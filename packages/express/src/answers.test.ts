import { once } from "node:events";
import http from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { pipeline, Readable } from "node:stream";
import { captureException, close } from "@corvid/core";
import express5 from "express";
// @ts-expect-error: has no types of its own; used as Express 5, whose types accept what both take
import express4 from "express-4";
import { describe, expect, test } from "vitest";
import { httpApplications } from "../../core/test/support/http-application.js";
import { type ErrorHandlerOptions, errorHandler, requestHandler } from "./index.js";

const applications = httpApplications();
const { start, listen } = applications;

class OutOfStock extends Error {}
class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
/** As pg has it: a class of the driver's own. */
class DatabaseError extends Error {
  readonly severity = "ERROR";
  readonly code = "23505";
}

const upstream = { retryable: false, requestId: "r1", statusCode: 404, code: "NoSuchKey" };

/** What has arrived in all: title and how many failures it stands for. */
async function arrived(): Promise<Record<string, number>> {
  await close();
  const counts: Record<string, number> = {};
  for (const { event } of applications.server.events()) {
    const title = event.exception?.values.at(-1)?.value ?? event.logentry?.formatted?.split("\n")[0] ?? "?";
    const repeats = event.contexts?.["repeats"] as { count: number } | undefined;
    counts[title] = (counts[title] ?? 0) + (repeats?.count ?? 1);
  }
  return counts;
}

describe.each([
  ["express 5", express5],
  ["express 4", express4 as typeof express5],
] as const)("errorHandler(), decided by the answer, %s", (_major, express) => {
  /** An application that throws `error` and answers it with `status`, behind or in front of our handler. */
  function failing(
    error: unknown,
    status: number,
    { before = false, options = {} }: { before?: boolean; options?: ErrorHandlerOptions } = {},
  ): express5.Express {
    const app = express();
    app.use(requestHandler());
    app.get("/orders/:id", () => {
      throw error;
    });
    const answer: express5.ErrorRequestHandler = (_error, _request, response, _next) =>
      void response.status(status).end();
    if (before) app.use(answer);
    app.use(errorHandler(options));
    app.use(answer);
    return app;
  }

  test.each([
    ["a 4xx answered with a 500", new HttpError(422, "carried"), 500],
    ["a 4xx answered with a 503", new HttpError(404, "carried"), 503],
    ["no status answered with a 500", new OutOfStock("own"), 500],
    ["a TypeError behind a 400", new TypeError("bug"), 400],
    ["a plain error behind a 400", new Error("plain"), 400],
    ["a driver's error behind a 409", new DatabaseError("users_email_key"), 409],
    [
      "a system error behind a 404",
      Object.assign(new OutOfStock("file"), { syscall: "open", code: "ENOENT" }),
      404,
    ],
    ["another server's 404 behind a 404", Object.assign(new OutOfStock("key"), upstream), 404],
  ])("is an event: %s", async (_what, error, status) => {
    start();
    const url = await listen(failing(error, status));

    await fetch(`${url}/orders/1`);

    expect(await arrived()).toEqual({ [(error as Error).message]: 1 });
  });

  test.each([
    ["a 4xx answered with it", new HttpError(422, "carried"), 422],
    ["a 4xx answered with a 200", new HttpError(422, "carried"), 200],
    ["an error of the application's own class", new OutOfStock("own"), 409],
  ])("is none: %s", async (_what, error, status) => {
    const client = start();
    const url = await listen(failing(error, status));

    await fetch(`${url}/orders/1`);

    expect(await arrived()).toEqual({});
    expect(client.stats().captured).toBe(0);
  });

  test("is always one when it is captured by hand, once", async () => {
    start();
    const app = express();
    app.get("/", () => {
      const error = new HttpError(404, "by hand");
      captureException(error);
      throw error;
    });
    app.use(errorHandler());

    await fetch(await listen(app));

    expect(await arrived()).toEqual({ "by hand": 1 });
  });

  test("shouldReport decides alone", async () => {
    start();
    const url = await listen(failing(new Error("unwanted"), 500, { options: { shouldReport: () => false } }));

    await fetch(`${url}/orders/1`);

    expect(await arrived()).toEqual({});
  });

  test("does not wait for an answer that takes long", async () => {
    start();
    const app = express();
    let finish = (): unknown => undefined;
    app.get("/", (_request, response, next) => {
      finish = () => response.end();
      next(new Error("slow"));
    });
    app.use(errorHandler());
    app.use(((_error, _request, _response, _next) => undefined) satisfies express5.ErrorRequestHandler);
    const answer = fetch(await listen(app));

    await applications.server.waitForEvents(1);
    finish();
    await answer;

    expect(await arrived()).toEqual({ slow: 1 });
  });

  test.each([500, 502, 504])(
    "a %i of which no error was seen is one event for each route",
    async (status) => {
      start();
      const url = await listen(failing(new Error("hidden"), status, { before: true }));

      for (const id of [1, 2, 3]) await fetch(`${url}/orders/${id}`);

      expect(await arrived()).toEqual({ [`GET /orders/:id answered ${status}`]: 3 });
      expect(applications.server.events().map(({ event }) => event.level)).toEqual(["error", "error"]);
      expect(applications.server.events()[0]?.event.logentry?.formatted).toContain(
        "Move errorHandler() in front",
      );
    },
  );

  test.each([200, 404, 501, 503])("a %i of which no error was seen is none", async (status) => {
    start();
    const url = await listen(failing(new Error("hidden"), status, { before: true }));

    await fetch(`${url}/orders/1`);

    expect(await arrived()).toEqual({});
  });

  test("unseen5xx of the handler wins over the client's", async () => {
    start({ unseen5xx: "event" });
    const app = express();
    app.use(requestHandler({ unseen5xx: false }));
    app.get("/", (_request, response) => void response.status(500).end());

    await fetch(await listen(app));

    expect(await arrived()).toEqual({});
  });

  test("a 502 that was piped from another server is that server's", async () => {
    start();
    // No server of node:http, so that nothing here sees it but the one in front.
    const behind = createServer((socket) => {
      socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndown");
    }).listen(0, "127.0.0.1");
    await once(behind, "listening");
    const app = express();
    app.get("/", (_request, response) => {
      http.get({ port: (behind.address() as AddressInfo).port, host: "127.0.0.1" }, (answer) => {
        response.status(answer.statusCode!);
        answer.pipe(response);
      });
    });

    const answer = await fetch(await listen(app));
    behind.close();

    expect(answer.status).toBe(502);
    expect(await arrived()).toEqual({});
  });

  test("an error that was captured in the request is seen, whatever answers", async () => {
    start();
    const app = express();
    app.get("/", (_request, response) => {
      captureException(new Error("by hand"));
      response.status(500).end();
    });

    await fetch(await listen(app));

    expect(await arrived()).toEqual({ "by hand": 1 });
  });

  test("a client that goes is no event: reading its body, writing it an answer", async () => {
    start();
    const app = express();
    const ends: Promise<unknown>[] = [];
    app.post("/read", express.json(), (_request, response) => void response.end());
    app.post("/stream", (request, _response, next) => {
      ends.push(new Promise((resolve) => request.once("close", resolve)));
      request.on("error", next).resume();
    });
    app.post("/write", (request, response, next) => {
      request.resume();
      const endless = new Readable({ read: () => void setImmediate(() => endless.push("x".repeat(1000))) });
      ends.push(new Promise((resolve) => pipeline(endless, response, (error) => resolve(next(error)))));
    });
    app.use(errorHandler());
    const { port } = new URL(await listen(app));

    for (const path of ["/read", "/stream", "/write"]) {
      const socket = connect(Number(port), "127.0.0.1");
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
      );
      await new Promise((resolve) => setTimeout(resolve, 30));
      socket.destroy();
    }
    await Promise.all(ends);
    await new Promise((resolve) => setTimeout(resolve, 60));

    expect(await arrived()).toEqual({});
  });

  test("another socket's failure is one, after the client has gone too", async () => {
    start();
    const app = express();
    let failed: () => void;
    const hasFailed = new Promise<void>((resolve) => {
      failed = resolve;
    });
    app.get("/", (_request, response, next) => {
      response.once("close", () => {
        next(
          Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read", errno: -104 }),
        );
        failed();
      });
      socket.destroy();
    });
    app.use(errorHandler());
    const { port } = new URL(await listen(app));
    const socket = connect(Number(port), "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await hasFailed;

    expect(await arrived()).toEqual({ "read ECONNRESET": 1 });
  });
});

test("requestHandler() and errorHandler() refuse options that they do not have, at once", () => {
  const typed = { clinet: undefined } as object;

  expect(() => requestHandler(typed)).toThrow(
    "Invalid option requestHandler().clinet: expected one of client, unseen5xx, received an unknown key (did you mean client?)",
  );
  expect(() => errorHandler({ shouldReport: true } as object)).toThrow("expected a function, received true");
});

test.each([
  ["requestHandler", requestHandler],
  ["errorHandler", errorHandler],
])("app.use(%s) without parentheses is named at the first request", async (name, handler) => {
  const app = express5();
  app.set("env", "test");
  app.use(handler as never);

  const answer = await fetch(await listen(app));

  expect(answer.status).toBe(500);
  expect(await answer.text()).toContain(`expected ${name}(), received ${name}: call it`);
});
