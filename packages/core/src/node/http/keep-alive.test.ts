import { afterEach, describe, expect, test } from "vitest";
import {
  cleanUp,
  later,
  MOST,
  serving,
  settled,
  TIMEOUT_MS,
  until,
} from "../../../test/support/http-bench.js";
import { type Answering, always, OK, type RawServer } from "../../../test/support/raw-server.js";

afterEach(cleanUp);

describe("HttpClient keeps connections", () => {
  test("and sends a thousand requests, one after the other, over one", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    later(() => process.off("warning", note));
    const { server, post, sockets } = await serving(always(OK));
    await post();
    const [socket] = sockets as ReadonlySet<NodeJS.EventEmitter>;
    const listeners = (): number =>
      socket!.eventNames().reduce((sum, name) => sum + socket!.listenerCount(name), 0);
    await settled();
    const before = listeners();
    for (let count = 1; count < 1000; count++) await post();
    await settled();

    expect(server.requests).toHaveLength(1000);
    expect(server.connections).toHaveLength(1);
    expect(listeners()).toBe(before);
    expect(warnings).toEqual([]);
  });

  test("as many as may be, however many requests there are at once", async () => {
    const { server, post } = await serving(always(OK));
    await Promise.all(Array.from({ length: 40 }, () => post()));

    expect(server.requests).toHaveLength(40);
    expect(server.connections).toHaveLength(MOST);
  });

  test("for a second less than the server announces", async () => {
    const { server, post } = await serving(always(OK.replace("\r\n", "\r\nKeep-Alive: timeout=2\r\n")));
    await post();
    await post();
    const startedAt = performance.now();
    await until(() => server.open === 0);

    expect(server.connections).toHaveLength(1);
    expect(performance.now() - startedAt).toBeGreaterThan(800);
  });

  test.each(["timeout=1", "timeout=0"])("not where the server announces %s", async (keepAlive) => {
    const { server, post } = await serving(always(OK.replace("\r\n", `\r\nKeep-Alive: ${keepAlive}\r\n`)));
    await post();
    await until(() => server.open === 0);
    await post();

    expect(server.connections).toHaveLength(2);
  });

  test("not where the server says so", async () => {
    const { server, post } = await serving(always(OK.replace("\r\n", "\r\nConnection: close\r\n")));
    await post();
    await until(() => server.open === 0);
    await post();

    expect(server.connections).toHaveLength(2);
  });

  test("not those of HTTP/1.0", async () => {
    const { server, post } = await serving((socket) => void socket.end(OK.replace("1.1", "1.0")));
    await post();
    await post();

    expect(server.connections).toHaveLength(2);
  });
});

describe("HttpClient", () => {
  test("replaces one that the server closes", async () => {
    const { server, post, sockets } = await serving(always(OK));
    await post();
    server.connections[0]!.end();
    await until(() => sockets.size === 0);

    expect(await post()).toMatchObject({ status: 200 });
    expect(server.connections).toHaveLength(2);
  });

  test.each<[string, string[]]>([
    ["at once", ["HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"]],
    ["in parts", ["HTT", "P/1.1 408 Request Timeout\r\n"]],
    ["and no HTTP", ["\0"]],
  ])("drops one over which something comes unasked, %s", async (_, parts) => {
    const { server, post } = await serving((socket, connection) => {
      socket.write(OK.replace("200", connection === 0 ? "200" : "202"));
    });
    await post();
    for (const part of parts) {
      server.connections[0]!.write(part);
      await settled();
    }
    await until(() => server.open === 0);

    expect(await post()).toMatchObject({ status: 202 });
  });

  test("never takes for an answer what comes behind the one before", async () => {
    const { server, post } = await serving((socket, connection) => {
      socket.write(connection === 0 ? `${OK}HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n` : OK);
    });

    expect(await post()).toMatchObject({ status: 200 });
    expect(await post()).toMatchObject({ status: 200 });
    expect(server.connections).toHaveLength(2);
  });

  test("never takes for an answer what comes behind the one before in parts", async () => {
    const { server, post } = await serving((socket, connection) => {
      socket.write(connection === 0 ? `${OK}HTTP/1.1 400 Bad` : OK);
    });

    expect(await post()).toMatchObject({ status: 200 });
    server.connections[0]!.write(" Request\r\nContent-Length: 0\r\n\r\n");
    expect(await post()).toMatchObject({ status: 200 });
    expect(server.connections).toHaveLength(2);
  });

  test.each<[string, (server: RawServer) => unknown]>([
    ["closes", (server) => server.connections[0]!.end()],
    ["resets", (server) => server.connections[0]!.resetAndDestroy()],
    [
      "says 408 on",
      (server) => server.connections[0]!.end("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"),
    ],
  ])("sends over another at once when the server %s it at that very moment", async (_, act) => {
    const { server, post } = await serving(always(OK));
    await post();
    act(server);

    expect(await post()).toMatchObject({ status: 200 });
    expect(server.connections).toHaveLength(2);
  });

  test.each<[string, Answering]>([
    ["closes", (socket) => void socket.end()],
    ["resets", (socket) => void socket.resetAndDestroy()],
    ["says 408 on", (socket) => void socket.end("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")],
    ["sends garbage over", (socket) => void socket.end("\0\0\0\0\r\n\r\n")],
  ])("sends once more, at once, when the server %s it after the request", async (_, act) => {
    const { server, post, clock } = await serving((socket, connection, request) => {
      if (request === 1) act(socket, connection, request);
      else socket.write(OK);
    });
    await post();

    expect(await post()).toMatchObject({ status: 200 });
    expect(server.requests).toHaveLength(3);
    expect(server.connections).toHaveLength(2);
    // Nothing had to wait for it.
    expect(clock.monotonic()).toBe(0);
  });

  test("sends the whole body once more", async () => {
    const bodies: number[] = [];
    const { server, post } = await serving(
      (socket, _, request) => {
        if (request === 1) socket.resetAndDestroy();
        else socket.write(OK);
      },
      {
        onConnection: (socket, connection) => {
          bodies[connection] = 0;
          socket.on("data", (chunk: Buffer) => (bodies[connection]! += chunk.length));
        },
      },
    );
    await post();
    const body = Buffer.alloc(300_000, "x");
    await post(body);

    expect(server.requests[2]).toBe(server.requests[1]);
    expect(bodies[1]).toBe(server.requests[2]!.length + 4 + body.length);
  });

  test("does not send a third time", async () => {
    const { server, post } = await serving((socket, _, request) => {
      if (request === 0) socket.write(OK);
      else socket.end();
    });
    await post();

    await expect(post()).rejects.toThrow("socket hang up");
    expect(server.requests).toHaveLength(3);
  });

  test("waits for the place of the old one where it is the only one there may be", async () => {
    const { server, post } = await serving(
      (socket, _, request) => void (request === 1 ? socket.resetAndDestroy() : socket.write(OK)),
      { connections: 1 },
    );
    await post();

    expect(await Promise.all([post(), post()])).toMatchObject([{ status: 200 }, { status: 200 }]);
    expect(server.connections).toHaveLength(2);
  });

  test("sends over a new one, when all that rest are likely to be as dead", async () => {
    let isRestarting = false;
    const { server, post } = await serving((socket, connection) => {
      if (isRestarting && connection < 2) socket.resetAndDestroy();
      else socket.write(OK);
    });
    await Promise.all([post(), post()]);
    expect(server.connections).toHaveLength(2);
    isRestarting = true;

    expect(await post()).toMatchObject({ status: 200 });
    expect(server.connections).toHaveLength(3);
  });

  test("has one deadline for both tries", async () => {
    const { server, post, clock } = await serving((socket, _, request) => {
      if (request === 0) socket.write(OK);
      if (request === 1) socket.end();
    });
    await post();
    const answer = post();
    clock.advance(TIMEOUT_MS - 1);
    await until(() => server.requests.length === 3);
    clock.advance(1);

    await expect(answer).rejects.toThrow(`no answer within ${TIMEOUT_MS} ms`);
  });

  test("takes a server at its word that says 408 on a new connection", async () => {
    const { server, post } = await serving(
      always("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"),
    );

    expect(await post()).toMatchObject({ status: 408 });
    expect(server.requests).toHaveLength(1);
  });

  test("does not send again what failed on a new connection", async () => {
    const { server, post } = await serving((socket) => void socket.end());

    await expect(post()).rejects.toThrow("socket hang up");
    expect(server.requests).toHaveLength(1);
  });

  test("sends to a server that is gone once more, and says so", async () => {
    const { server, post } = await serving(always(OK));
    await post();
    await server.close();

    await expect(post()).rejects.toThrow("ECONNREFUSED");
  });
});
