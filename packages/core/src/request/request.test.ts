import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuMs } from "../../test/support/cpu.js";
import type { RequestPolicy } from "../context/scope.js";
import { describeRequest, type RequestLike, requestPath, requestSource } from "./request.js";

const PRIVATE: RequestPolicy = { sendDefaultPii: false, requestBody: false, maxRequestBodyBytes: 10_000 };
const OPEN: RequestPolicy = { sendDefaultPii: true, requestBody: true, maxRequestBodyBytes: 10_000 };

const request = {
  method: "POST",
  url: "/7?sort=up",
  originalUrl: "/orders/7?sort=up&page=2",
  protocol: "https",
  hostname: "shop.example",
  ip: "192.0.2.7",
  socket: { remoteAddress: "10.0.0.1", encrypted: false },
  headers: {
    host: "shop.example:8443",
    cookie: "theme=dark; sid=abc=",
    accept: "text/html",
    "x-many": ["a", "b"],
    "x-forwarded-for": "203.0.113.9",
  },
  body: { item: 3 },
} satisfies RequestLike;

test("describeRequest() tells neither address nor cookies nor body unless asked to", () => {
  expect(describeRequest(request, PRIVATE)).toEqual({
    method: "POST",
    url: "https://shop.example:8443/orders/7",
    query_string: "sort=up&page=2",
    headers: {
      host: "shop.example:8443",
      cookie: "[Filtered]",
      accept: "text/html",
      "x-many": "a, b",
      "x-forwarded-for": "[Filtered]",
    },
  });
});

test("describeRequest() tells all with sendDefaultPii, the address by what the framework trusts", () => {
  expect(describeRequest(request, OPEN)).toEqual({
    method: "POST",
    url: "https://shop.example:8443/orders/7",
    query_string: "sort=up&page=2",
    headers: {
      host: "shop.example:8443",
      accept: "text/html",
      "x-many": "a, b",
      "x-forwarded-for": "203.0.113.9",
    },
    cookies: { theme: "dark", sid: "abc=" },
    data: { item: 3 },
    env: { REMOTE_ADDR: "192.0.2.7" },
  });
});

describe("describeRequest() url", () => {
  test.each<[title: string, request: RequestLike, url: string | undefined]>([
    ["of node:http", { url: "/a?b", headers: { host: "a.example" }, socket: {} }, "http://a.example/a"],
    [
      "with TLS",
      { url: "/a", headers: { host: "a.example" }, socket: { encrypted: true } },
      "https://a.example/a",
    ],
    ["of HTTP/2", { url: "/a", headers: { ":authority": "a.example" } }, "http://a.example/a"],
    ["of IPv6", { url: "/a", headers: { host: "[::1]:80" } }, "http://[::1]:80/a"],
    [
      "behind a trusted proxy",
      { url: "/a", hostname: "out.example", headers: { host: "in:80" } },
      "http://out.example/a",
    ],
    ["without a host", { url: "/a?b#c" }, "/a"],
    ["with a host that is none", { url: "/a", headers: { host: "a.example/x?y" } }, "/a"],
    ["in absolute form, with credentials", { url: "http://u:p@q@a.example/b?c" }, "http://a.example/b"],
    ["of nothing but a host", { url: "http://a.example" }, "http://a.example/"],
    ["of OPTIONS *", { url: "*", headers: { host: "a.example" } }, "*"],
    ["that is missing", {}, undefined],
    ["that is no text", { url: 7 }, undefined],
  ])("%s", (_title, given, url) => {
    expect(describeRequest(given, PRIVATE).url).toBe(url);
  });
});

test("describeRequest() keeps whom a header tells of to itself, and what tells of the server", () => {
  const told = (names: string[]) =>
    Object.entries(
      describeRequest({ headers: Object.fromEntries(names.map((name) => [name, "x"])) }, PRIVATE).headers!,
    )
      .filter(([, value]) => value === "x")
      .map(([name]) => name);

  expect(
    told([
      "forwarded",
      "x-forwarded-for",
      "X-Real-IP",
      "cf-connecting-ip",
      "cf-ipcountry",
      "true-client-ip",
      "x-azure-clientip",
      "via",
      "x-remote-user",
      "x-forwarded-user",
      "x-forwarded-email",
      "x-envoy-external-address",
      "from",
    ]),
  ).toEqual([]);
  const innocent = [
    "user-agent",
    "x-forwarded-host",
    "x-forwarded-proto",
    "accept-encoding",
    "x-zip",
    "ship-to",
  ];
  expect(told(innocent)).toEqual(innocent);
});

describe("describeRequest() body", () => {
  const dataOf = (body: unknown, maxRequestBodyBytes = 1000) =>
    describeRequest({ body }, { ...PRIVATE, requestBody: true, maxRequestBodyBytes }).data;

  test("is left out when there is none to tell", () => {
    const stream = { pipe: () => expect.unreachable("the stream was touched") };

    for (const body of [undefined, null, "", {}, Buffer.from("bytes"), new Uint8Array(9), stream, () => 1])
      expect(dataOf(body)).toBeUndefined();
    expect(dataOf({ a: 1 }, 0)).toBeUndefined();
  });

  test("is told as text, list or object", () => {
    expect(dataOf("a=1")).toBe("a=1");
    expect(dataOf([1, { b: null }])).toEqual([1, { b: null }]);
    expect(dataOf(false)).toBe(false);
  });

  test("is bounded in size whatever it is made of", () => {
    const long = "ü€\u0001".repeat(2_000_000);
    const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key${i}`, long]));
    const deep = JSON.parse(`${"[".repeat(5000)}1${"]".repeat(5000)}`);

    for (const body of [long, wide, deep, [long, long], { long }])
      expect(Buffer.byteLength(JSON.stringify(dataOf(body)))).toBeLessThan(4000);
  });

  test("that is cut stays an object, in which secrets have their names", () => {
    const data = dataOf({ password: "made-up", note: "\u0001".repeat(100_000) });

    expect(data).toMatchObject({ password: "made-up", note: expect.stringMatching(/…$/) });
  });

  test("of 100 MB is not read to its end", () => {
    const body = Array.from({ length: 1000 }, () => ({ text: "x".repeat(100_000) }));
    const started = cpuMs();
    dataOf(body);

    // Writing it all as JSON takes about a hundred times as long.
    expect(cpuMs() - started).toBeLessThan(50);
  });
});

test("describeRequest() is bounded for any number and length of headers and cookies", () => {
  const headers: Record<string, string> = {
    cookie: Array.from({ length: 9000 }, (_, i) => `c${i}=v`).join(";"),
  };
  for (let i = 0; i < 10_000; i++) headers[`x-${i}`] = "x".repeat(10_000);

  const told = describeRequest({ url: `/${"a".repeat(100_000)}?${"b".repeat(100_000)}`, headers }, OPEN);

  expect(JSON.stringify(told).length).toBeLessThan(300_000);
  expect(Object.keys(told.cookies!).length).toBe(50);
});

test("describeRequest() neither changes the request nor fails, whatever it is given", () => {
  const thrower = new Proxy(
    {},
    {
      get() {
        throw new Error("get");
      },
      ownKeys() {
        throw new Error("ownKeys");
      },
    },
  );
  const parts = { method: fc.anything(), url: fc.anything(), headers: fc.anything(), body: fc.anything() };

  for (const given of [
    thrower,
    { headers: thrower, socket: thrower, body: thrower },
    { headers: { a: thrower } },
  ])
    expect(() => describeRequest(given, OPEN)).not.toThrow();
  fc.assert(
    fc.property(fc.record(parts, { requiredKeys: [] }), (given) => {
      expect(() => JSON.stringify(describeRequest(given, OPEN))).not.toThrow();
    }),
  );
});

test("describeRequest() leaves the live headers as they are", () => {
  const headers = Object.freeze({ authorization: "Bearer made-up", cookie: "sid=1" });

  describeRequest({ url: "/", headers }, PRIVATE);

  expect(headers).toEqual({ authorization: "Bearer made-up", cookie: "sid=1" });
});

test("requestSource() reads nothing before it is asked", () => {
  const untouched = new Proxy({}, { get: () => expect.unreachable("the request was read") });

  expect(
    requestSource(untouched, { transaction: () => expect.unreachable("the route was read") }),
  ).toBeTypeOf("function");
});

test("requestSource() goes without a transaction when finding its name fails", () => {
  const source = requestSource(
    { method: "GET", url: "/a" },
    {
      transaction() {
        throw new Error("no route");
      },
    },
  );

  expect(source(PRIVATE)).toEqual({ request: { method: "GET", url: "/a", headers: {} } });
  expect(
    requestSource({ method: "GET", url: "/a" }, { transaction: () => "GET /:id" })(PRIVATE).transaction,
  ).toBe("GET /:id");
});

test("requestPath() is the path the client sent", () => {
  expect(requestPath({ originalUrl: "/a/b?c", url: "/b" })).toBe("/a/b");
  expect(requestPath({})).toBeUndefined();
});
