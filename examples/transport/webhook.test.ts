import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Client } from "@corvid/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { webhookTransport } from "./src/webhook.js";

let server: Server;
let url: string;
/** What the hook got, and what it answers next; 200 when nothing is said. */
let received: unknown[];
let answers: number[];

beforeEach(async () => {
  [received, answers] = [[], []];
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const status = answers.shift() ?? 200;
    if (status === 200) received.push(JSON.parse(Buffer.concat(parts).toString()));
    response.writeHead(status).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

function start(): Client {
  return new Client({ dsn: false, release: "shop@1.2.3", transport: webhookTransport(url) });
}

test("webhookTransport() posts errors and messages in a line", async () => {
  const client = start();
  client.captureException(new RangeError("The limit is 100"));
  client.captureMessage("queue is empty", "warning");

  expect(await client.close()).toBe(true);
  expect(received).toEqual([
    { text: "shop@1.2.3: RangeError: The limit is 100", failures: 1 },
    { text: "shop@1.2.3: warning: queue is empty", failures: 1 },
  ]);
});

test("webhookTransport() is tried again after 503, and not after 400", async () => {
  answers = [503, 400];
  const client = start();
  client.captureException(new Error("refused in the end"));

  expect(await client.close()).toBe(true);
  expect(received).toEqual([]);
  expect(client.stats()).toMatchObject({ delivered: 0, dropped: { send_error: 1 } });
  expect(client.stats().destinations).toMatchObject([
    { name: "webhook", retries: 1, lastError: "400 Bad Request" },
  ]);
});
