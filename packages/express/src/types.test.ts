import type { CaptureTarget } from "@corvid/core";
import express5, { type ErrorRequestHandler, type Request, type RequestHandler } from "express";
// @ts-expect-error: has no types of its own
import untypedExpress4 from "express-4";
import type Express4 from "types-express-4";
import type {
  ErrorRequestHandler as ErrorRequestHandler4,
  Request as Request4,
  RequestHandler as RequestHandler4,
} from "types-express-4";
import { expect, expectTypeOf, test } from "vitest";
import { errorHandler, type IncomingRequest, requestHandler } from "./index.js";

const express4 = untypedExpress4 as typeof Express4;
declare const tenants: Map<string, CaptureTarget>;

test("requestHandler() and errorHandler() are what app.use() takes, in Express 5", () => {
  const app = express5();

  app.use(requestHandler());
  app.use("/api", requestHandler(), errorHandler());
  app.use(errorHandler({ shouldReport: (error) => error instanceof TypeError }));
  express5.Router().use(requestHandler()).use(errorHandler());

  expectTypeOf(requestHandler()).toExtend<RequestHandler>();
  expectTypeOf(errorHandler()).toExtend<ErrorRequestHandler>();
});

test("requestHandler() and errorHandler() are what app.use() takes, in Express 4", () => {
  const app = express4();

  app.use(requestHandler());
  app.use("/api", requestHandler(), errorHandler());
  app.use(errorHandler({ shouldReport: (error) => error instanceof TypeError }));
  express4.Router().use(requestHandler()).use(errorHandler());

  expectTypeOf(requestHandler()).toExtend<RequestHandler4>();
  expectTypeOf(errorHandler()).toExtend<ErrorRequestHandler4>();
});

test("requestHandler({ client }) knows the request without being told its type", () => {
  requestHandler({
    client(request) {
      expectTypeOf(request.hostname).toEqualTypeOf<string>();
      expectTypeOf(request.get("x-tenant")).toEqualTypeOf<string | undefined>();
      expectTypeOf(request.headers.authorization).toEqualTypeOf<string | undefined>();
      return tenants.get(request.hostname);
    },
  });
  errorHandler({ client: (request) => tenants.get(request.subdomains[0] ?? "") });

  expectTypeOf<Request>().toExtend<IncomingRequest>();
  expectTypeOf<Request4>().toExtend<IncomingRequest>();
});

test("requestHandler({ client }) takes a function of the application's own type of request", () => {
  type TenantRequest = Request & { readonly tenant: string };

  requestHandler({ client: (request: Request) => tenants.get(request.hostname) });
  requestHandler({ client: (request: Request4) => tenants.get(request.hostname) });
  requestHandler({ client: (request: TenantRequest) => tenants.get(request.tenant) });
  requestHandler({ client: (request: { readonly url: string }) => tenants.get(request.url) });

  // @ts-expect-error: no request is a number
  requestHandler({ client: (request: number) => tenants.get(`${request}`) });
});

test("errorHandler() has the four parameters by which Express knows an error handler", () => {
  expect(errorHandler()).toHaveLength(4);
  expect(requestHandler()).toHaveLength(3);
});
