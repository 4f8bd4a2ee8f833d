import { describe, expect, test } from "vitest";
import { type RequestPolicy, Scope } from "../context/scope.js";
import { DEFAULT_LIMITS } from "../process/normalise.js";
import { captureContext } from "./context.js";

const POLICY: RequestPolicy = { sendDefaultPii: false, requestBody: false, maxRequestBodyBytes: 0 };

describe("captureContext()", () => {
  test("asks for the request at once, and lets go of its source", () => {
    const scope = new Scope().setTag("shop", "main").setRequest(() => ({ request: { url: "/cart" } }));
    const layers = [new Scope().snapshot(), scope.snapshot()];

    const around = captureContext({ identity: scope, layers, trails: [] }, undefined, DEFAULT_LIMITS, POLICY);

    expect(around.request).toEqual({ url: "/cart" });
    expect(around.layers.map(({ request, tags }) => ({ request, tags }))).toEqual([
      { request: undefined, tags: {} },
      { request: undefined, tags: { shop: "main" } },
    ]);
    expect(scope.snapshot().request).toBeDefined();
  });
});
