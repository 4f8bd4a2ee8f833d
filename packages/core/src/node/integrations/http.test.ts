import { subscribe, unsubscribe } from "node:diagnostics_channel";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { startTestServer } from "@corvid/test-server";
import { Client as Connection, interceptors, Pool } from "undici";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ClientOptions } from "../../client/options.js";
import { crumbsOf } from "../../context/breadcrumbs.js";
import { setCurrentClient, withRequestScope } from "../../context/current.js";
import type { Scope } from "../../context/scope.js";
import type { Breadcrumb } from "../../model/event.js";
import { recordingTransport } from "../../testing.js";
import { Client } from "../client.js";

let server: http.Server;
let origin: string;
/** Headers of the requests that came, by path. */
const came = new Map<string, http.IncomingHttpHeaders>();
const open: Client[] = [];

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const path = request.url!.split("?", 1)[0]!;
    came.set(path, request.headers);
    if (path === "/cut") return request.socket.destroy();
    if (path === "/moved") return response.writeHead(302, { location: "/landed" }).end();
    const status = Number(/^\/status\/(\d+)/.exec(path)?.[1] ?? 200);
    request
      .resume()
      .on("end", () => setTimeout(() => response.writeHead(status, { "content-length": 2 }).end("ok"), 5));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

afterEach(async () => {
  setCurrentClient(undefined);
  await Promise.all(open.splice(0).map((client) => client.close()));
});

function start(options: ClientOptions = {}): Client {
  const client = new Client({
    dsn: false,
    transport: recordingTransport(),
    integrations: (defaults) => defaults.filter(({ name }) => name === "Http"),
    ...options,
  });
  setCurrentClient(client);
  open.push(client);
  return client;
}

function crumbsWhile(fn: (scope: Scope) => Promise<unknown>): Promise<Breadcrumb[]> {
  return withRequestScope(async (scope) => {
    await fn(scope);
    return crumbsOf(scope.snapshot().breadcrumbs);
  });
}

/** The ways to send a request; each waits for the whole answer. */
const WAYS: Readonly<Record<string, (path: string, headers?: Record<string, string>) => Promise<unknown>>> = {
  fetch: async (path, headers = {}) =>
    (await fetch(`${origin}${path}`, { method: "POST", body: "four", headers })).text(),
  undici: async (path, headers = {}) => {
    const pool = new Pool(origin);
    const { body } = await pool
      .request({ path, method: "POST", body: "four", headers })
      .finally(() => void pool.close());
    return body.text();
  },
  "node:http": (path, headers = {}) =>
    new Promise((resolve, reject) => {
      const request = http.request(`${origin}${path}`, { method: "POST", headers }, (response) =>
        response.resume().on("end", resolve),
      );
      request.on("error", reject).setHeader("content-length", 4).end("four");
    }),
};

describe.each(Object.entries(WAYS))("Http, by %s", (_way, send) => {
  test("makes a breadcrumb of each answer", async () => {
    start();

    const crumbs = await crumbsWhile(async () => {
      for (const status of [200, 404, 503]) await send(`/status/${status}?page=2&token=abc`);
    });

    expect(crumbs.map(({ level }) => level)).toEqual(["info", "warning", "error"]);
    expect(crumbs[0]).toEqual({
      timestamp: expect.any(Number),
      type: "http",
      category: "http",
      level: "info",
      message: `POST ${origin}/status/200 → 200`,
      data: {
        method: "POST",
        url: `${origin}/status/200`,
        status_code: 200,
        duration_ms: expect.any(Number),
        "http.query": "page=2&token=abc",
        "http.request.body.size": 4,
        "http.response.body.size": 2,
      },
    });
  });

  test("makes one of a failure", async () => {
    start();

    const crumbs = await crumbsWhile(() => send("/cut").catch(() => undefined));

    expect(crumbs).toMatchObject([
      { level: "error", data: { url: `${origin}/cut`, error: expect.stringMatching(/^[A-Z_]+$/) } },
    ]);
    expect(crumbs[0]?.data).not.toHaveProperty("status_code");
  });

  test("leaves what carries events alone", async () => {
    start({ traceTargets: [""] });

    expect(await crumbsWhile(() => send("/ingest", { "x-sentry-auth": "Sentry sentry_key=a" }))).toEqual([]);
    expect(came.get("/ingest")).not.toHaveProperty("sentry-trace");
  });

  test("keeps concurrent requests apart", async () => {
    start();

    const seen = await Promise.all(
      Array.from({ length: 50 }, (_, n) => crumbsWhile(() => send(`/apart/${n}`))),
    );

    expect(seen.map((crumbs) => crumbs.map(({ data }) => data?.["url"]))).toEqual(
      seen.map((_, n) => [`${origin}/apart/${n}`]),
    );
  });
});

/** Node 20 tells of its own requests too late. */
const CARRIERS = Object.entries(WAYS).filter(([way]) => way !== "node:http" || canAddHeaders());

describe.each(CARRIERS)("Http, by %s", (_way, send) => {
  test("carries the trace on to targets alone", async () => {
    start({
      traceTargets: ["/inside"],
      release: "shop@1",
      environment: "test",
      dsn: "http://key@127.0.0.1:9/1",
    });
    const traceId = "0123456789abcdef".repeat(2);

    await crumbsWhile(async (scope) => {
      scope.continueTrace(() => ({ "sentry-trace": `${traceId}-${"ab".repeat(8)}-1` }));
      await send("/inside", { baggage: "other=1" });
      await send("/outside");
    });

    expect(came.get("/inside")).toMatchObject({
      "sentry-trace": expect.stringMatching(new RegExp(`^${traceId}-[0-9a-f]{16}-1$`)),
      baggage: "other=1",
    });
    expect(came.get("/outside")).not.toHaveProperty("sentry-trace");
  });

  test("says where a trace begins, beside other baggage", async () => {
    start({
      traceTargets: [/inside$/],
      release: "shop@1",
      environment: "test",
      dsn: "http://key@127.0.0.1:9/1",
    });

    await crumbsWhile(() => send("/inside", { baggage: "other=1" }));

    const { baggage = "", "sentry-trace": trace = "" } = came.get("/inside")!;
    expect(baggage).toContain("other=1");
    expect(baggage).toContain(`sentry-trace_id=${String(trace).slice(0, 32)},sentry-public_key=key`);
    expect(baggage).toContain("sentry-release=shop%401,sentry-environment=test");
  });
});

describe("Http", () => {
  test("gives no request's address to another one that waited for the same connection", async () => {
    start();
    const pool = new Pool(origin, { connections: 1 });
    const send = (n: number): Promise<unknown> =>
      pool.request({ path: `/queued/${n}`, method: "GET" }).then(({ body }) => body.text());

    const scopes = await Promise.all(
      Array.from({ length: 5 }, (_, n) =>
        withRequestScope(async (scope) => {
          await send(n);
          return scope;
        }),
      ),
    );
    await pool.close();

    const seen = scopes.map((scope) =>
      crumbsOf(scope.snapshot().breadcrumbs).map(({ data }) => data?.["url"]),
    );
    expect(seen).toEqual([[`${origin}/queued/0`], [], [], [], []]);
  });

  test("gives no redirected request's address to another one that opened the connection", async () => {
    start();
    const connection = new Connection(origin).compose(interceptors.redirect({ maxRedirections: 1 }));
    const send = (path: string): Promise<unknown> =>
      connection.request({ origin, path, method: "GET" }).then(({ body }) => body.text());

    const ofOpener = await crumbsWhile(async () => {
      await send("/opened");
      await withRequestScope(() => send("/moved"));
    });
    await connection.close();

    expect(came.has("/landed")).toBe(true);
    expect(ofOpener.map(({ data }) => data?.["url"])).toEqual([`${origin}/opened`]);
  });

  test("takes credentials out of addresses", async () => {
    start();

    const crumbs = await crumbsWhile(
      () =>
        new Promise((resolve, reject) => {
          const { port } = server.address() as AddressInfo;
          http
            .get(
              { host: "127.0.0.1", port, path: "http://ann:secret@upstream.example/x?a=1#f" },
              (response) => response.resume().on("end", resolve),
            )
            .on("error", reject);
        }),
    );

    expect(crumbs[0]?.data).toMatchObject({ url: "http://upstream.example/x", "http.query": "a=1" });
  });

  test("does not see its own events leave", async () => {
    const ingest = await startTestServer();
    const client = start({ dsn: ingest.dsn, transport: undefined, traceTargets: [""] });
    client.captureMessage("one");
    await client.flush();
    client.captureMessage("two");
    await client.flush();
    const events = ingest.events().map(({ event }) => event);
    const problems = ingest.problems();
    const headers = ingest.requests().flatMap((request) => Object.keys(request.headers));
    await client.close();
    await ingest.close();

    expect(events.map(({ breadcrumbs }) => breadcrumbs)).toEqual([undefined, undefined]);
    expect(problems).toEqual([]);
    expect(headers).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(sentry-trace|baggage)$/)]));
  });

  test("stops listening when the last client ends", async () => {
    const client = start();
    await client.close();
    const crumbs = await crumbsWhile(() => WAYS["fetch"]!("/after"));

    expect(crumbs).toEqual([]);
  });
});

/** Whether this Node tells of a request while headers can still be added. */
function canAddHeaders(): boolean {
  const name = "http.client.request.created";
  let isTold = false;
  const listener = (): void => {
    isTold = true;
  };
  subscribe(name, listener);
  http
    .request({ host: "127.0.0.1", port: 9 })
    .on("error", () => undefined)
    .destroy();
  unsubscribe(name, listener);
  return isTold;
}
