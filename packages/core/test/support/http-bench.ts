import { setImmediate as turn } from "node:timers/promises";
import type { HttpAnswer } from "../../src/delivery/http-answer.js";
import { type ConnectorOptions, createConnector } from "../../src/node/http/connector.js";
import { createHttpPool, type HttpPool, type HttpPoolOptions } from "../../src/node/http/pool.js";
import { createTestClock, type TestClock } from "./clock.js";
import { type Answering, type RawServer, type RawServerOptions, startRawServer } from "./raw-server.js";

/** Deadline of the pools here, and the most connections they may have. */
export const TIMEOUT_MS = 5000;
export const MOST = 8;

/** A pool with real sockets and a clock that stands still: whatever ends, ends because of what the other side did. */
export interface PoolBench {
  readonly clock: TestClock;
  readonly pool: HttpPool;
  readonly post: (body?: Uint8Array) => Promise<HttpAnswer>;
  /** Sockets of the pool that are not closed. */
  readonly sockets: ReadonlySet<unknown>;
}

/** A pool and the server it posts to. */
export interface ServedBench extends PoolBench {
  readonly server: RawServer;
}

const undo: (() => unknown)[] = [];

/** Has something undone after the test. */
export function later(step: () => unknown): void {
  undo.push(step);
}

/** For `afterEach`: closes what the test opened, the last first. */
export async function cleanUp(): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}

/** Makes a pool for a server that is there already. */
export function poolTo(
  target: string,
  options: Partial<HttpPoolOptions> & Partial<Omit<ConnectorOptions, "target">> = {},
): PoolBench {
  const clock = createTestClock();
  const url = new URL(target);
  const timing = { timeoutMs: TIMEOUT_MS, clock };
  const connector = createConnector({ target: url, ...timing, ...options });
  const pool = createHttpPool({
    host: url.host,
    connector,
    connections: MOST,
    excerptBytes: 0,
    ...timing,
    ...options,
  });
  later(() => pool.destroy());
  const post = (body: Uint8Array = Buffer.from("{}")): Promise<HttpAnswer> =>
    pool.post({ path: "/", headers: { "content-length": String(body.length) }, body });
  return { clock, pool, post, sockets: connector.sockets };
}

/** Starts a server, and makes a pool for it. */
export async function serving(
  answering: Answering,
  options: RawServerOptions & Partial<HttpPoolOptions> = {},
): Promise<ServedBench> {
  const server = await startRawServer(answering, options);
  later(() => server.close());
  return { server, ...poolTo(`http://127.0.0.1:${server.port}`, options) };
}

/** Waits for what the network brings. */
export async function until(condition: () => boolean): Promise<void> {
  for (const endsAt = Date.now() + 8000; !condition(); ) {
    if (Date.now() > endsAt) throw new Error(`never: ${condition}`);
    await turn();
  }
}

/** Long enough for whatever is under way on loopback to arrive. */
export async function settled(): Promise<void> {
  for (let count = 0; count < 50; count++) await turn();
}
