import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { eventEnvelope, HEADERS, sampleEvent } from "./sample.js";

const command = fileURLToPath(new URL("../bin/corvid-test-server.js", import.meta.url));
const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Runs the built command. */
function run(...args: readonly string[]) {
  const child = spawn(process.execPath, [command, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const output = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    output.out += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output.err += chunk;
  });
  const ended = once(child, "close").then(([code]) => {
    running.delete(child);
    return { code: code as number, ...output };
  });
  const printed = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(output.out);
      if (match !== null) return match;
      await Promise.race([
        once(child.stdout, "data"),
        ended.then(() => Promise.reject(new Error(output.err))),
      ]);
    }
  };
  return { child, ended, printed };
}

const send = (url: string, more: object): Promise<Response> =>
  fetch(`${url}/api/1/envelope/`, {
    method: "POST",
    headers: HEADERS,
    body: eventEnvelope(sampleEvent(1, more)),
  });

describe("corvid-test-server", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "says where it is, tells events, ends with 0 on %s",
    async (signal) => {
      const { child, ended, printed } = run("--port", "0");
      const [, url] = await printed(/page\s+(http:\/\/127\.0\.0\.1:\d+)\//);
      await send(url!, { exception: { values: [{ type: "Error", value: "red\u001b[31m\nalert" }] } });
      await printed(/\[1\] Error: red \[31m alert 0{31}1\n/);
      child.kill(signal);

      expect(await ended).toMatchObject({
        code: 0,
        err: "",
        out: expect.stringMatching(/for development only/),
      });
    },
  );

  test("--json prints one line per event", async () => {
    const { child, ended, printed } = run("--port", "0", "--json");
    const [, first] = await printed(/^(.*)\n/);
    const { url } = JSON.parse(first!) as { url: string };
    await send(url, {});
    await printed(/\n.*\n/);
    child.kill("SIGINT");
    const lines = (await ended).out.trim().split("\n");

    expect(JSON.parse(lines[1]!)).toMatchObject({ id: sampleEvent().event_id, type: "Error", value: "café" });
  });

  test.each([
    [["--port", "many"], "--port: expected a number from 0 to 65535"],
    [["--port", "65536"], "--port: expected a number from 0 to 65535"],
    [["--host", "0.0.0.0"], "--host: expected 127.0.0.1 or ::1"],
    [["--colour"], "--colour"],
    [["--file", ""], "--file: expected a path"],
  ])("%j ends with 2 and says why", async (args, text) => {
    expect(await run(...args).ended).toMatchObject({ code: 2, out: "", err: expect.stringContaining(text) });
  });

  test("ends with 1 when it cannot start", async () => {
    expect(await run("--port", "0", "--file", "/nowhere/events").ended).toMatchObject({
      code: 1,
      err: expect.stringContaining("ENOENT"),
    });
  });

  test("--help prints the options", async () => {
    expect(await run("--help").ended).toMatchObject({
      code: 0,
      out: expect.stringContaining("--strict"),
      err: "",
    });
  });
});
