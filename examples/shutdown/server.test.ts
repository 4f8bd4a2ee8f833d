import { startTestServer, type TestServer } from "@corvid/test-server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Example, startExample } from "../child.js";

let server: TestServer;
let example: Example;

beforeEach(async () => {
  server = await startTestServer();
  example = startExample("shutdown/server.js", { SENTRY_DSN: server.dsn, SENTRY_RELEASE: "shop@1.2.3" });
});

afterEach(async () => {
  example.child.kill("SIGKILL");
  expect(server.problems()).toEqual([]);
  await server.close();
});

/** What arrived: the error, and how bad it was. */
function told(): unknown[] {
  return server.events().map(({ event }) => [event.level, event.exception?.values?.[0]?.value]);
}

test("the shutdown example ends in order on SIGTERM, with nothing left behind", async () => {
  const url = await example.listening();
  await fetch(`${url}/refund`);
  example.child.kill("SIGTERM");
  const code = await example.end();

  expect({ code, errors: example.errors() }).toEqual({ code: 0, errors: "" });
  expect(example.printed().at(-1)).toEqual({ isAllSent: true });
  expect(told()).toEqual([["error", "The bank refused a refund"]]);
});

test("the shutdown example crashes as Node does, and both its errors arrive", async () => {
  const url = await example.listening();
  await fetch(`${url}/refund`);
  await fetch(`${url}/crash`);
  const code = await example.end();

  expect(code).toBe(1);
  expect(example.errors()).toMatch(/^file:.*\n.*throw new Error[\s\S]*Error: The database is gone\n/);
  // The error that ends the process goes first.
  expect(told()).toEqual([
    ["fatal", "The database is gone"],
    ["error", "The bank refused a refund"],
  ]);
});
