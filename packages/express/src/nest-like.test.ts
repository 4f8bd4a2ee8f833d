import { captureException, close } from "@corvid/core";
import express, { type ErrorRequestHandler, type Request, type Response, Router } from "express";
import { expect, test } from "vitest";
import { httpApplications } from "../../core/test/support/http-application.js";
import { requestHandler } from "./index.js";

const applications = httpApplications();
const { start, listen } = applications;

class HttpException extends Error {
  readonly statusCode: number;

  constructor(statusCode: number) {
    super(`answered with ${statusCode}`);
    this.statusCode = statusCode;
  }

  getStatus(): number {
    return this.statusCode;
  }
}

/** Calls a controller as NestJS does: its exception filter answers, and Express sees no error. */
function controller(
  run: (request: Request) => Promise<unknown>,
): (request: Request, response: Response) => Promise<void> {
  return async (request, response) => {
    try {
      response.json(await run(request));
    } catch (error) {
      const status = error instanceof HttpException ? error.getStatus() : 500;
      response.status(status).json({ statusCode: status });
    }
  };
}

/** A router with an error handler of its own. */
function routerOfItsOwn(): Router {
  const answer: ErrorRequestHandler = (error, _request, response, _next) =>
    void response.status((error as HttpException).statusCode).end();
  return Router()
    .get("/items/:status", (request) => {
      throw new HttpException(Number(request.params.status));
    })
    .use(answer);
}

test("an application like NestJS's, and a router that answers: every 500, 502 and 504 is one, and nothing else is", async () => {
  start();
  const app = express();
  app.use(requestHandler());
  app.use("/tenants/:tenant", routerOfItsOwn());
  app.get(
    "/orders/:status",
    controller(async (request) => {
      throw new HttpException(Number(request.params["status"]));
    }),
  );
  app.get(
    "/broken",
    controller(async () => {
      const missing: { id: number } | undefined = undefined as { id: number } | undefined;
      return missing!.id;
    }),
  );
  app.get(
    "/seen",
    controller(async () => {
      const error = new Error("seen");
      captureException(error);
      throw error;
    }),
  );
  const url = await listen(app);

  for (const status of [400, 404, 422, 500, 500, 501, 502, 503, 504]) {
    await fetch(`${url}/orders/${status}`);
    await fetch(`${url}/tenants/acme/items/${status}`);
  }
  await fetch(`${url}/broken`);
  await fetch(`${url}/seen`);
  await close();

  const counts: Record<string, number> = {};
  for (const { event } of applications.server.events()) {
    const title = event.exception?.values.at(-1)?.value ?? event.logentry?.formatted?.split("\n")[0] ?? "";
    const repeats = event.contexts?.["repeats"] as { count: number } | undefined;
    counts[title] = (counts[title] ?? 0) + (repeats?.count ?? 1);
  }
  expect(counts).toEqual({
    "GET /orders/:status answered 500": 2,
    "GET /orders/:status answered 502": 1,
    "GET /orders/:status answered 504": 1,
    "GET /tenants/:tenant/items/:status answered 500": 2,
    "GET /tenants/:tenant/items/:status answered 502": 1,
    "GET /tenants/:tenant/items/:status answered 504": 1,
    "GET /broken answered 500": 1,
    seen: 1,
  });
});
