import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import axios from "axios";
import { buildSchema, graphql } from "graphql";
import { DatabaseError } from "pg-protocol";
import { Agent, errors, request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Event, Json } from "../src/model/event.js";
import { createTestBench } from "./support/client.js";

const SECRETS = [
  "Bearer-7Yh2kQ",
  "basic-pass-9",
  "key-5544332211",
  "hunter2",
  "4242424242424242",
  "sid-998877",
];

let server: Server;
let address: string;

beforeAll(async () => {
  server = createServer((_request, response) => {
    response.writeHead(500, {
      "content-type": "application/json",
      "set-cookie": "session=sid-998877; Path=/",
    });
    response.end(JSON.stringify({ error: "upstream", password: "hunter2" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** The event of what `fail` throws. */
async function eventOf(fail: () => unknown): Promise<Event> {
  const { client, arrived } = createTestBench();
  const error = await Promise.resolve()
    .then(fail)
    .then(
      (value) => expect.unreachable(`it gave ${String(value)}`),
      (thrown: unknown) => thrown,
    );
  client.captureException(error);
  return (await arrived())[0]!;
}

/** The exceptions of an event, the caught one first: what they are called and what they say. */
function told(event: Event): unknown {
  return event.exception?.values.map(({ type, value }) => [type, value]).reverse();
}

/** The bound of what is told about one error, in characters of JSON. */
const READABLE = 8192;

function own(event: Event, name: string): Record<string, Json> {
  const context = event.contexts?.[name] ?? {};
  expect(JSON.stringify(context).length).toBeLessThan(READABLE);
  return context;
}

describe("an error of", () => {
  test("axios tells what was asked and answered, without sockets and secrets", async () => {
    const event = await eventOf(() =>
      axios.post(
        `http://ann:basic-pass-9@${address}/pay?api_key=key-5544332211`,
        { card: "4242424242424242" },
        { headers: { Authorization: "Bearer Bearer-7Yh2kQ", "x-trace": "t-1" } },
      ),
    );

    expect(told(event)).toEqual([["AxiosError", "Request failed with status code 500"]]);
    expect(own(event, "AxiosError")).toMatchObject({
      code: "ERR_BAD_RESPONSE",
      status: 500,
      config: { method: "post", headers: { "x-trace": "t-1" } },
      request: "[ClientRequest]",
      response: { status: 500, data: { error: "upstream", password: "[Filtered]" } },
    });
    for (const secret of SECRETS) expect(JSON.stringify(event)).not.toContain(secret);
  });

  test("axios without an answer names the system's error as its cause", async () => {
    const event = await eventOf(() => axios.get("http://127.0.0.1:1/", { proxy: false }));

    expect(told(event)).toEqual([
      ["AxiosError", "connect ECONNREFUSED 127.0.0.1:1"],
      ["Error", "connect ECONNREFUSED 127.0.0.1:1"],
    ]);
    expect(event.exception?.values[0]?.mechanism?.meta).toMatchObject({ errno: { name: "ECONNREFUSED" } });
    expect(own(event, "AxiosError")).toMatchObject({ code: "ECONNREFUSED", config: { method: "get" } });
    expect(own(event, "Error")).toMatchObject({ syscall: "connect", port: 1 });
  });

  test("undici for a closed port says which", async () => {
    const event = await eventOf(() => request("http://127.0.0.1:1/"));

    expect(told(event)).toEqual([["Error", "connect ECONNREFUSED 127.0.0.1:1"]]);
    expect(own(event, "Error")).toMatchObject({ code: "ECONNREFUSED", address: "127.0.0.1", port: 1 });
  });

  test("undici for a deadline is called by its name", async () => {
    const slow = createServer(() => undefined);
    await new Promise<void>((resolve) => slow.listen(0, "127.0.0.1", resolve));
    const dispatcher = new Agent({ headersTimeout: 1 });
    const { port } = slow.address() as AddressInfo;

    const event = await eventOf(() => request(`http://127.0.0.1:${port}/`, { dispatcher }));
    await dispatcher.destroy();
    slow.closeAllConnections();
    slow.close();

    expect(told(event)).toEqual([["HeadersTimeoutError", "Headers Timeout Error"]]);
    expect(own(event, "HeadersTimeoutError")).toEqual({ code: "UND_ERR_HEADERS_TIMEOUT" });
  });

  test("undici for a refused status keeps what was answered", async () => {
    const event = await eventOf(() => {
      throw new errors.ResponseError("Bad Gateway", 502, {
        headers: { "x-request-id": "r-1", "set-cookie": "session=sid-998877" },
        body: { password: "hunter2" },
      } as never);
    });

    expect(told(event)).toEqual([["ResponseError", "Bad Gateway"]]);
    expect(own(event, "ResponseError")).toMatchObject({
      statusCode: 502,
      headers: { "x-request-id": "r-1", "set-cookie": "session=[Filtered]" },
    });
    for (const secret of SECRETS) expect(JSON.stringify(event)).not.toContain(secret);
  });

  test("fetch names what was behind it", async () => {
    const { port } = await closedServer();

    const event = await eventOf(() => fetch(`http://127.0.0.1:${port}/`));

    expect(told(event)).toEqual([
      ["TypeError", "fetch failed"],
      ["Error", `connect ECONNREFUSED 127.0.0.1:${port}`],
    ]);
  });

  test("pg is called by its class and keeps what the database said", async () => {
    const event = await eventOf(() => {
      throw Object.assign(new DatabaseError("duplicate key value violates unique constraint", 214, "error"), {
        severity: "ERROR",
        code: "23505",
        detail: "Key (id)=(7) already exists.",
        table: "users",
        constraint: "users_pkey",
      });
    });

    expect(told(event)).toEqual([["DatabaseError", "duplicate key value violates unique constraint"]]);
    expect(own(event, "DatabaseError")).toEqual({
      length: 214,
      severity: "ERROR",
      code: "23505",
      detail: "Key (id)=(7) already exists.",
      table: "users",
      constraint: "users_pkey",
    });
  });

  test("zod says which fields are wrong", async () => {
    const event = await eventOf(() =>
      z.object({ name: z.string(), order: z.object({ total: z.number() }) }).parse({ name: 1, order: {} }),
    );

    const [[type, value]] = told(event) as [[string, string]];
    expect(type).toBe("ZodError");
    expect(value).toMatch(/^name: Invalid input: .* \(and 1 more\)$/);
    expect(JSON.stringify(own(event, "ZodError"))).toMatch(/"path":\["name"\].*"path":\["order","total"\]/);
  });

  test("zod, from safeParse, is the same", async () => {
    const event = await eventOf(() => {
      throw z.object({ name: z.string() }).safeParse({}).error;
    });

    expect(told(event)).toEqual([["ZodError", expect.stringContaining("expected string")]]);
  });

  test("GraphQL's execution tells the path and the resolver's own error", async () => {
    const event = await eventOf(async () => {
      const { errors } = await graphql({
        schema: buildSchema("type Query { order: Int }"),
        source: "{ order }",
        rootValue: {
          order() {
            throw new TypeError("no such order");
          },
        },
      });
      throw errors![0];
    });

    expect(told(event)).toEqual([
      ["GraphQLError", "no such order"],
      ["TypeError", "no such order"],
    ]);
    expect(own(event, "GraphQLError")).toEqual({
      path: ["order"],
      locations: [{ line: 1, column: 3 }],
      extensions: {},
    });
  });

  test("GraphQL's validation tells the place", async () => {
    const event = await eventOf(async () => {
      const { errors } = await graphql({ schema: buildSchema("type Query { a: Int }"), source: "{ b }" });
      throw errors![0];
    });

    expect(told(event)).toEqual([["GraphQLError", expect.stringContaining('Cannot query field "b"')]]);
    expect(own(event, "GraphQLError")).toMatchObject({ locations: [{ line: 1, column: 3 }] });
  });
});

/** A port that nobody listens on any more. */
async function closedServer(): Promise<{ port: number }> {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  return { port };
}
