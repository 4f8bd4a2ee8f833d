import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createPlainServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { createCertificate } from "../../../test/support/certificate.js";
import { startTestProxy, type TestProxy } from "../../../test/support/proxy.js";
import { numbered } from "../../../test/support/script.js";
import { createDiagnostics, silentDiagnostics } from "../../model/diagnostics.js";
import { parseDsn } from "../../model/dsn.js";
import { OptionsError } from "../../model/option-checks.js";
import { type Envelope, encodeEnvelope } from "../../transport/envelope.js";
import type { SendResult, Transport } from "../../transport/transport.js";
import { systemClock } from "../clock.js";
import { createSentryTransport, type SentryTransportOptions } from "./sentry-transport.js";

const SDK = { name: "corvid.test", version: "1.2.3" };
const open: (() => Promise<unknown>)[] = [];
let certificate: { key: string; cert: string };

beforeAll(async () => {
  certificate = await createCertificate();
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

function transportTo(dsn: string, options: Partial<SentryTransportOptions> = {}): Transport {
  const transport = createSentryTransport({
    dsn: parseDsn(dsn),
    sdk: SDK,
    requestTimeoutMs: 5000,
    clock: systemClock,
    diagnostics: silentDiagnostics,
    userAgent: "corvid.test/1.2.3 (node)",
    env: {},
    ...options,
  });
  open.push(async () => transport.close?.(0));
  return transport;
}

async function listening(server: Server, host = "127.0.0.1"): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket).add(socket));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  open.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

interface Received {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

/** Answers 200 and keeps what came. */
function keeping(received: Received[]): RequestListener {
  return async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({ request, body: Buffer.concat(chunks) });
    response.end('{"id":"0"}');
  };
}

async function sendOne(transport: Transport, envelope: Envelope = numbered(1)): Promise<SendResult> {
  return (await transport.send([envelope]))[0]!;
}

async function proxied(): Promise<TestProxy> {
  const proxy = await startTestProxy();
  open.push(() => proxy.close());
  return proxy;
}

describe("createSentryTransport()", () => {
  test("posts the envelope with the headers of the protocol", async () => {
    const received: Received[] = [];
    const port = await listening(createPlainServer(keeping(received)));

    expect(await sendOne(transportTo(`http://key:secret@127.0.0.1:${port}/a/b/7`))).toEqual({
      kind: "accepted",
      limits: [],
    });
    const { request, body } = received[0]!;
    expect(`${request.method} ${request.url}`).toBe("POST /a/b/api/7/envelope/");
    expect(request.headers).toEqual({
      host: `127.0.0.1:${port}`,
      connection: "keep-alive",
      "content-type": "application/x-sentry-envelope",
      "content-length": String(body.length),
      "user-agent": "corvid.test/1.2.3 (node)",
      "x-sentry-auth":
        "Sentry sentry_key=key, sentry_version=7, sentry_client=corvid.test/1.2.3, sentry_secret=secret",
    });
    const sentAt = Date.parse(JSON.parse(body.toString().split("\n", 1)[0]!).sent_at);
    expect(body).toEqual(Buffer.from(encodeEnvelope(numbered(1), SDK, sentAt)));
  });

  test("compresses what is longer than 32 KiB", async () => {
    const received: Received[] = [];
    const port = await listening(createPlainServer(keeping(received)));
    const long = { ...numbered(1), payload: JSON.stringify({ text: "é".repeat(20_000) }) };
    await sendOne(transportTo(`http://key@127.0.0.1:${port}/1`), long);

    const { request, body } = received[0]!;
    expect(request.headers["content-encoding"]).toBe("gzip");
    expect(request.headers["content-length"]).toBe(String(body.length));
    expect(gunzipSync(body).toString()).toContain(long.payload);
  });

  test("reaches an IPv6 address", async () => {
    const received: Received[] = [];
    const port = await listening(createPlainServer(keeping(received)), "::1");

    expect(await sendOne(transportTo(`http://key@[::1]:${port}/1`))).toMatchObject({ kind: "accepted" });
    expect(received[0]!.request.headers.host).toBe(`[::1]:${port}`);
  });

  test.each<[number, Record<string, string | string[]>, object]>([
    [
      200,
      { "x-sentry-rate-limits": ["60:error:key", "5:session:key"] },
      {
        kind: "accepted",
        limits: [
          { category: "error", durationMs: 60_000 },
          { category: "session", durationMs: 5000 },
        ],
      },
    ],
    [204, {}, { kind: "accepted" }],
    [
      302,
      { location: "http://127.0.0.1:1/" },
      { kind: "refused", reason: "send_error", detail: "302 Found" },
    ],
    [400, {}, { kind: "refused", reason: "send_error", tooLarge: false }],
    [408, {}, { kind: "retry", reason: "send_error" }],
    [413, {}, { kind: "refused", reason: "send_error", tooLarge: true }],
    [
      429,
      { "retry-after": "2" },
      { kind: "retry", reason: "ratelimit_backoff", limits: [{ category: "all", durationMs: 2000 }] },
    ],
    [500, {}, { kind: "retry", reason: "send_error" }],
    [501, {}, { kind: "refused", reason: "send_error" }],
    [503, { "retry-after": "7" }, { kind: "retry", reason: "send_error", afterMs: 7000 }],
  ])("tells what a %d means", async (status, headers, expected) => {
    const port = await listening(
      createPlainServer(
        (request, response) =>
          void request.resume().on("end", () => response.writeHead(status, headers).end("no")),
      ),
    );

    expect(await sendOne(transportTo(`http://key@127.0.0.1:${port}/1`))).toMatchObject(expected);
  });

  test("keeps the beginning of an answer for people only in debug mode", async () => {
    const port = await listening(
      createPlainServer(
        (request, response) =>
          void request
            .resume()
            .on("end", () => response.writeHead(400).end(`bad\u0007${"x".repeat(50_000)}`)),
      ),
    );
    const dsn = `http://key@127.0.0.1:${port}/1`;

    expect(await sendOne(transportTo(dsn))).toMatchObject({ detail: "400 Bad Request" });
    const { detail } = (await sendOne(transportTo(dsn, { debug: true }))) as { detail: string };
    expect(detail).toMatch(/^400 Bad Request: bad x+$/);
    expect(detail.length).toBeLessThan(2100);
  });

  test.each<[string, (socket: Socket) => void]>([
    ["says nothing", () => undefined],
    ["stops within the headers", (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-")],
  ])("gives up on a server that %s", async (_, act) => {
    const port = await listening(
      createTcpServer((socket) => act(socket.on("error", () => undefined).resume())),
    );
    const startedAt = performance.now();
    const result = await sendOne(transportTo(`http://key@127.0.0.1:${port}/1`, { requestTimeoutMs: 300 }));

    expect(result).toMatchObject({
      kind: "retry",
      reason: "network_error",
      detail: expect.stringContaining("no answer within 300 ms"),
    });
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  test.each<[string, string]>([
    ["never ends", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"],
    ["is too long", `HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(200_000)}`],
    ["is cut off", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx\0"],
  ])("knows what it needs from an answer that %s", async (_, text) => {
    const port = await listening(
      createTcpServer((socket) => {
        socket
          .on("error", () => undefined)
          .once("data", () => (text.endsWith("\0") ? socket.end(text) : socket.write(text)));
      }),
    );

    expect(
      await sendOne(transportTo(`http://key@127.0.0.1:${port}/1`, { requestTimeoutMs: 500 })),
    ).toMatchObject({ kind: "accepted" });
  });

  test.each<[string, string, RegExp]>([
    ["a closed port", "http://key@127.0.0.1:1/1", /ECONNREFUSED 127\.0\.0\.1:1/],
    ["a name that does not exist", "http://key@corvid.invalid/1", /(ENOTFOUND|EAI_AGAIN) corvid\.invalid/],
  ])("says in one line what is wrong with %s", async (_, dsn, expected) => {
    const result = await sendOne(transportTo(dsn));

    expect(result).toMatchObject({
      kind: "retry",
      reason: "network_error",
      detail: expect.stringMatching(expected),
    });
    expect((result as { detail: string }).detail).not.toMatch(/\n|key@/);
  });

  test.each<[string, (socket: Socket) => void, string]>([
    ["closes", (socket) => socket.end(), "the connection was closed without an answer"],
    ["resets", (socket) => socket.resetAndDestroy(), "read ECONNRESET"],
    [
      "speaks no HTTP",
      (socket) => socket.write("220 mail.example ESMTP\r\n"),
      "the answer is no HTTP: Expected HTTP/, RTSP/ or ICE/",
    ],
    [
      "sends headers without end",
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(50_000)}`),
      "the head of the answer is too long",
    ],
  ])("says in plain words that a server %s", async (_, act, expected) => {
    const port = await listening(
      createTcpServer((socket) => void socket.on("error", () => undefined).once("data", () => act(socket))),
    );

    expect(await sendOne(transportTo(`http://key@127.0.0.1:${port}/1`))).toMatchObject({
      kind: "retry",
      reason: "network_error",
      detail: `no answer from 127.0.0.1:${port}: ${expected}`,
    });
  });

  test("refuses an envelope that cannot be written, instead of trying for ever", async () => {
    const broken = { ...numbered(1), attachments: [{ filename: "a", data: 5 as never }] };

    expect(await sendOne(transportTo("http://key@127.0.0.1:1/1"), broken)).toMatchObject({
      kind: "refused",
      reason: "internal_sdk_error",
    });
  });

  test("close() cuts what is under way and may be called at any time", async () => {
    const port = await listening(
      createTcpServer((socket) => void socket.on("error", () => undefined).resume()),
    );
    const transport = transportTo(`http://key@127.0.0.1:${port}/1`);
    await transport.close?.(0);
    const sending = sendOne(transportTo(`http://key@127.0.0.1:${port}/1`));
    setTimeout(() => void open.pop()?.(), 100);

    expect(await sending).toMatchObject({ kind: "retry", reason: "network_error" });
  });

  test("close() is the end, also for what was just being written", async () => {
    const received: Received[] = [];
    const port = await listening(createPlainServer(keeping(received)));
    const transport = transportTo(`http://key@127.0.0.1:${port}/1`);
    const long = { ...numbered(1), payload: JSON.stringify({ text: "é".repeat(500_000) }) };
    const sending = sendOne(transport, long);
    await transport.close?.(0);

    expect(await sending).toMatchObject({ kind: "retry", reason: "network_error" });
    expect(await sendOne(transport)).toMatchObject({ kind: "retry", reason: "network_error" });
    expect(received).toEqual([]);
  });
});

describe("createSentryTransport() with TLS", () => {
  test("does not talk to a server nobody vouches for", async () => {
    const received: Received[] = [];
    const port = await listening(createSecureServer(certificate, keeping(received)));

    expect(await sendOne(transportTo(`https://key@localhost:${port}/1`))).toMatchObject({
      kind: "retry",
      reason: "network_error",
      detail: expect.stringContaining("self-signed certificate"),
    });
    expect(received).toEqual([]);
  });

  test("says in plain words that a server speaks no TLS", async () => {
    const port = await listening(
      createTcpServer(
        (socket) => void socket.on("error", () => undefined).end("HTTP/1.1 400 Bad Request\r\n\r\n"),
      ),
    );

    expect(await sendOne(transportTo(`https://key@127.0.0.1:${port}/1`))).toMatchObject({
      detail: `no answer from 127.0.0.1:${port}: TLS failed: wrong version number`,
    });
  });

  test("does not talk to a server of another name, however often", async () => {
    const received: Received[] = [];
    const port = await listening(createSecureServer(certificate, keeping(received)), "127.0.0.2");
    const transport = transportTo(`https://key@127.0.0.2:${port}/1`, { ca: certificate.cert });

    for (let count = 0; count < 3; count++) {
      expect(await sendOne(transport)).toMatchObject({
        kind: "retry",
        detail: expect.stringContaining("does not match"),
      });
    }
    expect(received).toEqual([]);
  });

  test.each(["localhost", "127.0.0.1"])("trusts the certificates it is given, for %s", async (host) => {
    const received: Received[] = [];
    const port = await listening(createSecureServer(certificate, keeping(received)));

    expect(
      await sendOne(transportTo(`https://key@${host}:${port}/1`, { ca: certificate.cert })),
    ).toMatchObject({ kind: "accepted" });
    expect(received).toHaveLength(1);
  });

  test("adds the certificates it is given to those of NODE_EXTRA_CA_CERTS", async () => {
    const received: Received[] = [];
    const port = await listening(createSecureServer(certificate, keeping(received)));
    const folder = mkdtempSync(join(tmpdir(), "corvid-ca-"));
    writeFileSync(join(folder, "extra.pem"), certificate.cert);
    process.env["NODE_EXTRA_CA_CERTS"] = join(folder, "extra.pem");
    const result = await sendOne(
      transportTo(`https://key@localhost:${port}/1`, { ca: (await createCertificate()).cert }),
    );
    delete process.env["NODE_EXTRA_CA_CERTS"];
    rmSync(folder, { recursive: true });

    expect(result).toMatchObject({ kind: "accepted" });
  });

  test("gives up on a server that never finishes the handshake", async () => {
    const port = await listening(
      createTcpServer((socket) => void socket.on("error", () => undefined).resume()),
    );

    expect(
      await sendOne(transportTo(`https://key@127.0.0.1:${port}/1`, { requestTimeoutMs: 300 })),
    ).toMatchObject({ kind: "retry" });
  });
});

describe("createSentryTransport() with a proxy", () => {
  test("has it forward plain requests, with its credentials", async () => {
    const received: Received[] = [];
    const port = await listening(createPlainServer(keeping(received)));
    const proxy = await proxied();
    const transport = transportTo(`http://key@127.0.0.1:${port}/1`, {
      proxy: `http://me:p%40ss@${proxy.address}`,
    });
    await sendOne(transport);

    expect(await sendOne(transport)).toMatchObject({ kind: "accepted" });
    const line = `POST http://127.0.0.1:${port}/api/1/envelope/`;
    expect(proxy.requests).toEqual(Array(2).fill({ line, authorization: `Basic ${btoa("me:p@ss")}` }));
    expect(received[0]!.request.headers.host).toBe(`127.0.0.1:${port}`);
  });

  test("goes through a tunnel to an https server, which sees nothing of the credentials", async () => {
    const received: Received[] = [];
    const port = await listening(createSecureServer(certificate, keeping(received)));
    const proxy = await proxied();
    const transport = transportTo(`https://key@localhost:${port}/1`, {
      ca: certificate.cert,
      env: { HTTPS_PROXY: `http://me:secret@${proxy.address}` },
    });
    await sendOne(transport);

    expect(await sendOne(transport)).toMatchObject({ kind: "accepted" });
    expect(proxy.requests).toEqual([
      { line: `CONNECT localhost:${port}`, authorization: `Basic ${btoa("me:secret")}` },
    ]);
    expect(received).toHaveLength(2);
    expect(received[0]!.request.headers).not.toHaveProperty("proxy-authorization");
  });

  test("says what a proxy refuses", async () => {
    const proxy = await proxied();
    proxy.refuseWith = "407 Proxy Authentication Required";
    const transport = transportTo("https://key@errors.example/1", {
      proxy: `http://me:secret@${proxy.address}`,
    });
    const result = await sendOne(transport);

    expect(result).toMatchObject({ kind: "retry", reason: "network_error" });
    expect((result as { detail: string }).detail).toBe(
      `no answer from errors.example through the proxy ${proxy.address}: the proxy refused the tunnel: 407 Proxy Authentication Required`,
    );
  });

  test("gives up on a proxy that is not there, or talks nonsense", async () => {
    const port = await listening(
      createTcpServer((socket) => void socket.on("error", () => undefined).write("x".repeat(50_000))),
    );
    const sendThrough = (address: string): Promise<SendResult> =>
      sendOne(transportTo("https://key@errors.example/1", { proxy: address }));

    expect(await sendThrough("http://127.0.0.1:1")).toMatchObject({
      detail: expect.stringContaining("ECONNREFUSED"),
    });
    expect(await sendThrough(`http://127.0.0.1:${port}`)).toMatchObject({
      detail: expect.stringContaining("no HTTP"),
    });
  });

  test("gives up on a proxy that says nothing", async () => {
    const proxy = await proxied();
    proxy.isHung = true;

    expect(
      await sendOne(
        transportTo("https://key@errors.example/1", {
          proxy: `http://${proxy.address}`,
          requestTimeoutMs: 300,
        }),
      ),
    ).toMatchObject({ kind: "retry" });
  });

  test("throws for an option that cannot be used, but only warns about the environment", () => {
    const said: string[] = [];
    const diagnostics = createDiagnostics({
      debug: false,
      clock: systemClock,
      write: (line) => void said.push(line),
    });

    expect(() => transportTo("https://key@errors.example/1", { proxy: "socks5://a:1" })).toThrow(
      OptionsError,
    );
    transportTo("https://key@errors.example/1", { env: { ALL_PROXY: "socks5://a:1" }, diagnostics });
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("ALL_PROXY");
  });
});
