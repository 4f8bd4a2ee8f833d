import { AsyncLocalStorage } from "node:async_hooks";
import { expect } from "vitest";
import type { ClientOptions } from "../../src/client/options.js";
import type { Platform } from "../../src/client/platform.js";
import { CorvidClient } from "../../src/client.js";
import { type Context, installContextStorage } from "../../src/context/current.js";
import { Scope } from "../../src/context/scope.js";
import type { Event } from "../../src/model/event.js";
import { type RecordingTransport, recordingTransport } from "../../src/testing.js";
import { createTestClock, type TestClock } from "./clock.js";

installContextStorage(() => new AsyncLocalStorage<Context>());

/** A client in a place where ids, time and host are known, and what it sent. */
export interface TestBench {
  readonly client: CorvidClient;
  readonly clock: TestClock;
  readonly transport: RecordingTransport;
  /** What Corvid said on stderr. */
  readonly said: string[];
  /** Sends all that waits and gives what has arrived. */
  arrived(): Promise<readonly Event[]>;
}

/** Sets up a client that records what it sends. */
export function createTestBench(options: ClientOptions = {}, place: Partial<Platform> = {}): TestBench {
  const clock = createTestClock();
  const transport = Object.assign(recordingTransport(), { kinds: ["event", "client_report"] as const });
  const said: string[] = [];
  let ids = 0;
  const platform: Platform = {
    clock,
    env: {},
    sdk: { name: "corvid.node", version: "1.2.3" },
    projectRoot: "/app",
    random: () => 0.5,
    newId: () => `${++ids}`.padStart(32, "0"),
    write: (line) => void said.push(line),
    afterTurn: (fn) => void setImmediate(fn),
    serverName: () => "web-1",
    release: () => "shop@1.0.0",
    contexts: () => ({}),
    contextLines: () => ({ addTo: async () => undefined, addToSync: () => undefined }),
    transport: () => transport,
    integrations: [],
    ...place,
  };
  const client = new CorvidClient({ dsn: false, transport, ...options }, platform, new Scope());
  const arrived = async (): Promise<readonly Event[]> => {
    await client.flush();
    return transport.events;
  };
  return { client, clock, transport, said, arrived };
}

/** The account must always add up: every capture is somewhere, once. */
export function expectBalance(client: Pick<CorvidClient, "stats">): void {
  const { captured, delivered, merged, folded, dropped, queued, spooled } = client.stats();
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  expect(delivered + merged + folded + lost + queued + spooled).toBe(captured);
}
