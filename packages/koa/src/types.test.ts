import type { CaptureTarget } from "@corvid/core";
import Router from "@koa/router";
import Koa3 from "koa";
import type Koa2 from "types-koa-2";
import { expect, expectTypeOf, test } from "vitest";
import { type IncomingContext, requestHandler } from "./index.js";

declare const tenants: Map<string, CaptureTarget>;

test("requestHandler() is what app.use() takes, in Koa 3 and 2, and a router's use()", () => {
  expectTypeOf(requestHandler()).toExtend<Koa3.Middleware>();
  expectTypeOf(requestHandler()).toExtend<Koa2.Middleware>();
  expectTypeOf(requestHandler()).toExtend<Parameters<Koa2["use"]>[0]>();

  expect(new Koa3().use(requestHandler())).toBeInstanceOf(Koa3);
  expect(new Router().use(requestHandler())).toBeInstanceOf(Router);
});

test("requestHandler({ client }) knows the context without being told its type", () => {
  requestHandler({
    client(context) {
      expectTypeOf(context.hostname).toEqualTypeOf<string>();
      expectTypeOf(context.request.hostname).toEqualTypeOf<string>();
      expectTypeOf(context.get("x-tenant")).toEqualTypeOf<string>();
      expectTypeOf(context.headers.authorization).toEqualTypeOf<string | undefined>();
      return tenants.get(context.hostname);
    },
  });

  expectTypeOf<Koa3.Context>().toExtend<IncomingContext>();
  expectTypeOf<Koa2.Context>().toExtend<IncomingContext>();
});

test("requestHandler({ client }) takes a function of the application's own type of context", () => {
  requestHandler({ client: (context: Koa3.Context) => tenants.get(context.hostname) });
  requestHandler({ client: (context: Koa2.Context) => tenants.get(context.hostname) });
  requestHandler({ client: (context: { readonly path: string }) => tenants.get(context.path) });

  // @ts-expect-error: no context is a number
  requestHandler({ client: (context: number) => tenants.get(`${context}`) });
});
