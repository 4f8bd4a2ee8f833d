import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventEnvelope, HEADERS, post, postEvent, sampleEvent } from "../test/sample.js";
import { type Fault, rateLimited, startTestServer, type TestServer } from "./index.js";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

describe("setFault() and pushFaults()", () => {
  test("meet requests in order: the pushed ones first, then the standing one, until it ends", async () => {
    server.setFault({ kind: "status", status: 503 });
    server.pushFaults({ kind: "status", status: 500 }, rateLimited());
    const statuses: number[] = [];
    for (let number = 1; number <= 4; number++) statuses.push((await postEvent(server, number)).status);
    server.setFault(undefined);
    statuses.push((await postEvent(server, 5)).status);

    expect(statuses).toEqual([500, 429, 503, 503, 200]);
    expect(server.requests().map(({ status, fault }) => [status, fault])).toEqual([
      [500, "status"],
      [429, "status"],
      [503, "status"],
      [503, "status"],
      [200, undefined],
    ]);
    expect(server.events()).toHaveLength(1);
  });

  test("leave the page and its API alone", async () => {
    server.setFault({ kind: "hang" });

    expect((await fetch(`${server.url}/api/0/stats`)).status).toBe(200);
  });

  test.each([
    [undefined],
    [{ kind: "earthquake" }],
    [{ kind: "status", status: 99 }],
    [{ kind: "status", status: 429.5 }],
    [{ kind: "status", status: 503, headers: { "retry-after": "1\r\nx: y" } }],
    [{ kind: "cut", when: "never" }],
    [{ kind: "slow", delayMs: -1 }],
    [{ kind: "redirect" }],
  ])("refuse %j", (fault) => {
    expect(() => server.pushFaults(fault as Fault)).toThrow(/^Invalid fault: expected .*, received /);
  });
});

describe("status", () => {
  test("answers with its headers and body, and keeps nothing", async () => {
    server.pushFaults({
      kind: "status",
      status: 503,
      headers: { "Retry-After": "7" },
      body: "<html>down</html>",
    });
    const answer = await postEvent(server);

    expect([answer.status, answer.headers.get("retry-after"), await answer.text()]).toEqual([
      503,
      "7",
      "<html>down</html>",
    ]);
    expect(server.events()).toEqual([]);
  });

  test("with accept keeps the event all the same", async () => {
    server.pushFaults({ kind: "status", status: 502, accept: true });

    expect((await postEvent(server)).status).toBe(502);
    expect(server.events()).toHaveLength(1);
  });
});

describe("rateLimited()", () => {
  test.each([
    [{}, 429, null, null],
    [{ retryAfter: 60 }, 429, "60", null],
    [{ retryAfter: "Fri, 02 Jan 2026 03:04:05 GMT" }, 429, "Fri, 02 Jan 2026 03:04:05 GMT", null],
    [{ limits: "60:error:key" }, 429, null, "60:error:key"],
    [
      { limits: ["60:error:key", "10::organization"], status: 200 },
      200,
      null,
      "60:error:key, 10::organization",
    ],
  ])("answers %j", async (options, status, retryAfter, limits) => {
    server.pushFaults(rateLimited(options));
    const { status: got, headers } = await postEvent(server);

    expect([got, headers.get("retry-after"), headers.get("x-sentry-rate-limits")]).toEqual([
      status,
      retryAfter,
      limits,
    ]);
  });
});

describe("cut", () => {
  test.each(["before-read", "mid-body", "after-read", "mid-answer"] as const)(
    "%s ends the connection",
    async (when) => {
      server.pushFaults({ kind: "cut", when });
      const attempt = postEvent(server).then((answer) => answer.text());

      await expect(attempt).rejects.toThrow();
      expect(server.events()).toEqual([]);
      expect(server.requests()[0]).toMatchObject({
        fault: "cut",
        status: when === "mid-answer" ? 200 : undefined,
      });
    },
  );

  test("mid-body ends it before the whole body was read", async () => {
    server.pushFaults({ kind: "cut", when: "mid-body" });
    const body = eventEnvelope(sampleEvent(1, { extra: { a: "x".repeat(8_000_000) } }));

    await expect(post(server, body)).rejects.toThrow();
    expect(server.requests()[0]!.bytes).toBeLessThan(body.length);
  });

  test.each(["after-read", "mid-answer"] as const)("%s with accept is a lost answer", async (when) => {
    server.pushFaults({ kind: "cut", when, accept: true });
    const attempt = postEvent(server).then((answer) => answer.text());

    await expect(attempt).rejects.toThrow();
    expect(server.events()).toHaveLength(1);
  });
});

describe("hang, slow and redirect", () => {
  test("hang never answers, and close() ends it at once", async () => {
    server.pushFaults({ kind: "hang" }, { kind: "slow", delayMs: 600_000 });
    const hung = expect(postEvent(server, 1)).rejects.toThrow();
    const slow = expect(postEvent(server, 2)).rejects.toThrow();
    while (server.requests().length < 2) await new Promise(setImmediate);
    await server.close();

    await Promise.all([hung, slow]);
    expect(server.requests().map(({ status }) => status)).toEqual([undefined, undefined]);
  });

  test("slow answers as usual, later", async () => {
    server.pushFaults({ kind: "slow", delayMs: 20 });
    const before = performance.now();

    expect((await postEvent(server)).status).toBe(200);
    expect(performance.now() - before).toBeGreaterThan(15);
  });

  test("redirect points elsewhere", async () => {
    server.pushFaults({ kind: "redirect", location: "/api/2/envelope/" });
    const answer = await post(server, eventEnvelope(sampleEvent()), HEADERS);

    expect([answer.status, answer.headers.get("location")]).toEqual([307, "/api/2/envelope/"]);
  });
});
