import { startTestServer, type TestServer } from "@corvid/test-server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ClientOptions } from "../src/client/options.js";
import { captureMessage, flush, getScope, init, withRequestScope, withScope } from "../src/index.js";
import type { Event } from "../src/model/event.js";

const TRACE = "0123456789abcdef0123456789abcdef";
const SPAN = "fedcba9876543210";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(async () => {
  init({ dsn: false });
  getScope().clear();
  await server.close();
});

/** What arrives of what `fn` reports. */
async function arrived(fn: () => unknown, options: ClientOptions = {}): Promise<Event[]> {
  const client = init({ dsn: server.dsn, ...options });
  await fn();
  await flush();
  await client.close();
  expect(server.problems()).toEqual([]);
  return server.events().map(({ event }) => event as unknown as Event);
}

const traceOf = ({ contexts }: Event): unknown => contexts?.["trace"];

describe("contexts.trace", () => {
  test("is one for all events of a request, and another for the next", async () => {
    const events = await arrived(async () => {
      for (let request = 0; request < 2; request++)
        await withRequestScope(async () => {
          captureMessage(`first of ${request}`);
          await new Promise((resolve) => setImmediate(resolve));
          withScope(() => captureMessage(`second of ${request}`));
        });
      captureMessage("outside");
    });

    const traces = events.map(traceOf);
    expect(traces[0]).toEqual({
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(traces[1]).toEqual(traces[0]);
    expect(traces[3]).toEqual(traces[2]);
    expect(new Set(traces.map((trace) => JSON.stringify(trace))).size).toBe(3);
  });

  test("continues the caller's, read while the request is there", async () => {
    let headers: Record<string, string> = { "sentry-trace": `${TRACE}-${SPAN}-1` };

    const events = await arrived(() =>
      withRequestScope((scope) => {
        scope.continueTrace(() => headers);
        captureMessage("x");
        headers = {};
      }),
    );

    expect(events.map(traceOf)).toEqual([
      { trace_id: TRACE, span_id: expect.any(String), parent_span_id: SPAN },
    ]);
  });

  test("is the application's where that says one", async () => {
    const own = { trace_id: "c".repeat(32), span_id: "d".repeat(16) };

    const events = await arrived(() =>
      withScope((scope) => {
        scope.setContext("trace", own);
        captureMessage("x");
      }),
    );

    expect(events.map(traceOf)).toEqual([own]);
  });

  test("stays when a scope forgets all else", async () => {
    const events = await arrived(() =>
      withRequestScope((scope) => {
        captureMessage("before");
        scope.clear();
        captureMessage("after");
      }),
    );

    expect(traceOf(events[1]!)).toEqual(traceOf(events[0]!));
  });
});

test("default integrations are turned off by name", async () => {
  const events = await arrived(
    () => {
      captureMessage("x");
    },
    {
      integrations: (defaults) =>
        defaults.filter(({ name }) => !["Console", "Process", "Modules"].includes(name)),
    },
  );

  expect(events[0]?.sdk?.integrations).toEqual(expect.arrayContaining(["Http", "ChildProcess"]));
  expect(events[0]?.contexts).not.toHaveProperty("process");
  expect(events[0]).not.toHaveProperty("modules");
});

test("an event tells of host, process and packages, within what servers accept", async () => {
  const [event] = await arrived(() => {
    captureMessage("x");
  });

  expect(event?.contexts).toMatchObject({
    os: { name: expect.any(String), version: expect.any(String) },
    runtime: { name: "node", version: process.version },
    app: { app_start_time: expect.any(String), app_memory: expect.any(Number) },
    device: { memory_size: expect.any(Number), free_memory: expect.any(Number) },
    culture: { timezone: expect.any(String) },
    process: {
      memory: { rss: expect.any(Number) },
      event_loop: expect.anything(),
      active: expect.anything(),
    },
  });
});
