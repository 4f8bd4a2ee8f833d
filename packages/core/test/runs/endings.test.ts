import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RUN_FILE } from "../../src/node/spool/run-file.js";
import { eventOfRun } from "../../src/node/spool/run-finding.js";
import { readRun } from "../../src/node/spool/run-reader.js";
import { createDyingProgram, type Death, type DyingProgram } from "../support/dying-run.js";

let program: DyingProgram;
beforeAll(async () => {
  program = await createDyingProgram();
});
afterAll(() => program.remove());

const TIGHT = { flags: ["--max-old-space-size=32"] };

describe("a run that ended without an exit", () => {
  test.for(["SIGKILL", "SIGTERM"] as const)("is told of after %s, once", async (signal) => {
    const run = await program.run("wait", { signals: [signal] });
    expect(run.signal).toBe(signal);
    expect(statSync(join(run.folder, RUN_FILE)).mode & 0o777).toBe(0o600);

    const finding = await readRun(run.folder, Date.now());

    expect(finding?.verdict).toEqual({ kind: "unknown" });
    expect(eventOfRun(finding!)).toMatchObject({
      level: "warning",
      release: "shop@1.0.0",
      environment: "test",
      server_name: "web-1",
      breadcrumbs: [{ message: "a step" }],
      tags: { previous_run: "unknown" },
    });
    expect(await readRun(run.folder, Date.now())).toBeUndefined();
    expect(readdirSync(run.folder)).toEqual([]);
  });

  test("is told of after process.abort()", async () => {
    const run = await program.run("abort");

    expect(run.signal).toBe("SIGABRT");
    expect((await readRun(run.folder, Date.now()))?.verdict).toEqual({ kind: "unknown" });
  });

  test("was short of memory, if it was when it was last seen", async () => {
    const run = await program.run("leak", TIGHT);
    const finding = await readRun(run.folder, Date.now());

    expect(run.err).toContain("heap out of memory");
    expect(finding?.verdict).toMatchObject({
      kind: "out_of_memory",
      evidence: "memory",
      of: { of: "heapUsed" },
    });
    expect(eventOfRun(finding!).message).toMatch(
      /^The previous run ended without an exit: probably out of memory \(heap \d+ of 32 MB/,
    );
  });

  test("is told of even when the loop never turned", async () => {
    const run = await program.run("leak-at-once", TIGHT);

    expect(run.err).toContain("heap out of memory");
    expect((await readRun(run.folder, Date.now()))?.verdict).toEqual({ kind: "unknown" });
  });

  test("had been asked to end, if the application was told so", async () => {
    const run = await program.run("handle", { signals: ["SIGTERM", "SIGKILL"] });

    expect((await readRun(run.folder, Date.now()))?.verdict).toEqual({
      kind: "signal",
      name: "SIGTERM",
      beforeMs: expect.any(Number),
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

describe("a run under a debugger is not told of", () => {
  test.for<Death>([
    { flags: ["--inspect=0"] },
    { env: { NODE_OPTIONS: "--inspect=127.0.0.1:0" } },
    { env: { VSCODE_INSPECTOR_OPTIONS: "{}" } },
  ])("%o", async (start) => {
    const run = await program.run("wait", { ...start, signals: ["SIGKILL"] });

    expect(readdirSync(run.folder)).toEqual([]);
  });
});

test("a run that opens the inspector is not told of", async () => {
  const run = await program.run("inspector", { signals: ["SIGKILL"] });

  expect(readdirSync(run.folder)).toEqual([]);
});

describe("a run that was given up too early", () => {
  test("hangs, if its process is there and busy", async () => {
    const found = await program.run("spin", { signals: ["SIGKILL"] }, (folder) =>
      readRun(folder, Date.now() + 60_000),
    );

    expect(found.seen?.verdict).toMatchObject({ kind: "stalled", isAlive: true });
  });

  test("has not ended, if its process is there", async () => {
    const found = await program.run("wait", { signals: ["SIGKILL"] }, (folder) =>
      readRun(folder, Date.now() + 60_000),
    );

    expect(found.seen).toBeUndefined();
    expect(readdirSync(found.folder)).toEqual([]);
  });
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
  expect((await readRun(run.folder, Date.now()))?.verdict).toEqual({ kind: "unknown" });
});
