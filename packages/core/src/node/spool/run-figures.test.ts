import { describe, expect, test } from "vitest";
import { nodeRunSource, oldSpaceLimit } from "./run-figures.js";

const MIB = 2 ** 20;

describe("oldSpaceLimit()", () => {
  test.for([
    ["v20.20.2", 560, []],
    ["v22.23.3", 560, []],
    ["v24.21.0", 704, []],
    ["v26.10.0", 608, []],
    ["v24.21.0", 536, ["--max-old-space-size=512", "--max-semi-space-size=8"]],
    ["v24.21.0", 536, ["--max_semi_space_size=64", "--max_semi_space_size=8"]],
  ] as const)("takes the room for new objects off what %s tells: %i MiB %j", ([node, whole, flags]) => {
    expect(oldSpaceLimit(whole * MIB, node, flags)).toBe(512 * MIB);
  });

  test("is never nothing", () => {
    expect(oldSpaceLimit(100 * MIB, "v24.0.0", [])).toBe(100 * MIB);
    expect(oldSpaceLimit(100 * MIB, "v24.0.0", ["--max-semi-space-size=4096"])).toBe(100 * MIB);
  });
});

describe("nodeRunSource()", () => {
  test("tells what there is of this process", () => {
    const { facts, figures } = nodeRunSource();

    expect(facts).toMatchObject({ node: process.version, pid: process.pid });
    expect(facts.memoryLimit).toBeGreaterThan(figures().rss);
    expect(facts.heapLimit).toBeGreaterThan(figures().heapUsed);
    expect(figures().busy).toBeGreaterThanOrEqual(0);
    expect(figures().busy).toBeLessThanOrEqual(1);
  });
});
