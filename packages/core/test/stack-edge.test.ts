import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as api from "../src/context/api.js";
import { getScope, setCurrentClient, withRequestScope, withScope } from "../src/context/current.js";
import { wrap } from "../src/context/wrap.js";
import { createTestBench, expectBalance, type TestBench } from "./support/client.js";

/** Two kilobytes: where not even these are left, the call of a function overflows in its caller. */
const ENTRY: readonly undefined[] = Array.from({ length: 256 }, () => undefined);

/** Calls `fn` at the edge of the stack and in the 1000 frames in front of it. @returns how often, and what it threw */
function atTheEdge(fn: () => unknown): { readonly calls: number; readonly thrown: unknown[] } {
  let calls = 0;
  const thrown: unknown[] = [];
  const call = (): void => {
    try {
      Reflect.apply(() => undefined, undefined, ENTRY);
    } catch {
      return;
    }
    calls++;
    try {
      fn();
    } catch (error) {
      thrown.push(error);
    }
  };
  const descend = (): void => {
    try {
      descend();
    } catch {
      // The edge, or no room for what follows it.
    }
    if (calls < 1000) call();
  };
  // The engine compiles a function when it is first called, which takes more of the stack than the call.
  call();
  calls = 0;
  descend();
  return { calls: calls + 1, thrown };
}

let bench: TestBench;
beforeEach(() => {
  bench = createTestBench({ once: false });
  setCurrentClient(bench.client);
});
afterEach(() => void setCurrentClient(undefined));

const noThrow = (): undefined => undefined;
const nothing = wrap(() => 1);
const FUNCTIONS: readonly [string, () => unknown][] = [
  ["addBreadcrumb", () => api.addBreadcrumb({ message: "step", data: { a: 1 } })],
  ["setTag", () => api.setTag("a", "b")],
  ["setTags", () => api.setTags({ a: "b" })],
  ["setExtra", () => api.setExtra("a", { b: [1] })],
  ["setExtras", () => api.setExtras({ a: { b: [1] } })],
  ["setContext", () => api.setContext("a", { b: 1 })],
  ["setUser", () => api.setUser({ id: "1" })],
  ["setFingerprint", () => api.setFingerprint(["a"])],
  ["setTransaction", () => api.setTransaction("GET /")],
  ["setLevel", () => api.setLevel("error")],
  ["getScope", () => getScope()],
  ["lastEventId", () => api.lastEventId()],
  ["wrap", () => wrap(noThrow)],
];

describe("near the edge of the stack", () => {
  const error = new Error("deep");
  const captures: readonly [string, () => unknown][] = [
    ["captureException", () => api.captureException(error)],
    ["captureException of a new error", () => api.captureException(new TypeError("deep"))],
    ["captureMessage", () => api.captureMessage("deep")],
    ["captureEvent", () => api.captureEvent({ message: "deep", extra: { a: { b: 1 } } })],
  ];

  test.each(captures)("%s does not throw, and counts every capture once", async (_, capture) => {
    const { calls, thrown } = atTheEdge(capture);

    expect(thrown).toEqual([]);
    expect(bench.client.stats().captured).toBe(calls);
    expectBalance(bench.client);
    await bench.client.flush();
    expectBalance(bench.client);
    expect(bench.client.stats().queued).toBe(0);
  });

  test.each(FUNCTIONS)("%s does not throw", (_, fn) => {
    expect(atTheEdge(fn).thrown).toEqual([]);
  });

  test("withScope and withRequestScope call the function, and what it sets is gone afterwards", () => {
    const thrown = [withScope, withRequestScope].map((within) => {
      let isCalled = false;
      const { thrown } = atTheEdge(() => {
        isCalled = false;
        within((scope) => {
          isCalled = true;
          scope.setTag("inner", "1");
        });
        if (!isCalled) throw new Error("not called");
      });
      return thrown.filter((error) => !(error instanceof RangeError));
    });

    expect(thrown).toEqual([[], []]);
    expect(getScope().snapshot().tags).toEqual({});
  });

  test("a wrapped function throws what the function throws", () => {
    expect(atTheEdge(nothing).thrown.every((error) => error instanceof RangeError)).toBe(true);
  });

  test.each([
    ["flush", api.flush],
    ["close", api.close],
  ])("%s neither throws nor rejects, and leaves no timer", async (_, send) => {
    const results: Promise<boolean>[] = [];
    const { thrown } = atTheEdge(() => results.push(send(1000)));

    expect(thrown).toEqual([]);
    expect(await Promise.all(results)).toEqual(results.map(() => true));
    expect(bench.clock.pending).toBe(0);
  });
});
