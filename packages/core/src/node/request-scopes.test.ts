import { once } from "node:events";
import http, {
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  bind,
  captureException,
  close,
  getScope,
  setTag,
  setUser,
  withRequestScope,
  withScope,
} from "../index.js";
import { type RecordingTransport, recordingTransport } from "../testing.js";
import { type Client, init } from "./client.js";

let transport: RecordingTransport;
let client: Client;
let server: Server;

beforeEach(() => {
  transport = recordingTransport();
  client = init({ dsn: false, transport });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  client.scope.clear();
  await close();
});

async function listen(listener: RequestListener): Promise<string> {
  server = http.createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers, waits until the request has ended, and calls `after` in its context. */
function answerThen(after: () => void): { listener: RequestListener; done: Promise<void> } {
  let finish: () => void;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const listener = (_request: IncomingMessage, response: ServerResponse): void => {
    setUser({ id: 1 });
    response.once("close", () => {
      setImmediate(() => {
        after();
        finish();
      });
    });
    response.end();
  };
  return { listener, done };
}

describe("openRequestScopes()", () => {
  test("gives each request of a bare server a scope, in listeners of its streams too", async () => {
    const url = await listen((request, response) => {
      setTag("first", request.url!);
      request.on("end", () => {
        setUser({ id: request.url! });
        captureException(new Error(request.url));
        response.end();
      });
      request.resume();
    });

    await Promise.all(["/a", "/b"].map((path) => fetch(url + path, { method: "POST", body: "x" })));
    await client.flush();

    const seen = transport.events.map(({ user, tags, request }) => [user?.id, tags?.["first"], request?.url]);
    expect(seen.sort()).toEqual([
      ["/a", "/a", `${url}/a`],
      ["/b", "/b", `${url}/b`],
    ]);
    expect(client.scope.snapshot().user).toBeUndefined();
  });

  test("leaves nothing to be seen on request and response, and nothing behind after close()", async () => {
    const keys: string[][] = [];
    const owned: boolean[] = [];
    const url = await listen((request, response) => {
      keys.push([...Object.keys(request), ...Object.keys(response)].filter((key) => key === "emit"));
      owned.push(Object.hasOwn(request, "emit"));
      response.end();
    });

    await fetch(url);
    await close();
    await fetch(url);

    expect(keys).toEqual([[], []]);
    expect(owned).toEqual([true, false]);
    expect(Object.hasOwn(server, "emit")).toBe(false);
  });

  test("marks what is captured after the end of a request, and keeps what the request had", async () => {
    const { listener, done } = answerThen(() => {
      setUser({ id: 2 });
      setTag("late", true);
      captureException(new Error("late"));
    });

    await fetch(`${await listen(listener)}/a`);
    await done;
    await client.flush();

    expect(transport.events).toMatchObject([{ user: { id: "1" }, tags: { request_ended: "true" } }]);
    expect(transport.events[0]?.tags).not.toHaveProperty("late");
  });

  test.each([
    ["withScope", (fn: () => void) => withScope(fn)],
    ["withRequestScope", (fn: () => void) => withRequestScope(fn)],
    ["bind", (fn: () => void) => bind(fn)()],
  ])("lets setters work in a %s that is opened after the end", async (_name, open) => {
    const { listener, done } = answerThen(() => {
      open(() => {
        setTag("job", "mail");
        captureException(new Error("late"));
      });
      setTag("job", "other");
    });

    await fetch(await listen(listener));
    await done;
    await client.flush();

    expect(transport.events).toMatchObject([{ tags: { job: "mail" } }]);
    expect(client.scope.snapshot().tags).toEqual({});
  });

  test.each([
    ["upgrade", "GET", ["/a", "/b"]],
    ["connect", "CONNECT", ["a:1", "b:1"]],
  ])("gives a socket of an %s a scope until it closes", async (event, method, targets) => {
    const ended: (() => boolean)[] = [];
    const url = await listen((_request, response) => void response.end());
    server.on(event, (request: IncomingMessage, socket: Socket) => {
      const scope = getScope();
      setUser({ id: request.url! });
      ended.push(() => scope.isEnded);
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
      socket.on("data", () => captureException(new Error(request.url)));
      socket.on("end", () => socket.end());
    });

    const sockets = await Promise.all(
      targets.map(async (target) => {
        const socket = connect(Number(new URL(url).port), "127.0.0.1");
        socket.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n`);
        await once(socket, "data");
        return socket;
      }),
    );
    const before = ended.map((isEnded) => isEnded());
    await Promise.all(
      sockets.map((socket) => {
        socket.end("hello");
        return once(socket.resume(), "close");
      }),
    );
    await client.flush();

    const named = transport.events.map(({ exception, user }) => [exception?.values[0]?.value, user?.id]);
    expect(named.sort()).toEqual(targets.map((target) => [target, target]));
    expect(before).toEqual([false, false]);
    expect(ended.map((isEnded) => isEnded())).toEqual([true, true]);
  });
});
