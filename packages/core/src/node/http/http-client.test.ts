import { createRequire, syncBuiltinESMExports } from "node:module";
import { connect } from "node:net";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createCertificate } from "../../../test/support/certificate.js";
import {
  cleanUp,
  clientTo,
  later,
  MOST,
  type ServedBench,
  serving,
  settled,
  TIMEOUT_MS,
  until,
} from "../../../test/support/http-bench.js";
import {
  always,
  OK,
  type RawServer,
  type RawServerOptions,
  silent,
  startRawServer,
} from "../../../test/support/raw-server.js";
import type { HttpAnswer } from "../../transport/http-answer.js";

const http = createRequire(import.meta.url)("node:http") as typeof import("node:http");
let certificate: { readonly key: string; readonly cert: string };

beforeAll(async () => {
  certificate = await createCertificate();
});
afterEach(cleanUp);

/** How far a request gets, and where it is stuck. */
interface Stage {
  readonly name: string;
  start(): Promise<ServedBench>;
  /** Default: the request has come in. */
  isReached?(served: ServedBench): boolean;
  readonly body?: Uint8Array;
}

const STAGES: readonly Stage[] = [
  { name: "while a connection is opened", start: () => serving(silent), isReached: () => true },
  {
    name: "while the handshake is awaited",
    async start() {
      const { server } = await serving(silent);
      return { server, ...clientTo(`https://127.0.0.1:${server.port}`) };
    },
    isReached: ({ server }) => server.connections.length > 0,
  },
  {
    name: "while a proxy is asked for the way",
    async start() {
      const { server } = await serving(silent);
      const proxy = { protocol: "http:", host: "127.0.0.1", port: server.port } as const;
      return { server, ...clientTo("https://errors.example", { proxy }) };
    },
  },
  {
    name: "while it is sent to a server that reads nothing",
    start: () => serving(silent, { onConnection: (socket) => setImmediate(() => socket.pause()) }),
    isReached: ({ server }) => server.connections[0]?.isPaused() === true,
    body: Buffer.alloc(20_000_000),
  },
  { name: "while an answer is awaited", start: () => serving(silent) },
  {
    name: "in the middle of a header",
    start: () => serving(always("HTTP/1.1 200 OK\r\nContent-")),
  },
  {
    name: "behind an answer that is not the last",
    start: () => serving(always("HTTP/1.1 103 Early Hints\r\n\r\n")),
  },
  {
    name: "after a second try",
    async start() {
      const served = await serving((socket, _, request) => {
        if (request === 0) socket.write(OK);
        if (request === 1) socket.destroy();
      });
      await served.post();
      return served;
    },
    isReached: ({ server }) => server.requests.length === 3,
  },
];

function named(stages: readonly Stage[]): [string, Stage][] {
  return stages.map((stage) => [stage.name, stage]);
}

async function stuckAt({
  start,
  isReached,
  body,
}: Stage): Promise<ServedBench & { answer: Promise<HttpAnswer> }> {
  const served = await start();
  const answer = served.post(body);
  answer.catch(() => undefined);
  await until(() => isReached?.(served) ?? served.server.requests.length > 0);
  return { ...served, answer };
}

describe("HttpClient has one deadline", () => {
  test.each(named(STAGES.slice(1)))("%s", async (_, stage) => {
    const { answer, clock, sockets } = await stuckAt(stage);
    await settled();
    clock.advance(TIMEOUT_MS - 1);
    await settled();
    expect(sockets.size).toBe(1);
    clock.advance(1);

    await expect(answer).rejects.toThrow(`no answer within ${TIMEOUT_MS} ms`);
    await until(() => sockets.size === 0);
    clock.advance(100);
    expect(clock.pending).toBe(0);
  });

  test("in the middle of a body, by which time the answer is known", async () => {
    const { server, post, clock, sockets } = await serving(
      always("HTTP/1.1 503 Down\r\nRetry-After: 7\r\nContent-Length: 10\r\n\r\nabc"),
      { bodyBytes: 100 },
    );
    const answer = post();
    await until(() => server.requests.length > 0);
    await settled();
    clock.advance(TIMEOUT_MS);

    expect(await answer).toMatchObject({ status: 503, retryAfter: ["7"], body: "abc" });
    await until(() => sockets.size === 0);
    expect(clock.pending).toBe(0);
  });

  test("however slowly an answer goes on", async () => {
    const { server, post, clock } = await serving(silent);
    const answer = post();
    answer.catch(() => undefined);
    await until(() => server.requests.length > 0);
    for (const letter of "HTTP/") {
      server.connections[0]!.write(letter);
      await settled();
      clock.advance(TIMEOUT_MS / 5);
    }

    await expect(answer).rejects.toThrow("no answer within");
  });

  test("while all connections are taken, and asks for none afterwards", async () => {
    const { server, post, clock, client } = await serving(silent);
    const hung = Array.from({ length: MOST }, () => post());
    await until(() => server.requests.length === MOST);
    clock.advance(TIMEOUT_MS / 2);
    const late = post();
    for (const answer of [...hung, late]) answer.catch(() => undefined);
    clock.advance(TIMEOUT_MS / 2);
    await expect(Promise.all(hung)).rejects.toThrow("no answer within");
    client.destroy();

    await expect(late).rejects.toThrow("closed");
    expect(server.requests).toHaveLength(MOST);
  });

  test("and gives the place of a request that is late to the next", async () => {
    const { server, post, clock } = await serving((socket, connection) => {
      if (connection >= MOST) socket.write(OK);
    });
    const hung = Array.from({ length: MOST }, () => post());
    for (const answer of hung) answer.catch(() => undefined);
    await until(() => server.requests.length === MOST);
    clock.advance(TIMEOUT_MS - 1);
    const next = post();
    clock.advance(1);

    expect(await next).toMatchObject({ status: 200 });
  });
});

describe("HttpClient destroy()", () => {
  const isSocket = (kind: string): boolean => /TCP|TLS|Connect|GetAddr|WriteWrap|ShutdownWrap/.test(kind);
  const active = (): number => process.getActiveResourcesInfo().filter(isSocket).length;

  test.each(named(STAGES))("fails at once what is under way, %s", async (_, stage) => {
    const { answer, clock, client, sockets, server } = await stuckAt(stage);
    client.destroy();

    await expect(answer).rejects.toThrow("the transport was closed");
    for (const socket of server.connections) socket.resume();
    await until(() => sockets.size === 0 && server.open === 0);
    clock.advance(100);
    expect(clock.pending).toBe(0);
  });

  test("fails what waits for a connection", async () => {
    const { server, post, client, sockets } = await serving(silent);
    const answers = Array.from({ length: MOST + 1 }, () => post());
    await until(() => server.requests.length === MOST);
    client.destroy();

    for (const answer of answers) await expect(answer).rejects.toThrow("the transport was closed");
    await until(() => sockets.size === 0);
    expect(server.requests).toHaveLength(MOST);
  });

  test("closes what rests, and leaves nothing behind in the process", async () => {
    const before = active();
    const { server, post, client, clock } = await serving(always(OK));
    await Promise.all([post(), post(), post()]);
    client.destroy();
    await until(() => server.open === 0);
    await server.close();
    await until(() => active() <= before);

    expect(clock.pending).toBe(0);
  });

  test("in the middle of a body gives the answer that is known", async () => {
    const { server, post, client } = await serving(
      always("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
    );
    const answer = post();
    await until(() => server.requests.length > 0);
    await settled();
    client.destroy();

    expect(await answer).toMatchObject({ status: 200 });
  });

  test("leaves a client that opens nothing any more", async () => {
    const { server, post, client, clock } = await serving(always(OK));
    client.destroy();

    await expect(post()).rejects.toThrow("the transport was closed");
    expect(server.connections).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe("HttpClient names the server", () => {
  const hostOf = ({ requests }: RawServer): string | undefined => /^host: (.*)$/im.exec(requests[0]!)?.[1];

  test.each([
    ["127.0.0.1", "127.0.0.1"],
    ["localhost", "localhost"],
    ["::1", "[::1]"],
  ])("at %s, with its port", async (address, name) => {
    const { server } = await serving(always(OK), { host: address });
    await clientTo(`http://${name}:${server.port}`).post();

    expect(hostOf(server)).toBe(`${name}:${server.port}`);
  });

  test("without the port of http, also to a proxy that forwards", async () => {
    const { server } = await serving(always(OK));
    const { client } = clientTo("http://errors.example:80", {
      proxy: { protocol: "http:", ...placeOf(server) },
    });
    await client.post({ path: "http://errors.example/a/api/7/", headers: {}, body: Buffer.of() });

    expect(server.requests[0]).toMatch(/^POST http:\/\/errors\.example\/a\/api\/7\/ /);
    expect(hostOf(server)).toBe("errors.example");
  });

  test("without the port of https, also to a proxy that leads there", async () => {
    const { server } = await serving(always(OK), { tls: certificate });
    const proxy = await leadingTo(server);
    await clientTo("https://localhost:443", {
      ca: certificate.cert,
      proxy: { protocol: "http:", ...placeOf(proxy) },
    }).post();

    expect(proxy.requests).toEqual(["CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443"]);
    expect(hostOf(server)).toBe("localhost");
  });
});

function placeOf({ port }: RawServer): { readonly host: string; readonly port: number } {
  return { host: "localhost", port };
}

/** A proxy that leads to this server, wherever it is asked to. */
async function leadingTo(server: RawServer, options: RawServerOptions = {}): Promise<RawServer> {
  const proxy = await startRawServer((socket) => {
    const onward = connect(server.port, "127.0.0.1", () => {
      socket.removeAllListeners("data").write("HTTP/1.1 200 Yes\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("close", () => onward.destroy());
  }, options);
  later(() => proxy.close());
  return proxy;
}

describe("HttpClient with TLS", () => {
  const secure = (options: RawServerOptions = {}): Promise<ServedBench> =>
    serving(always(OK), { tls: certificate, ...options });

  test.each(["http:", "https:"] as const)("keeps a connection through a proxy with %s", async (protocol) => {
    const { server } = await secure();
    const proxy = await leadingTo(server, protocol === "https:" ? { tls: certificate } : {});
    const { post, client, sockets } = clientTo(`https://localhost:${server.port}`, {
      ca: certificate.cert,
      proxy: { protocol, ...placeOf(proxy) },
    });
    for (let count = 0; count < 20; count++) await post();
    client.destroy();
    await until(() => sockets.size === 0 && proxy.open === 0);

    expect(server.requests).toHaveLength(20);
    expect(server.connections).toHaveLength(1);
    expect(proxy.connections).toHaveLength(1);
  });

  test("sends nothing to a server of another name", async () => {
    const { server } = await secure({ host: "::1" });
    const { post, sockets } = clientTo(`https://[::1]:${server.port}`, { ca: certificate.cert });

    await expect(post()).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    await until(() => sockets.size === 0);
    expect(server.requests).toEqual([]);
  });

  test("replaces a connection that the server resets", async () => {
    const { server } = await secure();
    const { post } = clientTo(`https://localhost:${server.port}`, { ca: certificate.cert });
    await post();
    server.connections[0]!.destroy();

    expect(await post()).toMatchObject({ status: 200 });
    expect(server.connections).toHaveLength(2);
  });
});

describe("HttpClient and other people's code", () => {
  const shim = (): never => {
    throw new Error("this is not for reports");
  };

  test("does not go through a replaced `request`", async () => {
    const spies = [
      vi.spyOn(http, "request").mockImplementation(shim),
      vi.spyOn(http, "get").mockImplementation(shim),
    ];
    syncBuiltinESMExports();
    later(() => {
      for (const spy of spies) spy.mockRestore();
      syncBuiltinESMExports();
    });
    const { server, post } = await serving(always(OK));
    await post();
    await post();

    expect(server.connections).toHaveLength(1);
  });

  test.each<[string, unknown]>([
    ["is of another protocol", { protocol: "https:" }],
    ["is of no protocol", {}],
  ])("needs no global agent: the one there %s", async (_, agent) => {
    const { globalAgent } = http;
    http.globalAgent = agent as typeof globalAgent;
    later(() => {
      http.globalAgent = globalAgent;
    });
    const { post } = await serving(always(OK));

    expect(await post()).toMatchObject({ status: 200 });
  });

  test("fails alone where a header cannot be sent", async () => {
    const { server, client, post, clock, sockets } = await serving(always(OK));
    const headers = { "x-a": "two\nlines" };

    await expect(client.post({ path: "/", headers, body: Buffer.of() })).rejects.toMatchObject({
      code: "ERR_INVALID_CHAR",
    });
    await until(() => sockets.size === 0);
    expect(clock.pending).toBe(0);
    expect(await post()).toMatchObject({ status: 200 });
    expect(server.requests).toHaveLength(1);
  });
});
