import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crashReport, readCrashReport } from "./run-report.js";

const PLANTED = "made-up-secret";
const report = {
  header: {
    reportVersion: 5,
    event: "Allocation failed - JavaScript heap out of memory",
    trigger: "OOMError",
    cwd: `/srv/${PLANTED}`,
    commandLine: ["node", "app.js", `--token=${PLANTED}`],
    networkInterfaces: [{ address: PLANTED }],
    host: PLANTED,
  },
  javascriptStack: {
    message: PLANTED,
    stack: ["at leak (/srv/app.js:3:7)", "  at listOnTimeout (node:internal/timers:1:1)"],
    errorProperties: { token: PLANTED },
  },
  nativeStack: [
    { pc: "0x1", symbol: " [/opt/node]" },
    { pc: "0x2", symbol: "node::OOMErrorHandler(char const*) [/opt/node]" },
  ],
  javascriptHeap: {
    heapSpaces: {
      old_space: { memorySize: 200, used: 100 },
      read_only_space: { memorySize: 0, used: 0 },
    },
  },
  libuv: [{ type: "tcp", remoteEndpoint: { host: PLANTED } }, { type: "timer" }, { type: "tcp" }],
  environmentVariables: { TOKEN: PLANTED },
  sharedObjects: [PLANTED],
};
const text = JSON.stringify(report, null, 2);

describe("crashReport()", () => {
  test("picks what is worth knowing, and nothing else", () => {
    const picked = crashReport(text);

    expect(picked).toEqual({
      event: "Allocation failed - JavaScript heap out of memory",
      isOutOfMemory: true,
      context: {
        event: "Allocation failed - JavaScript heap out of memory",
        trigger: "OOMError",
        javascript_stack: ["at leak (/srv/app.js:3:7)", "at listOnTimeout (node:internal/timers:1:1)"],
        native_stack: ["node::OOMErrorHandler(char const*)"],
        heap_spaces: { old_space: { used: 100, size: 200 } },
        handles: { tcp: 2, timer: 1 },
      },
    });
    expect(JSON.stringify(picked)).not.toContain(PLANTED);
  });

  test("has what happened of a report that is cut off", () => {
    expect(crashReport(text.slice(0, 200))).toEqual({
      event: "Allocation failed - JavaScript heap out of memory",
      isOutOfMemory: true,
      context: { event: "Allocation failed - JavaScript heap out of memory", trigger: "OOMError" },
    });
  });

  test("knows a fatal error that has nothing to do with memory", () => {
    const other = { header: { event: "v8::ToLocalChecked Empty MaybeLocal", trigger: "FatalError" } };

    expect(crashReport(JSON.stringify(other))).toMatchObject({ isOutOfMemory: false });
  });

  test.for(["API", "Signal", "Exception", ""])("leaves a report alone that came by %j", (trigger) => {
    expect(crashReport(JSON.stringify({ header: { event: "e", trigger } }))).toBeUndefined();
  });

  test("is small, however large the report", () => {
    const lines = Array<string>(10_000).fill("x".repeat(10_000));
    const spaces = Object.fromEntries(lines.map((_, n) => [`space_${n}`, { memorySize: 1, used: 1 }]));
    const large = {
      ...report,
      javascriptStack: { stack: lines.slice(0, 100) },
      nativeStack: lines.slice(0, 100).map((symbol) => ({ symbol })),
      javascriptHeap: { heapSpaces: spaces },
      libuv: lines.map((_, n) => ({ type: `kind ${n}` })),
    };

    expect(JSON.stringify(crashReport(JSON.stringify(large))).length).toBeLessThan(20_000);
  });

  test("survives whatever it is given", () => {
    fc.assert(fc.property(fc.string(), (any) => crashReport(any) === undefined));
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(report)), fc.jsonValue(), (key, value) => {
        const damaged = JSON.stringify({ ...report, [key]: value });
        JSON.stringify(crashReport(damaged));
      }),
    );
  });
});

describe("readCrashReport()", () => {
  test("reads the newest, and nothing where there is none", async () => {
    const folder = mkdtempSync(join(tmpdir(), "corvid-report-"));
    expect(await readCrashReport(folder)).toBeUndefined();
    expect(await readCrashReport(join(folder, "none"))).toBeUndefined();

    writeFileSync(join(folder, "report.20260102.030405.7.0.001.json"), text.replace("OOMError", "API"));
    writeFileSync(join(folder, "report.20260102.030406.7.0.002.json"), text);

    expect(await readCrashReport(folder)).toMatchObject({ isOutOfMemory: true });
    rmSync(folder, { recursive: true });
  });
});
