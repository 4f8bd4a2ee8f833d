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

/** The lines of a run, without what differs from run to run. */
async function linesOf(env: Record<string, string>): Promise<Record<string, unknown>[]> {
  const example = startExample("pino/worker.js", env);
  const code = await example.end();

  expect({ code, errors: example.errors() }).toEqual({ code: 0, errors: "" });
  return example.printed() as Record<string, unknown>[];
}

test("the pino example reports what it logs as an error, with the lines before it", async () => {
  const lines = await linesOf({ SENTRY_DSN: server.dsn, SENTRY_RELEASE: "worker@1.2.3" });
  const events = server.events().map(({ event }) => event);
  const failure = events.find(({ exception }) => exception !== undefined);
  const message = events.find(({ exception }) => exception === undefined);

  expect(events).toHaveLength(2);
  expect(failure).toMatchObject({
    level: "error",
    release: "worker@1.2.3",
    tags: { tenant: "globex" },
    extra: { iban: "[Redacted]" },
    exception: { values: [{ type: "RangeError", value: "The limit is 100, received 250" }] },
    contexts: { log: { logger: "worker", level: "error", message: "job 2 failed" } },
    breadcrumbs: { values: [{ category: "worker", message: "job taken", data: { job: 2 } }] },
  });
  expect(message).toMatchObject({
    logentry: { formatted: "queue transfers is empty", message: "queue %s is empty", params: ["transfers"] },
  });
  expect(lines.filter(({ level }) => level === 50).map(({ event_id }) => event_id)).toEqual([
    failure?.event_id,
    message?.event_id,
  ]);
});

test("the pino example logs the same without a DSN", async () => {
  const lines = await linesOf({});

  expect(lines.map(({ msg }) => msg)).toEqual([
    "job taken",
    "job done",
    "job taken",
    "job 2 failed",
    "queue transfers is empty",
  ]);
  expect(server.events()).toEqual([]);
});
