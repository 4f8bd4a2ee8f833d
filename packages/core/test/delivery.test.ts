import { randomUUID } from "node:crypto";
import { type Fault, rateLimited, startTestServer, type TestServer } from "@corvid/test-server";
import { afterAll, describe, expect, test } from "vitest";
import { createDelivery, type Delivery, type Outcome } from "../src/delivery/delivery.js";
import type { Clock } from "../src/model/clock.js";
import { silentDiagnostics } from "../src/model/diagnostics.js";
import { parseDsn } from "../src/model/dsn.js";
import type { Attachment } from "../src/model/event.js";
import { systemClock } from "../src/node/clock.js";
import { createSentryTransport } from "../src/node/http/sentry-transport.js";
import { type Envelope, eventEnvelope, toPayload } from "../src/transport/envelope.js";
import { createTestClock } from "./support/clock.js";

/** Two hundred events at fifty a second, and a destination in trouble for three seconds of them. */
const EVENTS = 200;
const EVERY_MS = 20;
const TROUBLE_MS = 3000;

const open: { close(): Promise<unknown> }[] = [];
// The tests run side by side: each spends seconds waiting.
afterAll(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const newId = (): string => randomUUID().replaceAll("-", "");

function event(message = "boom", attachments: readonly Attachment[] = []): Envelope {
  const id = newId();
  const timestamp = Date.now() / 1000;
  return eventEnvelope({
    id,
    attachments,
    payload: toPayload({
      event_id: id,
      timestamp,
      platform: "node",
      level: "error",
      message,
    }),
  });
}

/** @param clock - of the delivery; requests have real time */
function deliveryTo(dsn: string, outcomes: Map<string, Outcome>, clock: Clock = systemClock): Delivery {
  const delivery = createDelivery({
    transport: createSentryTransport({
      dsn: parseDsn(dsn),
      sdk: { name: "corvid.test", version: "1.2.3" },
      requestTimeoutMs: 10_000,
      clock: systemClock,
      diagnostics: silentDiagnostics,
      userAgent: "corvid.test/1.2.3 (node)",
      proxy: false,
    }),
    clock,
    random: Math.random,
    diagnostics: silentDiagnostics,
    newId,
    queueSize: 10_000,
    queueBytes: 64 * 2 ** 20,
    onSettled: (envelope, outcome) => {
      expect(outcomes.has(envelope.id)).toBe(false);
      outcomes.set(envelope.id, outcome);
    },
  });
  open.push({ close: () => delivery.close(0) });
  return delivery;
}

async function started(): Promise<TestServer> {
  const server = await startTestServer();
  open.push(server);
  return server;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Offers events at an even pace. @returns their ids */
async function offerPaced(delivery: Delivery): Promise<string[]> {
  const ids: string[] = [];
  for (let count = 0; count < EVENTS; count++) {
    const envelope = event(`event ${count}`);
    ids.push(envelope.id);
    expect(delivery.offer(envelope)).toBe(true);
    await wait(EVERY_MS);
  }
  return ids;
}

const idsOf = (server: TestServer): string[] => server.events().map((received) => received.id);

describe("delivery over HTTP, when all is well", () => {
  test("keeps thousands of events to two connections", async () => {
    const server = await started();
    // A third is opened when an event has waited for a second, which on a busy machine one soon has.
    const delivery = deliveryTo(server.dsn, new Map(), createTestClock());
    for (let burst = 0; burst < 100; burst++) {
      for (let count = 0; count < 20; count++) delivery.offer(event(`event ${burst}.${count}`));
      expect(await delivery.flush(5000)).toBe(true);
    }

    expect(server.events()).toHaveLength(2000);
    expect(server.connections().total).toBeLessThanOrEqual(2);
  });
});

describe.concurrent("delivery over HTTP", () => {
  test("brings an event with its attachments, as the protocol wants it", async () => {
    const server = await started();
    const outcomes = new Map<string, Outcome>();
    const delivery = deliveryTo(server.dsn, outcomes);
    const envelope = event("with files", [{ filename: "a.txt", data: "é".repeat(2000) }]);

    delivery.offer(envelope);

    expect(await delivery.flush(5000)).toBe(true);
    expect(idsOf(server)).toEqual([envelope.id]);
    expect(server.problems()).toEqual([]);
    expect(outcomes.get(envelope.id)).toEqual({ kind: "delivered" });
  });

  const troubles: readonly { name: string; fault: Fault }[] = [
    { name: "503 for three seconds", fault: { kind: "status", status: 503 } },
    { name: "500 for three seconds", fault: { kind: "status", status: 500 } },
    { name: "no answers for three seconds", fault: { kind: "hang" } },
    { name: "cut connections for three seconds", fault: { kind: "cut", when: "mid-body" } },
    { name: "lost answers for three seconds", fault: { kind: "cut", when: "mid-answer", accept: true } },
    { name: "429 with Retry-After for three seconds", fault: rateLimited({ retryAfter: 2 }) },
  ];

  test.each(troubles)("loses and doubles nothing through $name", { timeout: 40_000 }, async ({ fault }) => {
    const server = await started();
    const outcomes = new Map<string, Outcome>();
    const delivery = deliveryTo(server.dsn, outcomes);
    const recovery = wait(500)
      .then(() => server.setFault(fault))
      .then(() => wait(TROUBLE_MS))
      .then(() => server.setFault(undefined));

    const ids = await offerPaced(delivery);
    await recovery;
    await delivery.flush(20_000);

    expect(idsOf(server).sort()).toEqual(ids.sort());
    expect(delivery.stats()).toMatchObject({
      delivered: EVENTS,
      dropped: {},
      queued: 0,
      inFlight: 0,
      queuedBytes: 0,
    });
    expect(outcomes.size).toBe(EVENTS);
  });

  test("loses nothing through three seconds of a closed port, and is back within a second", {
    timeout: 40_000,
  }, async () => {
    const first = await startTestServer();
    const { port, dsn } = first;
    await first.close();
    const delivery = deliveryTo(dsn, new Map());
    let server: TestServer | undefined;
    let backAfterMs = Number.POSITIVE_INFINITY;
    const recovery = wait(TROUBLE_MS).then(async () => {
      server = await startTestServer({ port });
      open.push(server);
      const startedAt = performance.now();
      await server.waitForEvents(1, 5000);
      backAfterMs = performance.now() - startedAt;
    });

    const ids = await offerPaced(delivery);
    await recovery;

    expect(await delivery.flush(10_000)).toBe(true);
    expect(idsOf(server!).sort()).toEqual(ids.sort());
    expect(backAfterMs).toBeLessThan(1100);
  });
});
