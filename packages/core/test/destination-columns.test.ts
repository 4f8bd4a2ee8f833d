import { expect, test } from "vitest";
import type { Envelope } from "../src/transport/envelope.js";
import type { SendResult, Transport } from "../src/transport/transport.js";
import { createTestBench } from "./support/client.js";

function transportOf(name: string, send: (batch: readonly Envelope[]) => Promise<SendResult[]>): Transport {
  return { name, send };
}

test("stats() has destinations whose columns add up, also for events without room at one of them", async () => {
  const quick = transportOf("quick", async (batch) => batch.map(() => ({ kind: "accepted" })));
  const hung = transportOf("hung", () => new Promise(() => undefined));
  const refusing = transportOf("refusing", async (batch) => batch.map(() => ({ kind: "refused" })));
  const { client, clock } = createTestBench({
    transport: [quick, hung, refusing],
    queueSize: 5,
    once: false,
  });
  for (let count = 0; count < 40; count++) {
    client.captureException(new Error(`number ${count}`));
    clock.advance(100);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  const { destinations, captured, delivered, queued: waiting } = client.stats();
  for (const { offered, delivered: arrived, dropped, spooled, queued, inFlight } of destinations) {
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    expect(offered).toBe(arrived + lost + spooled + queued + inFlight);
  }

  expect(destinations.map(({ offered }) => offered)).toEqual([captured, captured, captured]);
  expect({ delivered, waiting }).toEqual({ delivered: captured - 5, waiting: 5 });
  expect(destinations[1]!.dropped.queue_overflow).toBe(captured - 5);
  expect(destinations[2]!.dropped).toEqual({ send_error: captured });
});
