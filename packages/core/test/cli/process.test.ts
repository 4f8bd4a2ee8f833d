import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rateLimited, startTestServer } from "@corvid/test-server";
import { afterAll, describe, expect, test } from "vitest";
import { certificateFor, listen, listenSecurely, saying } from "./servers.js";

const COMMAND = fileURLToPath(new URL("../../bin/corvid.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "corvid-command-"));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Starts the built command as a process of its own, which sees nothing of this one's environment. */
function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.err += text));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, ...output }));
  });
  return { child, ended };
}

describe("the command corvid", () => {
  test("sends an event, ends with 0, prints no colours into a pipe", async () => {
    const server = await startTestServer();
    const ended = await start(["test"], { SENTRY_DSN: server.dsn, FORCE_COLOR: "1" }).ended;
    const [received] = server.events();
    await server.close();

    expect(ended).toEqual({
      code: 0,
      err: "",
      out: expect.stringContaining(`The server has event ${received?.id}.`),
    });
    expect(ended.out).not.toContain("\u001b");
    expect(server.problems()).toEqual([]);
  });

  test("ends with 1 at once when the server says no, and says nothing on stderr", async () => {
    const server = await startTestServer();
    server.setFault(rateLimited({ retryAfter: 3600 }));
    const ended = await start(["test", server.dsn, "--json"]).ended;
    await server.close();

    expect(ended).toMatchObject({ code: 1, err: "" });
    expect(JSON.parse(ended.out)).toMatchObject({ command: "test", ok: false });
    expect(server.requests()).toHaveLength(1);
  });

  test("ends with 2 for what it does not understand", async () => {
    expect(await start(["tset"]).ended).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("did you mean test?"),
    });
  });

  test("ends with 130 when it is interrupted", async () => {
    const hung = await listen(() => interrupt());
    const { child, ended } = start(["test", `http://key@127.0.0.1:${hung.port}/1`, "--timeout", "60"]);
    const interrupt = (): void => void child.kill("SIGINT");

    expect((await ended).code).toBe(130);
    await hung.close();
  });

  test("does not mind a reader that goes away", async () => {
    const { child, ended } = start(["doctor"]);
    child.stdout.destroy();

    expect(await ended).toMatchObject({ code: 1, err: "" });
  });

  test.each([
    [
      "a trusted certificate",
      "localhost",
      100,
      0,
      /ok +certificate +TLSv1\.3, issued by corvid-test-only, valid for \d+ more day/,
    ],
    ["one that is soon over", "localhost", 5, 0, /note +certificate .*\n.*soon be over/],
    [
      "one that is over",
      "localhost",
      -3,
      1,
      /problem +certificate .*expired (1 day|\d days) ago: CERT_HAS_EXPIRED\n.*Renew it/,
    ],
    [
      "one for another name",
      "other.example",
      100,
      1,
      /ERR_TLS_CERT_ALTNAME_INVALID\n.*DNS:other\.example\), not for localhost/,
    ],
  ])("meets %s", async (_, host, daysLeft, code, text) => {
    const pair = await certificateFor(host, daysLeft);
    const file = join(folder, `${host}${daysLeft}.pem`);
    writeFileSync(file, pair.cert);
    const server = await listenSecurely(pair, saying("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"));
    const ended = await start(["test", `https://key@localhost:${server.port}/1`], {
      NODE_EXTRA_CA_CERTS: file,
    }).ended;
    await server.close();

    expect(ended).toEqual({ code, err: "", out: expect.stringMatching(text) });
  });

  test("warns of NODE_TLS_REJECT_UNAUTHORIZED=0, with which the event arrives all the same", async () => {
    const server = await listenSecurely(
      await certificateFor("localhost", 100),
      saying("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"),
    );
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" };
    const { code, out } = await start(["test", `https://key@localhost:${server.port}/1`], env).ended;
    await server.close();

    expect(code).toBe(0);
    expect(out).toMatch(/note +certificate .*\n.*NODE_TLS_REJECT_UNAUTHORIZED=0 lets it pass/);
  });
});
