import { describe, expect, test } from "vitest";
import { keyHash } from "./key-hash.js";

describe("keyHash()", () => {
  test("is a whole number, the same for equal texts however they were put together", () => {
    const text = "Error\nno answer\n/app/shop.js:10:3";
    const pieces = ["Error", "no answer", "/app/shop.js:10:3"].join("\n");

    expect(keyHash(pieces)).toBe(keyHash(text));
    expect(Number.isSafeInteger(keyHash(text))).toBe(true);
  });

  test("differs for texts that are alike", () => {
    const texts = Array.from(
      { length: 200_000 },
      (_, n) => `Error\ncase ${n.toString(26)} failed\n/app/a.js:1:1`,
    );
    texts.push("", "\0", "\0\0", "ab", "ba", "\ud800", "\udc00");

    expect(new Set(texts.map(keyHash)).size).toBe(texts.length);
  });
});
