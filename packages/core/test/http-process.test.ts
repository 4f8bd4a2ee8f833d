import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createCertificate } from "./support/certificate.js";
import { createProgram, ended, type Program } from "./support/child.js";
import {
  type Answering,
  always,
  OK,
  type RawServer,
  type RawServerOptions,
  silent,
  startRawServer,
} from "./support/raw-server.js";

/**
 * Sends envelopes to `argv[2]` through the proxy `argv[3]`, if any, and does what `argv[4]` says; `argv[5]` is a
 * certificate to trust.
 */
const CODE = `
import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { systemClock } from "./node/clock.js";
import { silentDiagnostics } from "./model/diagnostics.js";
import { parseDsn } from "./model/dsn.js";
import { eventEnvelope } from "./transport/envelope.js";
import { createSentryTransport } from "./node/http/sentry-transport.js";

const [dsn, proxy, then, ca] = process.argv.slice(2);
const create = () => createSentryTransport({
  dsn: parseDsn(dsn), sdk: { name: "t", version: "1" }, requestTimeoutMs: 8000, clock: systemClock,
  diagnostics: silentDiagnostics, userAgent: "t", ca, proxy: proxy === "" ? false : proxy,
});
const envelope = eventEnvelope({ id: "f".repeat(32), payload: "{}" });
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function send(transport, some) {
  const [{ kind }] = await transport.send([some]);
  console.log(kind);
}

async function linger() {
  void send(create(), envelope);
  await wait(500);
}

async function rest() {
  const alive = setTimeout(() => undefined, 10_000);
  await send(create(), envelope);
  clearTimeout(alive);
}

/** More than the buffers of a connection hold, and nothing that shrinks. */
async function stuff() {
  const transport = create();
  const alive = setTimeout(() => undefined, 10_000);
  await send(transport, envelope);
  clearTimeout(alive);
  const text = randomBytes(15_000_000).toString("base64");
  void send(transport, eventEnvelope({ id: "f".repeat(32), payload: JSON.stringify({ text }) }));
  await wait(1500);
}

async function forget() {
  const alive = setTimeout(() => undefined, 10_000);
  const requests = new AsyncLocalStorage();
  let transport;
  const seen = [];
  const serve = (store, work) => {
    seen.push(new WeakRef(store));
    return requests.run(store, work);
  };
  await serve({ made: Buffer.alloc(1000) }, async () => {
    transport = create();
    await transport.send([envelope]);
  });
  await serve({ used: Buffer.alloc(1000) }, () => transport.send([envelope]));
  for (let round = 0; round < 20; round++) {
    await wait(10);
    gc();
  }
  console.log(seen.map((ref) => (ref.deref() === undefined ? "forgotten" : "kept")).join(" "));
  clearTimeout(alive);
}

void { forget, linger, rest, stuff }[then]();
`;

let program: Program;
let certificate: { readonly key: string; readonly cert: string };
const undo: (() => unknown)[] = [];
beforeAll(async () => {
  program = await createProgram(CODE);
  certificate = await createCertificate();
});
afterAll(() => program.remove());
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function started(answering: Answering, options: RawServerOptions = {}): Promise<RawServer> {
  const server = await startRawServer(answering, options);
  undo.push(() => server.close());
  return server;
}

const dsnOf = ({ port }: RawServer, protocol = "http"): string => `${protocol}://key@127.0.0.1:${port}/1`;

describe("a process that sends over HTTP", () => {
  test.each<[string, (server: RawServer) => [string, string]]>([
    ["awaits an answer", (server) => [dsnOf(server), ""]],
    ["awaits a handshake", (server) => [dsnOf(server, "https"), ""]],
    ["awaits a proxy", (server) => ["https://key@errors.example/1", `http://127.0.0.1:${server.port}`]],
    [
      "awaits the handshake of a proxy",
      (server) => ["https://key@errors.example/1", `https://127.0.0.1:${server.port}`],
    ],
  ])("ends when it has nothing left to do but %s", async (_, route) => {
    const server = await started(silent);
    const { code, out, err, afterMs } = await ended(program.start([...route(server), "linger"]));

    expect({ code, out, err }).toEqual({ code: 0, out: "", err: "" });
    expect(server.connections).toHaveLength(1);
    expect(afterMs).toBeLessThan(4000);
  });

  describe.each(["http", "https"])("with %s", (protocol) => {
    const options = (): RawServerOptions => (protocol === "https" ? { tls: certificate } : {});

    test("ends with a connection that rests", async () => {
      const server = await started(always(OK), options());
      const args = [`${protocol}://key@localhost:${server.port}/1`, "", "rest", certificate.cert];
      const { code, out, err, afterMs } = await ended(program.start(args));

      expect({ code, out, err }).toEqual({ code: 0, out: "accepted\n", err: "" });
      expect(afterMs).toBeLessThan(4000);
    });

    test("ends although the server no longer reads what comes over a connection that was used before", async () => {
      const server = await started((socket) => void socket.pause().write(OK), options());
      const args = [`${protocol}://key@localhost:${server.port}/1`, "", "stuff", certificate.cert];
      const { code, out, err, afterMs } = await ended(program.start(args));

      expect({ code, out, err }).toEqual({ code: 0, out: "accepted\n", err: "" });
      expect(server.connections).toHaveLength(1);
      expect(afterMs).toBeLessThan(6000);
    });
  });

  test("keeps nothing of the application's requests in a connection that rests", async () => {
    const server = await started(always(OK));
    const child = program.start([dsnOf(server), "", "forget"], "pipe", ["--expose-gc"]);
    const { out, err } = await ended(child);

    expect({ out, err }).toEqual({ out: "forgotten forgotten\n", err: "" });
    expect(server.connections).toHaveLength(1);
  });

  test.each(["--insecure-http-parser", "--max-http-header-size=64"])(
    "goes its way whatever Node is told about HTTP: %s",
    async (flag) => {
      const server = await started(always(OK.replace("\r\n", `\r\nX-A: ${"a".repeat(500)}\r\n`)));
      const child = program.start([dsnOf(server), "", "rest"], "pipe", [flag]);
      const { code, out, err } = await ended(child);

      expect({ code, out, err }).toEqual({ code: 0, out: "accepted\n", err: "" });
    },
  );

  test("goes its way though Node's own client is told to use a proxy", async () => {
    const server = await started(always(OK));
    vi.stubEnv("NODE_USE_ENV_PROXY", "1").stubEnv("HTTP_PROXY", "http://127.0.0.1:1");
    undo.push(() => vi.unstubAllEnvs());
    // Some versions of Node say on standard error that this is an experiment.
    const { code, out } = await ended(program.start([dsnOf(server), "", "rest"]));

    expect({ code, out }).toEqual({ code: 0, out: "accepted\n" });
  });
});
