import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createDelivery } from "../src/delivery/delivery.js";
import { silentDiagnostics } from "../src/model/diagnostics.js";
import type { SendResult } from "../src/transport/transport.js";
import { createTestClock } from "./support/clock.js";
import {
  ACCEPTED,
  limited,
  NO_ANSWER,
  numbered,
  REFUSED,
  scriptedTransport,
  settle,
  TOO_LARGE,
  UNAVAILABLE,
} from "./support/script.js";

const MOST_ITEMS = 12;
const MOST_BYTES = 900;

const answers = fc.constantFrom<SendResult>(
  ACCEPTED,
  NO_ANSWER,
  UNAVAILABLE,
  REFUSED,
  TOO_LARGE,
  limited("error", 5000),
  limited("all", 100),
  limited("attachment", 60_000),
  { kind: "accepted", limits: [{ category: "error", durationMs: 2000 }] },
);

const steps = fc.oneof(
  fc.record({ do: fc.constant("offer" as const), extra: fc.integer({ min: 0, max: 400 }) }),
  fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(0, 1, 100, 999, 10_000, 120_000) }),
  fc.record({ do: fc.constant("answer" as const), which: fc.nat(7), result: answers }),
  fc.record({ do: fc.constant("fail" as const), which: fc.nat(7) }),
  fc.record({ do: fc.constant("garbage" as const), which: fc.nat(7) }),
  fc.record({ do: fc.constant("flush" as const), ms: fc.constantFrom(0, 500) }),
  fc.record({ do: fc.constant("discard" as const) }),
  fc.record({ do: fc.constant("sendSync" as const), result: fc.option(answers, { nil: undefined }) }),
);

describe("createDelivery()", () => {
  test("settles every envelope it takes exactly once, keeps its bounds, and adds up, whatever happens", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(steps, { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        async (script, maxBatch) => {
          const clock = createTestClock();
          let lastResult: SendResult | undefined;
          const transport = scriptedTransport({
            maxBatch,
            maxInFlight: 3,
            sendSync: (batch) => (lastResult === undefined ? undefined : batch.map(() => lastResult!)),
          });
          const taken = new Set<string>();
          const settled: string[] = [];
          const delivery = createDelivery({
            transport,
            clock,
            random: () => 0.5,
            diagnostics: silentDiagnostics,
            newId: () => "f".repeat(32),
            queueSize: MOST_ITEMS,
            queueBytes: MOST_BYTES,
            maxAgeMs: 300_000,
            maxTries: 3,
            shrink: (envelope) => (envelope.attachments.length > 0 ? undefined : envelope),
            onSettled: ({ id }) => settled.push(id),
          });

          for (const [index, step] of script.entries()) {
            if (step.do === "offer") {
              const envelope = numbered(
                index,
                step.extra > 200 ? [{ filename: "a", data: "x".repeat(step.extra) }] : [],
              );
              if (delivery.offer(envelope)) taken.add(envelope.id);
            } else if (step.do === "pass") clock.advance(step.ms);
            else if (step.do === "answer") await transport.sent[step.which]?.answer(step.result);
            else if (step.do === "fail") await transport.sent[step.which]?.fail(new Error("boom"));
            else if (step.do === "garbage")
              await transport.sent[step.which]?.answerEach([undefined, "x", 1] as never);
            else if (step.do === "flush") void delivery.flush(step.ms);
            else if (step.do === "discard") delivery.recordDiscard("sample_rate", "error", 1);
            else {
              lastResult = step.result;
              delivery.sendSync(10);
            }
            await settle();

            const { queued, inFlight, queuedBytes, delivered, dropped } = delivery.stats();
            const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
            expect(queued + inFlight + delivered + lost).toBe(taken.size);
            expect(delivered + lost).toBe(settled.length);
            expect(new Set(settled).size).toBe(settled.length);
            expect(queued + inFlight).toBeLessThanOrEqual(MOST_ITEMS);
            expect(queued + inFlight <= 1 || queuedBytes <= MOST_BYTES).toBe(true);
            expect(queued + inFlight > 0 || queuedBytes === 0).toBe(true);
            // Calls that are given up by their deadline free their place, so only those under way are bounded.
            expect(inFlight).toBeLessThanOrEqual(3 * maxBatch);
          }

          const closing = delivery.close(100);
          await settle();
          clock.advance(200);
          await closing;
          expect(new Set(settled)).toEqual(taken);
          expect(settled).toHaveLength(taken.size);
          expect(delivery.stats()).toMatchObject({ queued: 0, inFlight: 0, queuedBytes: 0, state: "closed" });
        },
      ),
      { numRuns: 300 },
    );
  });
});
