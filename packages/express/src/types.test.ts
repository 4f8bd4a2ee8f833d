import type { CaptureTarget } from "@corvid/core";
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from "express";
import { expect, expectTypeOf, test } from "vitest";
import { errorHandler, requestHandler } from "./index.js";

declare const tenants: Map<string, CaptureTarget>;

test("requestHandler() and errorHandler() are what app.use() takes", () => {
  const app = express();

  app.use(requestHandler());
  app.use("/api", requestHandler(), errorHandler());
  app.use(requestHandler({ client: (request: Request) => tenants.get(request.hostname) }));
  app.use(errorHandler({ shouldReport: (error) => error instanceof TypeError }));
  express.Router().use(requestHandler()).use(errorHandler());

  expectTypeOf(requestHandler()).toExtend<RequestHandler>();
  expectTypeOf(errorHandler()).toExtend<ErrorRequestHandler>();
});

test("errorHandler() has the four parameters by which Express knows an error handler", () => {
  expect(errorHandler()).toHaveLength(4);
  expect(requestHandler()).toHaveLength(3);
});
