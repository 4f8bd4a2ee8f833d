import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  eventOfRun,
  judgeRun,
  RUN_FILE,
  type RunVerdict,
  takeRunRecord,
} from "../../src/node/spool/run-record.js";
import { createDyingProgram, type Death, type DyingProgram } from "../support/dying-run.js";

let program: DyingProgram;
beforeAll(async () => {
  program = await createDyingProgram();
});
afterAll(() => program.remove());

const TIGHT = { flags: ["--max-old-space-size=32"] };

/** The verdict on a run that left `undelivered` captures. */
function verdictOf(folder: string, undelivered: number): RunVerdict | undefined {
  const record = takeRunRecord(folder);
  return record && judgeRun(record, undelivered);
}

describe("a run that ended without an exit", () => {
  test.for(["SIGKILL", "SIGTERM"] as const)("is reported after %s, once", async (signal) => {
    const run = await program.run("wait", { signals: [signal] });
    expect(run.signal).toBe(signal);
    expect(statSync(join(run.folder, RUN_FILE)).mode & 0o777).toBe(0o600);

    const record = takeRunRecord(run.folder)!;
    const verdict = judgeRun(record, 2)!;

    expect(verdict).toMatchObject({
      kind: "unknown",
      evidence: expect.stringMatching(/^2 undelivered captures/),
    });
    expect(eventOfRun(record, verdict)).toMatchObject({
      level: "warning",
      release: "shop@1.0.0",
      environment: "test",
      server_name: "web-1",
      breadcrumbs: [{ message: "a step" }],
      tags: { previous_run: "unknown" },
    });
    expect(takeRunRecord(run.folder)).toBeUndefined();
    expect(readdirSync(run.folder)).toEqual([]);
  });

  test("is no event without evidence of a bad end", async () => {
    const run = await program.run("wait", { signals: ["SIGTERM"] });

    expect(verdictOf(run.folder, 0)).toBeUndefined();
  });

  test("is reported after process.abort() with undelivered captures", async () => {
    const run = await program.run("abort");

    expect(run.signal).toBe("SIGABRT");
    expect(verdictOf(run.folder, 1)).toMatchObject({ kind: "unknown" });
  });

  test("was out of memory, if its last record shows a full heap", async () => {
    const run = await program.run("leak", TIGHT);

    expect(run.err).toContain("heap out of memory");
    expect(verdictOf(run.folder, 0)).toMatchObject({
      kind: "out_of_memory",
      evidence: expect.stringMatching(/^heap \d+ of 32 MB$/),
    });
  });

  test("is recorded even when the loop never turned", async () => {
    const run = await program.run("leak-at-once", TIGHT);

    expect(run.err).toContain("heap out of memory");
    expect(verdictOf(run.folder, 1)).toMatchObject({ kind: "unknown" });
  });

  test("had been asked to end, if the application handled a signal", async () => {
    const run = await program.run("handle", { signals: ["SIGTERM", "SIGKILL"] });

    expect(verdictOf(run.folder, 0)).toMatchObject({
      kind: "signal",
      evidence: expect.stringMatching(/^SIGTERM at /),
    });
  });
});

describe("a run that ended properly leaves nothing behind", () => {
  test.for([
    ["exit", 0],
    ["end", 0],
    ["exit-3", 3],
    ["throw", 1],
    ["reject", 1],
  ] as const)("%s", async ([what, code]) => {
    const run = await program.run(what);

    expect(run.code).toBe(code);
    expect(readdirSync(run.folder)).toEqual([]);
  });

  test("nor does one whose client was closed", async () => {
    const run = await program.run("stop", { signals: ["SIGKILL"] });

    expect(readdirSync(run.folder)).toEqual([]);
  });
});

describe("a run under a debugger is not recorded", () => {
  test.for<Death>([
    { flags: ["--inspect=0"] },
    { env: { NODE_OPTIONS: "--inspect=127.0.0.1:0" } },
    { env: { VSCODE_INSPECTOR_OPTIONS: "{}" } },
  ])("%o", async (start) => {
    const run = await program.run("wait", { ...start, signals: ["SIGKILL"] });

    expect(readdirSync(run.folder)).toEqual([]);
  });
});

test("a run whose process is alive has not ended", async () => {
  const found = await program.run("wait", { signals: ["SIGKILL"] }, async (folder) => verdictOf(folder, 3));

  expect(found.seen).toBeUndefined();
});

describe("signals", () => {
  test.for(["handle-once", "handle-and-leave", "clean-up"])(
    "end the process as they would have: %s",
    async (what) => {
      const run = await program.run(what, { signals: ["SIGTERM", "SIGTERM"] });

      expect(run.signal).toBe("SIGTERM");
    },
  );
});

test("a worker thread has no run of its own", async () => {
  const run = await program.run("worker", { signals: ["SIGKILL"] });

  expect(readdirSync(run.folder)).toEqual([RUN_FILE]);
  expect(verdictOf(run.folder, 1)).toMatchObject({ kind: "unknown" });
});
