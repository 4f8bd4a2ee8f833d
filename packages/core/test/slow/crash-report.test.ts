import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventOfRun } from "../../src/node/spool/run-finding.js";
import { readRun } from "../../src/node/spool/run-reader.js";
import { createDyingProgram, type DyingProgram, type DyingRun } from "../support/dying-run.js";
import { nodeOfMajor } from "../support/node-major.js";

/** What each version of Node leaves of a run that nobody could report. */

let program: DyingProgram;
beforeAll(async () => {
  program = await createDyingProgram();
});
afterAll(() => program.remove());

const PLANTED = "made-up-secret";
const TIGHT = "--max-old-space-size=32";
const EXCLUDING = ["--report-exclude-env", "--report-exclude-network"];

function runOut(major: number, flags: readonly string[]): Promise<DyingRun> {
  const env = { REPORT: "1", TOKEN: PLANTED };
  return program.run("leak-at-once", { flags: [TIGHT, ...flags], env, node: nodeOfMajor(major) });
}

describe.for([22, 24, 26])("Node %i", (major) => {
  test("proves that memory ran out, even when the loop never turned", async () => {
    const run = await runOut(major, EXCLUDING);
    const reports = readdirSync(join(run.folder, "report"));
    expect(reports).toHaveLength(1);
    expect(readFileSync(join(run.folder, "report", reports[0]!), "utf8")).not.toContain(PLANTED);

    const finding = await readRun(run.folder, Date.now());
    const event = eventOfRun(finding!);

    expect(finding?.verdict).toEqual({ kind: "out_of_memory", evidence: "report" });
    expect(event.level).toBe("fatal");
    expect(event.contexts?.["run"]?.["report"]).toMatchObject({
      event: expect.stringContaining("out of memory"),
      trigger: "OOMError",
      heap_spaces: { old_space: { used: expect.any(Number), size: expect.any(Number) } },
      native_stack: expect.arrayContaining([expect.stringContaining("OOMErrorHandler")]),
    });
    expect(readdirSync(run.folder)).toEqual([]);
  });

  test("shows that memory was short, without a report", async () => {
    const run = await program.run("leak", { flags: [TIGHT], node: nodeOfMajor(major) });

    expect((await readRun(run.folder, Date.now()))?.verdict).toMatchObject({
      kind: "out_of_memory",
      evidence: "memory",
    });
  });
});

test.for([20, 22])("Node %i without the flags writes no report, and Corvid says so", async (major) => {
  const run = await runOut(major, []);

  expect(run.err).toContain(EXCLUDING.join(" "));
  expect(readdirSync(run.folder)).toEqual(["run.json"]);
});
