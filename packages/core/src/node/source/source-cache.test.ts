import { describe, expect, test } from "vitest";
import { createSourceCache } from "./source-cache.js";

describe("createSourceCache()", () => {
  test("drops what was used least recently when the budget is full", () => {
    const cache = createSourceCache<{ bytes: number }>(3900);
    cache.set("a", { bytes: 1000 });
    cache.set("b", { bytes: 1000 });
    cache.get("a");
    cache.set("c", { bytes: 1000 });
    cache.set("d", { bytes: 1000 });

    expect(["a", "b", "c", "d"].filter((key) => cache.get(key) !== undefined)).toEqual(["a", "c", "d"]);
  });

  test("weighs a value anew, and drops one larger than the budget", () => {
    const cache = createSourceCache<{ bytes: number }>(2000);
    cache.set("a", { bytes: 100 });
    cache.set("b", { bytes: 100 });
    cache.set("b", { bytes: 1600 });

    expect(cache.get("a")).toBeUndefined();
    expect(cache.get("b")).toEqual({ bytes: 1600 });

    cache.set("b", { bytes: 5000 });

    expect(cache.get("b")).toBeUndefined();
  });

  test("is bounded also for values that weigh nothing", () => {
    const cache = createSourceCache<{ bytes: number }>(10_000);
    for (let i = 0; i < 1000; i++) cache.set(`missing ${i}`, { bytes: 0 });

    expect(
      Array.from({ length: 1000 }, (_, i) => cache.get(`missing ${i}`)).filter(Boolean).length,
    ).toBeLessThan(40);
    expect(cache.get("missing 999")).toEqual({ bytes: 0 });
  });
});
