import { startTestServer, type TestServer } from "@corvid/test-server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Example, startExample } from "../child.js";

let server: TestServer;
let example: Example;

beforeEach(async () => {
  server = await startTestServer();
  example = startExample("koa/server.js", { SENTRY_DSN: server.dsn, SENTRY_RELEASE: "shop@1.2.3" });
});

afterEach(async () => {
  example.child.kill("SIGKILL");
  expect(server.problems()).toEqual([]);
  await server.close();
});

test("the Koa example answers, reports each failure once, and ends in order", async () => {
  const url = await example.listening();
  const visit = async (method: string, path: string): Promise<number> =>
    (await fetch(url + path, { method, headers: { "x-user": "u1", "x-request-id": path } })).status;

  const statuses = [
    await visit("GET", "/"),
    await visit("GET", "/order?id=7"),
    await visit("GET", "/invoice?id=7"),
    await visit("POST", "/payment?id=7"),
    await visit("GET", "/recommendations"),
    await visit("GET", "/none"),
  ];
  example.child.kill("SIGTERM");
  const code = await example.end();

  expect({ code, statuses }).toEqual({
    code: 0,
    statuses: [200, 500, 500, 500, 200, 404],
  });
  // Koa's own output, and nothing beside it.
  expect(example.errors().match(/^ {2}\w+: .*$/gm)).toEqual([
    "  Error: Order 7 has no customer",
    "  RangeError: Invoice of order 7 has a negative total",
    "  Error: Payment of order 7 failed",
  ]);
  const told = server.events().map(({ event: { transaction, exception, user, tags } }) => {
    const { value, mechanism } = exception?.values?.at(-1) ?? {};
    return [transaction, value, (mechanism as { handled: boolean }).handled, user?.id, tags?.request_id].join(
      " | ",
    );
  });
  expect(told.sort()).toEqual([
    "GET /invoice | Invoice of order 7 has a negative total | false | u1 | /invoice?id=7",
    "GET /order | Order 7 has no customer | false | u1 | /order?id=7",
    "GET /recommendations | connect ECONNREFUSED 192.0.2.1:443 | true | u1 | /recommendations",
    "POST /payment | Payment of order 7 failed | false | u1 | /payment?id=7",
  ]);
});
