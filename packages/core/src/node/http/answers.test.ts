import { afterEach, describe, expect, test } from "vitest";
import { cleanUp, serving, until } from "../../../test/support/http-bench.js";
import { type Answering, always, OK, silent } from "../../../test/support/raw-server.js";

afterEach(cleanUp);

describe("HttpClient reads answers", () => {
  test.each<[string, string, object]>([
    ["without a body", "HTTP/1.1 204 No Content\r\n\r\n", { status: 204, statusText: "No Content" }],
    ["that leave the body out", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", { status: 304 }],
    [
      "in chunks",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      { status: 200, body: "abc" },
    ],
    [
      "behind others that are not the last",
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n${OK}`,
      { status: 200 },
    ],
    ["without a text", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", { status: 200, statusText: "" }],
    ["of another kind of status", "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", { status: 999 }],
    [
      "with bytes that are no ASCII",
      "HTTP/1.1 200 a\xe9\x9bb\r\nX-A: \xff\r\nContent-Length: 0\r\n\r\n",
      { status: 200, statusText: "a b" },
    ],
    [
      "with lines that repeat",
      "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nRetry-After: 2\r\nX-Sentry-Rate-Limits: 1:error:key\r\nx-sentry-rate-limits: 2:all:key\r\nContent-Length: 0\r\n\r\n",
      { status: 429, retryAfter: ["1", "2"], rateLimits: ["1:error:key", "2:all:key"] },
    ],
    [
      "that say where to go",
      "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n",
      { status: 302, location: ["/a"] },
    ],
  ])("%s", async (_, text, expected) => {
    const { server, post } = await serving((socket) => void socket.write(text, "latin1"), {
      bodyBytes: 100,
    });

    expect(await post()).toMatchObject(expected);
    await post();
    expect(server.connections).toHaveLength(1);
  });

  test("that end with the connection", async () => {
    const { post } = await serving((socket) => void socket.end("HTTP/1.1 200 OK\r\n\r\nabc"), {
      bodyBytes: 100,
    });

    expect(await post()).toMatchObject({ status: 200, body: "abc" });
  });

  test("whose body is cut off", async () => {
    const { post, sockets } = await serving(
      (socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
    );

    expect(await post()).toMatchObject({ status: 200 });
    await until(() => sockets.size === 0);
  });

  test("whose body never ends", async () => {
    const { post, sockets } = await serving((socket) => {
      const write = (): void => void (socket.writable && socket.write("x".repeat(10_000), write));
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", write);
    });

    expect(await post()).toMatchObject({ status: 200 });
    await until(() => sockets.size === 0);
  });

  test("that are as long as may be, and keeps the connection", async () => {
    const { server, post } = await serving(
      always(`HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n${"x".repeat(65_536)}`),
    );
    await post();
    await post();

    expect(server.connections).toHaveLength(1);
  });

  test("that come before the request has been read, and closes", async () => {
    const { server, post } = await serving(silent, {
      onConnection: (socket) => {
        socket.once("data", () => {
          socket.pause();
          socket.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", () =>
            socket.destroy(),
          );
        });
      },
    });

    expect(await post(Buffer.alloc(4_000_000))).toMatchObject({ status: 413 });
    expect(server.connections).toHaveLength(1);
  });

  test("that come before the request has been read, which goes on", async () => {
    const { server, post } = await serving((socket, _, request) => void (request > 0 && socket.write(OK)), {
      onConnection: (socket) => void socket.once("data", () => socket.write(OK)),
    });
    await post(Buffer.alloc(4_000_000));
    await post();

    expect(server.connections).toHaveLength(1);
    expect(server.requests).toHaveLength(2);
  });

  test("that refuse a request nobody reads, without waiting for it", async () => {
    const { post, sockets } = await serving(silent, {
      onConnection: (socket) => {
        socket.pause();
        socket.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
      },
    });

    expect(await post(Buffer.alloc(20_000_000))).toMatchObject({ status: 413 });
    await until(() => sockets.size === 0);
  });

  test.each<[string, string]>([
    ["garbage", "\x16\x03\x01\0\0\r\n\r\n"],
    ["a banner", "220 mail.example ESMTP\r\n"],
    ["HTTP/2", "\0\0\x12\x04\0\0\0\0\0"],
    ["a header without end", `HTTP/1.1 200 OK\r\nX-A: ${"x".repeat(200_000)}`],
    ["header after header", `HTTP/1.1 200 OK\r\n${"X-A: 1\r\n".repeat(20_000)}`],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"],
    ["a control character in a header", "HTTP/1.1 200 OK\r\nX-A: \x01\r\nContent-Length: 0\r\n\r\n"],
  ])("and fails for %s", async (_, text) => {
    const { post, sockets, clock } = await serving((socket) => void socket.write(text, "latin1"));

    await expect(post()).rejects.toMatchObject({ code: expect.stringMatching(/^HPE_/) });
    await until(() => sockets.size === 0);
    expect(clock.pending).toBe(0);
  });

  test.each<[string, Answering]>([
    ["nothing", (socket) => void socket.end()],
    ["half a header", (socket) => void socket.end("HTTP/1.1 200 OK\r\nConte")],
    [
      "another protocol",
      (socket) =>
        void socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    ],
  ])("and fails for %s and the end", async (_, answering) => {
    const { post, sockets, clock } = await serving(answering);

    await expect(post()).rejects.toThrow(/socket hang up|without an answer/);
    await until(() => sockets.size === 0);
    expect(clock.pending).toBe(0);
  });

  test("and fails for a reset, with Node's code for those who look for it", async () => {
    const { post } = await serving((socket) => void socket.resetAndDestroy());

    await expect(post()).rejects.toMatchObject({ code: "ECONNRESET" });
  });
});
