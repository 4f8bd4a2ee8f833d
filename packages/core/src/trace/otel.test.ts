import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, type ContextManager, context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { afterEach, describe, expect, test } from "vitest";
import { activeOtelSpan } from "./otel.js";

const API = Symbol.for("opentelemetry.js.api.1");
const ids = { traceId: "a".repeat(32), spanId: "b".repeat(16) };

afterEach(() => {
  context.disable();
});

/** As the application's own set-up would register one. */
function registerContextManager(): void {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, fn, thisArg, ...args) => storage.run(active, () => fn.apply(thisArg as never, args)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  context.setGlobalContextManager(manager);
}

const spanOf = (span: typeof ids): Context =>
  trace.setSpan(context.active(), trace.wrapSpanContext({ ...span, traceFlags: 1 }));

describe("activeOtelSpan()", () => {
  test("finds the span around the call", async () => {
    registerContextManager();

    const found = await context.with(spanOf(ids), async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return activeOtelSpan();
    });

    expect(found).toEqual(ids);
    expect(activeOtelSpan()).toBeUndefined();
  });

  test("takes no span that is none", () => {
    registerContextManager();
    for (const wrong of [{ traceId: "0".repeat(32) }, { spanId: "x" }, { traceId: 5 as never }])
      expect(context.with(spanOf({ ...ids, ...wrong }), activeOtelSpan)).toBeUndefined();
  });

  test("does without OpenTelemetry, and with something else in its place", () => {
    const holder = globalThis as { [key: symbol]: unknown };
    const before = holder[API];
    const trap = (): never => {
      throw new Error("trap");
    };
    for (const api of [undefined, null, 5, {}, { context: { active: trap } }, new Proxy({}, { get: trap })]) {
      holder[API] = api;
      expect(activeOtelSpan()).toBeUndefined();
    }
    holder[API] = before;
  });
});
