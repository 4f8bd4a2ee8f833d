import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../process/normalise.js";
import { type RequestPolicy, Scope } from "../scope.js";
import { readCauseTree } from "./cause-tree.js";
import { type Echo, Echoes } from "./echo.js";
import { readException } from "./exception-text.js";
import type { CaptureHint } from "./hint.js";
import { snapshotBytes, snapshotOf } from "./snapshot.js";
import { surroundings, whereabouts } from "./surroundings.js";

const LIMITS = { ...DEFAULT_LIMITS, causes: 10 };
const POLICY: RequestPolicy = { sendDefaultPii: false, requestBody: false, maxRequestBodyBytes: 0 };

class ShopError extends Error {}

/** Equal ones are thrown at one place. */
function failure(
  more: object = {},
  Class: new (message: string) => Error = Error,
  message = "no answer",
): Error {
  return Object.assign(new Class(message), {}, more);
}

/** One error of each, all from one place. */
function equalFailures<Failures extends readonly (() => Error)[]>(...make: Failures): Error[] {
  return make.map((one) => {
    const error = one();
    error.stack = `Error: ${error.message}\n    at pay (/app/src/orders.js:1:5)`;
    return error;
  });
}

function echoOf(error: unknown, scope: Scope, hint?: CaptureHint): Echo {
  const { nodes: exceptions } = readCauseTree(error, readException(error, LIMITS), LIMITS);
  const around = surroundings(whereabouts(scope), hint, LIMITS, POLICY);
  const snapshot = snapshotOf("1".padStart(32, "0"), 1, { exceptions }, around, error);
  return { key: "key", snapshot, bytes: snapshotBytes(snapshot) };
}

function remember(error: unknown, scope: Scope, hint?: CaptureHint): Echoes {
  const echoes = new Echoes();
  echoes.add(error, whereabouts(scope), hint, echoOf(error, scope, hint));
  return echoes;
}

describe("Echoes.find()", () => {
  test("finds the capture of an equal error, which is not kept alive", () => {
    const scope = new Scope().setTag("shop", "main");
    const [first, second] = equalFailures(failure, failure);
    const echo = remember(first, scope).find(second, whereabouts(scope), undefined);

    const { snapshot, ...rest } = echoOf(first, scope);
    expect(echo).toMatchObject(rest);
    expect(echo?.snapshot).toEqual({ ...snapshot, original: undefined });
  });

  test.each<[string, () => Error]>([
    ["another message", () => failure({}, Error, "no luck")],
    ["another class", () => failure({}, ShopError)],
    ["another name", () => failure({ name: "ShopError" })],
    ["data of its own", () => failure({ code: 17 })],
    ["a cause", () => new Error("no answer", { cause: 17 })],
    ["a call of the system", () => Object.defineProperty(failure(), "syscall", { value: "open" })],
  ])("finds nothing for an error with %s", (_, other) => {
    const scope = new Scope();
    const [first, second] = equalFailures(failure, other);

    expect(remember(first, scope).find(second, whereabouts(scope), undefined)).toBeUndefined();
    expect(remember(second, scope).find(first, whereabouts(scope), undefined)).toBeUndefined();
  });

  test("finds nothing for an error with another stack", () => {
    const scope = new Scope();
    const [first, second] = equalFailures(failure, failure);
    second!.stack = second!.stack!.replace("orders.js:1", "orders.js:2");

    expect(remember(first, scope).find(second, whereabouts(scope), undefined)).toBeUndefined();
  });

  test("finds nothing when the scope has changed, or the call says more", () => {
    const scope = new Scope();
    const [first, second] = equalFailures(failure, failure);
    const echoes = remember(first, scope);

    expect(echoes.find(second, whereabouts(scope), { tags: { shop: "main" } })).toBeUndefined();
    scope.addBreadcrumb({ message: "paid" });
    expect(echoes.find(second, whereabouts(scope), undefined)).toBeUndefined();
  });

  test("remembers nothing of a call that said more, nor of a scope that asks for its request", () => {
    const [first, second] = equalFailures(failure, failure);
    const hinted = remember(first, new Scope(), { level: "fatal" });
    const scope = new Scope().setRequest(() => ({ request: { url: "/cart" } }));

    expect(hinted.find(second, whereabouts(new Scope()), undefined)).toBeUndefined();
    expect(remember(first, scope).find(second, whereabouts(scope), undefined)).toBeUndefined();
  });

  test("takes anything", () => {
    const scope = new Scope();
    const [first] = equalFailures(failure);
    const echoes = remember(first, scope);
    const hostile = new Proxy(first!, {
      getPrototypeOf() {
        throw new Error("no");
      },
    });

    for (const value of [undefined, null, "text", 17, Symbol("s"), () => 1, hostile, Object.create(null)])
      expect(echoes.find(value, whereabouts(scope), undefined)).toBeUndefined();
  });
});
