import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Integration } from "../src/client/integration.js";
import type { ClientOptions } from "../src/client/options.js";
import { withRequestScope } from "../src/context/current.js";
import { Client, init } from "../src/node/client.js";
import { recordingTransport } from "../src/testing.js";

let server: Server;

beforeAll(async () => {
  server = createServer((_, response) => response.end()).listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterAll(() => {
  server.close();
});

/** What is told of an application that logs, asks another server and starts a process. */
async function sourcesWith(integrations: ClientOptions["integrations"]): Promise<string[]> {
  const transport = recordingTransport();
  const client = init({ dsn: false, transport, integrations });
  await withRequestScope(async () => {
    console.debug("");
    const asked = get(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const [answer] = await once(asked, "response");
    await once(answer.resume(), "end");
    await once(spawn(process.execPath, ["--version"], { stdio: "ignore" }), "close");
    client.captureException(new Error("failed"));
  });
  await client.close();
  return transport.events[0]!.breadcrumbs!.map(({ category }) => String(category)).sort();
}

const without =
  (...names: string[]) =>
  (defaults: readonly Integration[]): Integration[] =>
    defaults.filter(({ name }) => !names.includes(name));

test.each([
  ["nothing", [], ["child_process", "console", "http"]],
  ["Console", ["Console"], ["child_process", "http"]],
  ["Http", ["Http"], ["child_process", "console"]],
  ["ChildProcess", ["ChildProcess"], ["console", "http"]],
])("integrations takes %s away, and nothing else", async (_what, names, left) => {
  expect(await sourcesWith(without(...names))).toEqual(left);
});

test("integrations names all sources of breadcrumbs as the documentation does", () => {
  let names: string[] = [];
  new Client({
    dsn: false,
    transport: recordingTransport(),
    shutdownTimeoutMs: 0,
    integrations(defaults) {
      names = defaults.map(({ name }) => name);
      return [];
    },
  });

  expect(names).toEqual(expect.arrayContaining(["Console", "Http", "ChildProcess", "Process", "Modules"]));
});
