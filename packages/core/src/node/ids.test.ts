import { describe, expect, test } from "vitest";
import { createIdSource } from "./ids.js";

describe("createIdSource()", () => {
  test("gives version 4 UUIDs without dashes, each once", () => {
    const newId = createIdSource();

    const ids = Array.from({ length: 10_000 }, newId);

    expect(ids.filter((id) => !/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(10_000);
  });

  test("gives each id once where the random bytes are fetched between turns", async () => {
    const newId = createIdSource();
    const ids: string[] = [];
    for (let turn = 0; turn < 400; turn++) {
      for (let n = 0; n < 1 + ((turn * 7) % 150); n++) ids.push(newId());
      await Promise.resolve();
    }

    expect(ids.filter((id) => !/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
