import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { crumbsOf } from "../../context/breadcrumbs.js";
import { setCurrentClient, withRequestScope } from "../../context/current.js";
import type { Breadcrumb } from "../../model/event.js";
import { recordingTransport } from "../../testing.js";
import { Client } from "../client.js";

let client: Client | undefined;

function start(): void {
  client = new Client({
    dsn: false,
    transport: recordingTransport(),
    integrations: (defaults) => defaults.filter(({ name }) => name === "ChildProcess"),
  });
  setCurrentClient(client);
}

afterEach(async () => {
  setCurrentClient(undefined);
  await client?.close();
});

function crumbsOfChild(
  file: string,
  args: readonly string[],
  act?: (pid: number) => void,
): Promise<Breadcrumb[]> {
  return withRequestScope(async (scope) => {
    const child = spawn(file, args, { stdio: "ignore" });
    if (child.pid !== undefined) act?.(child.pid);
    await (child.pid === undefined ? once(child, "error").catch(() => undefined) : once(child, "close"));
    return crumbsOf(scope.snapshot().breadcrumbs);
  });
}

describe("ChildProcess", () => {
  test.each([
    ["ends well", "0", "info", { exit_code: 0 }],
    ["fails", "3", "warning", { exit_code: 3 }],
  ])("tells of a process that %s, without its arguments", async (_what, code, level, data) => {
    start();

    const crumbs = await crumbsOfChild(process.execPath, [
      "-e",
      `process.exit(${code})`,
      "--",
      "--password=x",
    ]);

    expect(crumbs).toMatchObject([{ category: "child_process", level, message: "node", data }]);
    expect(JSON.stringify(crumbs)).not.toContain("password");
  });

  test("tells of a signal", async () => {
    start();

    const crumbs = await crumbsOfChild(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], (pid) =>
      process.kill(pid, "SIGKILL"),
    );

    expect(crumbs).toMatchObject([{ level: "warning", data: { signal: "SIGKILL" } }]);
  });

  test("tells of a program that is not there, and handles nobody's error", async () => {
    start();

    const crumbs = await withRequestScope(async (scope) => {
      const child = spawn("/nowhere/tool", []);
      expect(child.listenerCount("error")).toBe(0);
      await once(child, "error").catch(() => undefined);
      return crumbsOf(scope.snapshot().breadcrumbs);
    });

    expect(crumbs).toMatchObject([{ level: "error", message: "tool", data: { error: "ENOENT" } }]);
  });
});
