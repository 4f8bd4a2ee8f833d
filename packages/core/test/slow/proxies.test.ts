import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "@corvid/core";
import { startTestServer, type TestServer } from "@corvid/test-server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { expectBalance } from "../support/client.js";

/** What stands between applications and their server in the real world: haproxy in front of it, tinyproxy on the way out. */

const undo: (() => unknown)[] = [];
let folder: string;
let server: TestServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "corvid-proxies-"));
  server = await startTestServer();
  undo.push(
    () => rmSync(folder, { recursive: true }),
    () => server.close(),
  );
});

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/** Starts a program that stays in the foreground, and waits until it listens. */
async function start(command: string, args: string[], port: number): Promise<() => Promise<void>> {
  const child: ChildProcess = spawn(command, args, { stdio: "ignore" });
  const ended = once(child, "exit");
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) child.kill("SIGKILL");
    await ended;
  };
  undo.push(stop);
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, "127.0.0.1");
    const isUp = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isUp) return stop;
    await sleep(50);
  }
  throw new Error(`${command} did not listen on ${port}`);
}

/** haproxy in front of `backend`; `rules` are lines of its frontend. */
async function startHaproxy(
  port: number,
  backend: number,
  rules: readonly string[] = [],
): Promise<() => Promise<void>> {
  const path = join(folder, "haproxy.cfg");
  writeFileSync(
    path,
    `global
  maxconn 100
defaults
  mode http
  timeout connect 500ms
  timeout client 5s
  timeout server 2s
  retries 0
frontend in
  bind 127.0.0.1:${port}
${rules.map((rule) => `  ${rule}\n`).join("")}  default_backend ingest
backend ingest
  server one 127.0.0.1:${backend}
`,
  );
  return start("haproxy", ["-db", "-f", path], port);
}

async function startTinyproxy(port: number): Promise<() => Promise<void>> {
  const path = join(folder, "tinyproxy.conf");
  writeFileSync(
    path,
    `Port ${port}\nListen 127.0.0.1\nTimeout 10\nMaxClients 20\nAllow 127.0.0.1\nConnectPort ${server.port}\n`,
  );
  return start("tinyproxy", ["-d", "-c", path], port);
}

function clientFor(port: number, options: ConstructorParameters<typeof Client>[0] = {}): Client {
  const client = new Client({
    dsn: server.dsn.replace(`:${server.port}/`, `:${port}/`),
    once: false,
    proxy: false,
    ...options,
  });
  undo.push(() => client.close(0));
  return client;
}

function captureSome(client: Client, count: number): string[] {
  return Array.from({ length: count }, (_, n) => client.captureException(new Error(`failure ${n}`)));
}

async function expectAll(client: Client, ids: readonly string[]): Promise<void> {
  await server.waitForEvents(ids.length, 30_000);
  expect(await client.flush(30_000)).toBe(true);
  expect(
    server
      .events()
      .map(({ id }) => id)
      .sort(),
  ).toEqual([...ids].sort());
  expect(server.problems()).toEqual([]);
  expect(client.stats()).toMatchObject({ delivered: ids.length, queued: 0 });
  expect(client.stats().dropped).toEqual({});
  expectBalance(client);
}

describe("behind haproxy", () => {
  test("what fails with its 503 while the server is down arrives when it is back", async () => {
    const [front, back] = [await freePort(), await freePort()];
    await startHaproxy(front, back);
    const client = clientFor(front);
    const ids = captureSome(client, 50);
    await sleep(1500);
    expect(client.stats().delivered).toBe(0);

    await server.close();
    server = await startTestServer({ port: back });
    await expectAll(client, ids);
  });

  test("its 429 holds events back until they are wanted", async () => {
    const front = await freePort();
    const stop = await startHaproxy(front, server.port, [
      "http-request deny deny_status 429 hdr Retry-After 1",
    ]);
    const client = clientFor(front);
    const ids = captureSome(client, 5);
    await sleep(700);
    expect(client.stats().queued).toBe(5);

    await stop();
    await startHaproxy(front, server.port);
    await expectAll(client, ids);
  });

  test("its 413 has an event sent once more, smaller", async () => {
    const front = await freePort();
    await startHaproxy(front, server.port, [
      "http-request deny deny_status 413 if { req.hdr_val(content-length) gt 20000 }",
    ]);
    const client = clientFor(front);
    const noise = Array.from({ length: 40 }, () =>
      Array.from({ length: 1000 }, () => Math.random().toString(36)[2]).join(""),
    );

    const id = client.captureException(new Error("large"), { extra: { noise } });

    await expectAll(client, [id]);
    expect(server.events()[0]?.event.exception?.values.at(-1)).toMatchObject({
      type: "Error",
      value: "large",
    });
  });

  test("a restart in the middle of a stream loses nothing", async () => {
    const front = await freePort();
    const stop = await startHaproxy(front, server.port);
    const client = clientFor(front);
    const ids: string[] = [];
    for (let round = 0; round < 10; round++) {
      ids.push(...captureSome(client, 10));
      await sleep(100);
      if (round === 4) await stop();
      if (round === 6) await startHaproxy(front, server.port);
    }
    await expectAll(client, ids);
  });
});

describe("through tinyproxy", () => {
  test("events go out as the option says, and again when the proxy comes back", async () => {
    const port = await freePort();
    const stop = await startTinyproxy(port);
    const client = clientFor(server.port, { proxy: `http://127.0.0.1:${port}` });
    const ids = captureSome(client, 20);
    await server.waitForEvents(20, 10_000);
    expect(server.requests().every(({ headers }) => headers.via !== undefined)).toBe(true);

    await stop();
    ids.push(...captureSome(client, 20));
    await sleep(700);
    expect(server.events()).toHaveLength(20);
    await startTinyproxy(port);
    await expectAll(client, ids);
  });
});
