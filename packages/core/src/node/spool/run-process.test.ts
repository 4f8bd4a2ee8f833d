import { describe, expect, test } from "vitest";
import { nodeFlags } from "./node-flags.js";
import { isStartedForDebugging, seeProcess, watchProcess } from "./run-process.js";

describe("seeProcess()", () => {
  test("tells a process from all others", () => {
    const self = seeProcess(process.pid);

    expect(self?.identity).toBe(seeProcess(process.pid)?.identity);
    expect(self?.identity).not.toBe(seeProcess(process.ppid)?.identity);
    expect(seeProcess(2 ** 30)).toBeUndefined();
  });
});

describe("watchProcess()", () => {
  test("finds a process that waits at rest, and no other in its place", async () => {
    const { identity } = seeProcess(process.pid)!;

    expect(await watchProcess(process.pid, identity)).toEqual({ isBusy: false });
    expect(await watchProcess(process.pid, `${identity}0`)).toBeUndefined();
  });
});

describe("isStartedForDebugging()", () => {
  test.for([
    [["--inspect"], {}],
    [["--enable-source-maps", "--inspect-brk=0.0.0.0:9229"], {}],
    [["--inspect-wait"], {}],
    [[], { VSCODE_INSPECTOR_OPTIONS: "{}" }],
  ] as const)("sees %j", ([flags, env]) => {
    expect(isStartedForDebugging(flags, env)).toBe(true);
  });

  test.for([[[]], [["--inspect-port=9229", "--inspect-publish-uid=http"]], [["--no-inspect"]]])(
    "is not misled by %j",
    ([flags]) => {
      expect(isStartedForDebugging(flags!, {})).toBe(false);
    },
  );
});

describe("nodeFlags()", () => {
  test("has those of the command line after those of the environment", () => {
    expect(nodeFlags(["--inspect"], ' --no-warnings  "--inspect=0" ')).toEqual([
      "--no-warnings",
      "--inspect=0",
      "--inspect",
    ]);
    expect(nodeFlags([], undefined)).toEqual(nodeFlags([], process.env["NODE_OPTIONS"]));
  });
});
