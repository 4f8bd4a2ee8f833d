import { describe, expect, test } from "vitest";
import { ownKeys } from "./own-keys.js";

/** A clock that gives the times listed, in order, then the last one. */
function clockOf(...times: number[]): () => number {
  return () => (times.length > 1 ? times.shift()! : times[0]!);
}

describe("ownKeys()", () => {
  const mark = Symbol("mark");

  test("lists names and symbols", () => {
    const value = Object.defineProperty({ b: 1, a: 2, [mark]: 3 }, "hidden", { value: 4 });

    expect(ownKeys(value)).toEqual({ names: ["b", "a"], symbols: [mark] });
  });

  test("lists nothing when walking over the names is slow, twice", () => {
    expect(ownKeys({ a: 1 }, clockOf(0, 2.5, 2.5, 5))).toBeUndefined();
  });

  test("does not believe in one slow walk", () => {
    expect(ownKeys({ a: 1 }, clockOf(0, 50, 50, 50.1))).toEqual({ names: ["a"], symbols: [] });
  });

  test("remembers what was too large", () => {
    const value = { a: 1 };
    ownKeys(value, clockOf(0, 3, 3, 6));

    expect(ownKeys(value)).toBeUndefined();
  });

  test("lists a great many whole numbers once", () => {
    const value = Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [i * 7919, i]));

    expect(ownKeys(value, () => 0)?.names).toHaveLength(60_000);
    expect(ownKeys(value, () => 0)).toBeUndefined();
  });
});
