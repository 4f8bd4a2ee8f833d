import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { Client, OptionsError } from "@corvid/core";
import { startTestServer } from "@corvid/test-server";
import { Agent, MockAgent } from "undici";
import { afterEach, describe, expect, test } from "vitest";
import { type UndiciTransportOptions, undiciTransport } from "./transport.js";

const DSN = "https://key@errors.example/7";
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function clientOf(options: UndiciTransportOptions, dsn = DSN): Client {
  const client = new Client({ dsn, integrations: [], once: false, transport: undiciTransport(options) });
  undo.push(() => client.close(0));
  return client;
}

function agent(): Agent {
  const dispatcher = new Agent();
  undo.push(() => dispatcher.destroy());
  return dispatcher;
}

function mockAgent(): MockAgent {
  const dispatcher = new MockAgent();
  dispatcher.disableNetConnect();
  undo.push(() => dispatcher.close());
  return dispatcher;
}

describe("undiciTransport()", () => {
  test("delivers over a real dispatcher", async () => {
    const server = await startTestServer();
    undo.push(() => server.close());
    const client = clientOf({ dispatcher: agent() }, server.dsn);
    const id = client.captureException(new Error("over undici"));

    expect(await client.flush(5000)).toBe(true);
    expect(client.stats()).toMatchObject({ captured: 1, delivered: 1, dropped: {}, queued: 0 });
    expect(client.stats().destinations).toMatchObject([{ name: "http", offered: 1, delivered: 1 }]);
    expect(server.events().map(({ event }) => event.event_id)).toEqual([id]);
  });

  test("sends the protocol's request, and compresses large ones", async () => {
    const dispatcher = mockAgent();
    const seen: { headers: Record<string, string>; body: Buffer }[] = [];
    dispatcher
      .get("https://errors.example")
      .intercept({ path: "/api/7/envelope/", method: "POST" })
      .reply(200, ({ headers, body }) => {
        seen.push({ headers: headers as Record<string, string>, body: body as unknown as Buffer });
        return "{}";
      });
    const client = clientOf({ dispatcher, compressAboveBytes: 0 });
    client.captureException(new Error("mocked"));

    expect(await client.flush(5000)).toBe(true);
    expect(seen[0]!.headers).toMatchObject({
      "content-type": "application/x-sentry-envelope",
      "content-encoding": "gzip",
      "x-sentry-auth": expect.stringContaining("sentry_key=key"),
    });
    expect(gunzipSync(seen[0]!.body).toString()).toContain("mocked");
  });

  test("tries again after a network error and a 503, and drops what is refused", async () => {
    const dispatcher = mockAgent();
    const pool = dispatcher.get("https://errors.example");
    const path = { path: "/api/7/envelope/", method: "POST" };
    pool.intercept(path).replyWithError(new Error("cut"));
    pool.intercept(path).reply(503, "");
    pool.intercept(path).reply(200, "{}");
    const client = clientOf({ dispatcher });
    client.captureException(new Error("once more"));
    await client.flush(5000);
    await client.flush(5000);
    expect(client.stats()).toMatchObject({ delivered: 1, dropped: {} });

    pool.intercept(path).reply(400, "no");
    client.captureException(new Error("refused"));
    await client.flush(5000);
    expect(client.stats()).toMatchObject({ delivered: 1, dropped: { send_error: 1 } });
  });

  test("gives up on an answer after requestTimeoutMs", async () => {
    const server = createServer(() => undefined).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    undo.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const client = new Client({
      dsn: `http://key@127.0.0.1:${port}/1`,
      integrations: [],
      requestTimeoutMs: 100,
      transport: undiciTransport({ dispatcher: agent() }),
    });
    client.captureException(new Error("hangs"));

    expect(await client.flush(400)).toBe(false);
    expect(client.stats().destinations[0]!.lastError).toMatch(/timeout/i);
    expect(await client.close(0)).toBe(false);
    expect(client.stats()).toMatchObject({ queued: 0, dropped: { network_error: 1 } });
  });

  test.each([undefined, {}])("throws without a dispatcher: %s", (dispatcher) => {
    expect(() => undiciTransport({ dispatcher: dispatcher as never })).toThrow(
      "undiciTransport.dispatcher: expected a Dispatcher of undici",
    );
  });

  test("throws for an option of httpTransport that cannot be used", () => {
    expect(() => undiciTransport({ dispatcher: agent(), maxBatch: 0 })).toThrow(OptionsError);
  });
});
