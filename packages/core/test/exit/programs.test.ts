import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { inParallel } from "./node-process.js";
import { type Comparison, compare, essence } from "./run-program.js";
import { PROGRAMS } from "./table.js";

const compared: Promise<ReadonlyMap<string, Comparison>> = inParallel(PROGRAMS, 4, (program) =>
  compare(program, process.execPath),
).then((all) => new Map(all.map((one) => [one.program.what, one])));

describe("a program with Corvid ends as it would have without, and its errors arrive: one that", () => {
  test.each(PROGRAMS.map(({ what }) => [what]))("%s", { timeout: 120_000 }, async (what) => {
    const { program, without, with: withCorvid, arrived, problems } = (await compared).get(what)!;

    expect(essence(withCorvid)).toEqual(essence(without));
    expect(arrived).toEqual(program.events.map((text) => expect.stringContaining(text)));
    expect(problems).toEqual([]);
  });
});

test("docs/exit.md shows every program of the table, and no other", () => {
  const text = readFileSync(new URL("../../../../docs/exit.md", import.meta.url), "utf8");
  const rows = text.slice(text.indexOf("<!-- table -->")).match(/^\| .*?(?= \|)/gm) ?? [];

  expect(rows.slice(1)).toEqual(PROGRAMS.map(({ what }) => `| ${what}`));
});
