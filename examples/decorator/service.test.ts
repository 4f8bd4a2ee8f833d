import { startTestServer, type TestServer } from "@corvid/test-server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startExample } from "../child.js";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(async () => {
  expect(server.problems()).toEqual([]);
  await server.close();
});

test("the decorator example reports each failure once, with what class and method say", async () => {
  const example = startExample("decorator/dist/service.js", {
    SENTRY_DSN: server.dsn,
    SENTRY_RELEASE: "shop@1.2.3",
  });
  const code = await example.end();
  const told = new Map(
    server.events().map(({ event }) => [event.exception?.values?.[0]?.value, event] as const),
  );

  expect({ code, errors: example.errors() }).toEqual({ code: 0, errors: "" });
  expect([...told.keys()].sort()).toEqual(["No order 8", "Order 7 has a negative total"]);
  expect(told.get("Order 7 has a negative total")).toMatchObject({
    level: "fatal",
    tags: { service: "orders", team: "billing" },
  });
  expect(told.get("No order 8")).toMatchObject({ tags: { service: "orders" } });
  expect(example.printed()).toEqual([
    {
      eventId: told.get("Order 7 has a negative total")?.event_id,
      failed: "Order 7 has a negative total",
    },
    { eventId: told.get("No order 8")?.event_id, failed: "No order 8" },
  ]);
});

test("the decorator example works the same without a DSN", async () => {
  const example = startExample("decorator/dist/service.js", {});

  expect(await example.end()).toBe(0);
  expect(example.printed()).toMatchObject([
    { failed: "Order 7 has a negative total" },
    { failed: "No order 8" },
  ]);
});
