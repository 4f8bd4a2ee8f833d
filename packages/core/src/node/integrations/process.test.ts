import { describe, expect, test } from "vitest";
import { createTestClock } from "../../../test/support/clock.js";
import { Scope } from "../../context/scope.js";
import type { Event } from "../../model/event.js";
import { LoopWatch } from "./loop-watch.js";
import { type ProcessSource, processIntegration } from "./process.js";

const event: Event = { event_id: "a".repeat(32), timestamp: 1, platform: "node" };
const hint = { originalException: undefined };

function source(
  readings: { count: number },
  costMs = 0,
  advance: (ms: number) => void = () => {},
): ProcessSource {
  return {
    memory: () => {
      readings.count++;
      advance(costMs);
      return { rss: readings.count * 1000, heapUsed: 1, heapTotal: 2, external: 3, arrayBuffers: 4 };
    },
    freeMemory: () => 5000,
    resources: () => ["Timeout", "TCPSocketWrap", "Timeout"],
    uptime: () => 12.4,
  };
}

const failure = { key: "key", type: "Error", handled: true, level: "error", scope: new Scope() } as const;

describe("Process", () => {
  test("tells how the process was when the failure was captured", () => {
    const clock = createTestClock();
    const integration = processIntegration(clock, source({ count: 0 }));
    const tearDown = integration.setup?.(undefined as never);
    integration.onCapture?.(failure);

    const { contexts } = integration.process!({ ...event, contexts: { app: { app_name: "shop" } } }, hint)!;

    expect(contexts).toEqual({
      app: { app_name: "shop", app_memory: 1000 },
      device: { free_memory: 5000 },
      process: {
        uptime_seconds: 12,
        memory: { rss: 1000, heap_used: 1, heap_total: 2, external: 3, array_buffers: 4 },
        limits: expect.objectContaining({ heap: expect.any(Number) }),
        event_loop: { max_delay_ms: 0, utilization: expect.any(Number) },
        active: { Timeout: 2, TCPSocketWrap: 1 },
      },
    });
    tearDown?.();
    expect(clock.pending).toBe(0);
  });

  test("asks the system after the call that captured, once", async () => {
    const readings = { count: 0 };
    const integration = processIntegration(createTestClock(), source(readings));

    integration.onCapture?.(failure);
    expect(readings.count).toBe(0);
    await Promise.resolve();
    integration.process!(event, hint);

    expect(readings.count).toBe(1);
  });

  test("asks the system every 100 ms at most", async () => {
    const clock = createTestClock();
    const readings = { count: 0 };
    const integration = processIntegration(clock, source(readings));
    for (let n = 0; n < 1000; n++) {
      integration.onCapture?.(failure);
      await Promise.resolve();
      clock.advance(1);
    }

    expect(readings.count).toBe(10);
  });

  test("asks more rarely where asking takes long", async () => {
    const clock = createTestClock();
    const readings = { count: 0 };
    const integration = processIntegration(
      clock,
      source(readings, 20, (ms) => clock.advance(ms)),
    );
    for (let n = 0; n < 4000; n++) {
      integration.onCapture?.(failure);
      await Promise.resolve();
      clock.advance(1);
    }

    expect(readings.count).toBe(2);
  });

  test("leaves events alone before there was anything to tell, and what the application said", () => {
    const integration = processIntegration(createTestClock(), source({ count: 0 }));
    const said = { ...event, contexts: { device: { free_memory: 1 } } };

    expect(integration.process!(event, hint)).toBe(event);
    integration.onCapture?.(failure);
    expect(integration.process!(said, hint)?.contexts?.["device"]).toEqual({ free_memory: 1 });
  });
});

describe("LoopWatch", () => {
  test("shows a loop that is blocked, while it is and for five seconds after", () => {
    const clock = createTestClock();
    let blockedMs = 0;
    // The clock goes on while no timer runs, as it does when the loop is blocked.
    const watch = new LoopWatch({ ...clock, monotonic: () => clock.monotonic() + blockedMs });

    clock.advance(400);
    blockedMs = 1200;
    expect(watch.read().maxDelayMs).toBe(1100);

    clock.advance(100);
    for (let seconds = 0; seconds < 4; seconds++) clock.advance(1000);
    expect(watch.read().maxDelayMs).toBe(1200);
    clock.advance(2000);
    expect(watch.read().maxDelayMs).toBe(0);
    watch.stop();
    expect(clock.pending).toBe(0);
  });
});
