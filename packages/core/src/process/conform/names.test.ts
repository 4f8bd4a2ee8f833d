import { describe, expect, test } from "vitest";
import { release } from "./names.js";

describe("release()", () => {
  test.each([
    ["@acme/api@1.2.3", "acme-api@1.2.3"],
    ["feature/new thing\n", "feature-new-thing"],
    ["latest", undefined],
    ["..", undefined],
    ["", undefined],
    ["x".repeat(300), "x".repeat(200)],
    ["ü".repeat(150), "ü".repeat(100)],
  ])("%j becomes %j", (text, legal) => {
    expect(release(text)).toBe(legal);
  });
});
