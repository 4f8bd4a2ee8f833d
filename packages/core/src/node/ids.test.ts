import { describe, expect, test } from "vitest";
import { createIdSource } from "./ids.js";

describe("createIdSource()", () => {
  test("gives version 4 UUIDs without dashes, each once", () => {
    const newId = createIdSource();

    const ids = Array.from({ length: 10_000 }, newId);

    expect(ids.filter((id) => !/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(10_000);
  });
});
