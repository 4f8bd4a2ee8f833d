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

test("the try-catch example reports what it caught, and goes on", async () => {
  const example = startExample("try-catch/script.js", {
    SENTRY_DSN: server.dsn,
    SENTRY_RELEASE: "shop@1.2.3",
  });
  const code = await example.end();
  const [received] = server.events();

  expect({ code, errors: example.errors() }).toEqual({ code: 0, errors: "" });
  expect(example.printed()).toEqual([{ eventId: received?.event.event_id, port: 8080 }]);
  expect(received?.event).toMatchObject({
    release: "shop@1.2.3",
    tags: { file: "settings.json" },
    exception: { values: [{ type: "TypeError", value: "Expected a port, received undefined" }] },
    breadcrumbs: { values: [{ message: "Reading the settings" }] },
  });
});

test("the try-catch example works the same without a DSN", async () => {
  const example = startExample("try-catch/script.js", {});

  expect(await example.end()).toBe(0);
  expect(example.printed()).toMatchObject([{ port: 8080 }]);
});
