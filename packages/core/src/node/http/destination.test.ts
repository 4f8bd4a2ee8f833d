import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestServer, type TestServer } from "@corvid/test-server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCertificate } from "../../../test/support/certificate.js";
import { startTestProxy } from "../../../test/support/proxy.js";
import type { ClientOptions } from "../../client/options.js";
import { DsnError } from "../../model/dsn.js";
import { OptionsError } from "../../model/option-checks.js";
import { recordingTransport } from "../../testing.js";
import type { HttpDestination } from "../../transport/destination.js";
import { Client } from "../client.js";
import { drainSpool } from "../spool/drain.js";
import { fileSpool } from "../spool/file-spool.js";
import { httpTransport } from "./destination.js";

let server: TestServer;
let other: TestServer;
const open: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  [server, other] = await Promise.all([startTestServer(), startTestServer()]);
  open.push(
    () => server.close(),
    () => other.close(),
  );
});

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

function clientOf(options: ClientOptions): Client {
  const client = new Client({ once: false, integrations: () => [], shutdownTimeoutMs: 0, ...options });
  open.push(() => client.close(0));
  return client;
}

function spoolFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "corvid-two-servers-"));
  open.push(async () => rmSync(dir, { recursive: true }));
  return dir;
}

function captureSome(client: Client): string[] {
  return Array.from({ length: 20 }, (_, index) =>
    client.captureException(new Error(`failure ${index}`)),
  ).sort();
}

function idsAt({ events }: TestServer): string[] {
  return events()
    .map(({ id }) => id)
    .sort();
}

describe("httpTransport()", () => {
  test("sends to the client's DSN, beside other transports", async () => {
    const recording = recordingTransport();
    const client = clientOf({ dsn: server.dsn, transport: [httpTransport(), recording] });
    const ids = captureSome(client);

    expect(await client.flush(10_000)).toBe(true);
    expect(idsAt(server)).toEqual(ids);
    expect(recording.events.map(({ event_id }) => event_id).sort()).toEqual(ids);
    expect(client.stats().destinations.map(({ name }) => name)).toEqual(["http", "recording"]);
  });

  test("sends every event to each of two servers", async () => {
    const client = clientOf({
      dsn: server.dsn,
      transport: [httpTransport(), httpTransport({ dsn: other.dsnFor(7) })],
    });
    const ids = captureSome(client);

    expect(await client.flush(10_000)).toBe(true);
    expect(idsAt(server)).toEqual(ids);
    expect(idsAt(other)).toEqual(ids);
    expect(new Set(other.events().map(({ project }) => project))).toEqual(new Set(["7"]));
    expect([...server.problems(), ...other.problems()]).toEqual([]);
    expect(client.stats()).toMatchObject({
      captured: 20,
      delivered: 20,
      destinations: [
        { name: "http", delivered: 20 },
        { name: `http:127.0.0.1:${other.port}/7`, delivered: 20 },
      ],
    });
  });

  test.each([
    ["does not answer", () => other.setFault({ kind: "hang" })],
    ["is gone", () => other.close()],
    ["is broken", () => other.setFault({ kind: "status", status: 503 })],
  ])("lets a server have every event while the other %s", async (_what, breakDown) => {
    await breakDown();
    const client = clientOf({
      dsn: server.dsn,
      transport: [httpTransport({ dsn: other.dsn }), httpTransport()],
    });
    const ids = captureSome(client);
    await server.waitForEvents(20, 10_000);

    expect(idsAt(server)).toEqual(ids);
    expect(await client.flush(50)).toBe(false);
    expect(client.stats().destinations[1]).toMatchObject({ name: "http", delivered: 20, queued: 0 });
    expect(client.stats().destinations[0]).toMatchObject({ delivered: 0 });
  });

  test("is one of several that a spool knows apart: what has arrived there is not drained to it", async () => {
    const dir = spoolFolder();
    server.setFault({ kind: "status", status: 503 });
    const client = clientOf({
      dsn: server.dsn,
      spool: fileSpool({ dir }),
      transport: [httpTransport(), httpTransport({ dsn: other.dsn })],
    });
    client.captureException(new Error("failed"));
    await other.waitForEvents(1, 10_000);
    await client.close(200);
    server.setFault(undefined);

    expect(await drainSpool(dir, { dsn: other.dsn })).toMatchObject({ elsewhere: 1, delivered: 0 });
    expect(await drainSpool(dir, { dsn: server.dsn })).toMatchObject({ elsewhere: 0, delivered: 1 });
    expect(idsAt(server)).toEqual(idsAt(other));
    expect(other.duplicates()).toBe(0);
  });

  test("is one of several that a spool knows apart: the next process sends what one of them lacks", async () => {
    const dir = spoolFolder();
    const options: ClientOptions = {
      dsn: server.dsn,
      spool: fileSpool({ dir }),
      transport: [httpTransport(), httpTransport({ dsn: other.dsn })],
    };
    other.setFault({ kind: "status", status: 503 });
    const first = clientOf(options);
    const id = first.captureException(new Error("failed"));
    await server.waitForEvents(1, 10_000);
    await first.close(200);
    other.setFault(undefined);

    const next = clientOf(options);
    await other.waitForEvents(1, 10_000);
    await next.flush(10_000);

    expect([idsAt(server), idsAt(other)]).toEqual([[id], [id]]);
    expect(server.duplicates()).toBe(0);
    expect(next.stats()).toMatchObject({ spooled: 0, queued: 0 });
  });

  test("is left out where nobody has told a DSN, and the others remain", async () => {
    const recording = recordingTransport();
    const client = clientOf({ dsn: false, transport: [httpTransport(), recording] });
    client.captureException(new Error("no server"));

    expect(await client.flush()).toBe(true);
    expect(recording.events).toHaveLength(1);
    expect(client.stats().destinations).toHaveLength(1);
    expect(clientOf({ dsn: false, transport: httpTransport() }).enabled).toBe(false);
  });

  test("needs no DSN of the client when it has its own", async () => {
    const client = clientOf({ dsn: false, transport: httpTransport({ dsn: server.dsn }) });
    const id = client.captureException(new Error("failed"));

    expect(await client.flush(10_000)).toBe(true);
    expect(idsAt(server)).toEqual([id]);
  });

  test("trusts the authorities it is given, and only for its own server", async () => {
    const [pair, unrelated] = [await createCertificate(), await createCertificate()];
    const secure = createSecureServer(pair, (request, response) => {
      request.resume().on("end", () => response.end("{}"));
    });
    await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
    open.push(
      () =>
        new Promise((resolve) => {
          secure.close(resolve);
          secure.closeAllConnections();
        }),
    );
    const dsn = `https://key@localhost:${(secure.address() as AddressInfo).port}/1`;
    const ca = [Buffer.from(pair.cert), `# ours\n${unrelated.cert}`];
    const client = clientOf({ dsn, transport: [httpTransport({ ca }), httpTransport()] });
    client.captureException(new Error("failed"));

    await client.flush(1000);

    expect(client.stats().destinations).toMatchObject([
      { name: "http", delivered: 1 },
      { name: "http", delivered: 0, lastError: expect.stringContaining("self-signed certificate") },
    ]);
  });

  test("goes through a proxy of its own, or none, whatever the client's is", async () => {
    const proxy = await startTestProxy();
    open.push(() => proxy.close());
    const client = clientOf({
      dsn: server.dsn,
      proxy: "http://proxy.invalid:3128",
      transport: [
        httpTransport({ proxy: false }),
        httpTransport({ dsn: other.dsn, proxy: `http://${proxy.address}` }),
      ],
    });
    const ids = captureSome(client);

    expect(await client.flush(10_000)).toBe(true);
    expect([idsAt(server), idsAt(other)]).toEqual([ids, ids]);
    expect(proxy.requests.length).toBeGreaterThan(0);
  });

  test("is known by its shape: another copy of Corvid may have made it", async () => {
    const copied = JSON.parse(JSON.stringify(httpTransport({ dsn: server.dsn }))) as HttpDestination;
    const client = clientOf({ dsn: false, transport: [copied] });
    client.captureException(new Error("failed"));

    expect(await client.flush(10_000)).toBe(true);
    expect(server.events()).toHaveLength(1);
  });

  test("is not mistaken for a transport that calls itself of the kind", async () => {
    const own = { ...recordingTransport(), kind: "http" };
    const client = clientOf({ dsn: server.dsn, transport: own });
    client.captureException(new Error("failed"));

    expect(await client.flush()).toBe(true);
    expect(own.events).toHaveLength(1);
    expect(server.events()).toEqual([]);
  });

  test("throws for a DSN that cannot be used", () => {
    expect(() => httpTransport({ dsn: "https://errors.example.com/1" })).toThrow(DsnError);
  });

  test.each<[option: string, given: unknown]>([
    ["httpTransport", null],
    ["httpTransport", "https://key@errors.example.com/1"],
    ["httpTransport.DSN", { DSN: "https://key@errors.example.com/1" }],
    ["httpTransport.dsn", { dsn: false }],
    ["httpTransport.proxy", { proxy: "proxy.example.com:3128" }],
    ["httpTransport.ca", { ca: "/etc/ssl/ca.pem" }],
    ["httpTransport.ca", { ca: "" }],
    ["httpTransport.ca", { ca: [] }],
    ["httpTransport.ca", { ca: [7] }],
    ["httpTransport.ca", { ca: "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n" }],
    ["httpTransport.ca", { ca: "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n" }],
  ])("throws for %s that cannot be used: %o", (option, given) => {
    expect(() => httpTransport(given as never)).toThrow(
      expect.objectContaining({ name: OptionsError.name, option }),
    );
  });

  test("throws for a certificate that is cut short behind a whole one", async () => {
    const { cert } = await createCertificate();
    const half = cert.slice(0, cert.length / 2);

    expect(() => httpTransport({ ca: `${cert}\n${half}` })).toThrow(OptionsError);
    expect(() => httpTransport({ ca: [cert, half] })).toThrow(OptionsError);
    expect(httpTransport({ ca: cert.repeat(3) }).kind).toBe("http");
  });
});
