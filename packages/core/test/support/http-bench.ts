import { setImmediate as turn } from "node:timers/promises";
import { HttpClient, type HttpClientOptions } from "../../src/node/http/http-client.js";
import type { HttpAnswer } from "../../src/transport/http-answer.js";
import { createTestClock, type TestClock } from "./clock.js";
import { type Answering, type RawServer, type RawServerOptions, startRawServer } from "./raw-server.js";

/** Deadline of the clients here, and the most connections they may have. */
export const TIMEOUT_MS = 5000;
export const MOST = 8;

/** A client with real sockets and a clock that stands still: requests end because of the other side alone. */
export interface ClientBench {
  readonly clock: TestClock;
  readonly client: HttpClient;
  readonly post: (body?: Uint8Array) => Promise<HttpAnswer>;
  /** Sockets of the client that are not closed. */
  readonly sockets: ReadonlySet<unknown>;
}

/** A client and the server it posts to. */
export interface ServedBench extends ClientBench {
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

/** Makes a client for a server that is there already. */
export function clientTo(
  target: string,
  options: Partial<Omit<HttpClientOptions, "target">> = {},
): ClientBench {
  const clock = createTestClock();
  const client = new HttpClient({
    target: new URL(target),
    connections: MOST,
    bodyBytes: 0,
    timeoutMs: TIMEOUT_MS,
    clock,
    ...options,
  });
  later(() => client.destroy());
  const post = (body: Uint8Array = Buffer.from("{}")): Promise<HttpAnswer> =>
    client.post({ path: "/", headers: { "content-length": String(body.length) }, body });
  return { clock, client, post, sockets: client.sockets };
}

/** Starts a server, and makes a client for it. */
export async function serving(
  answering: Answering,
  options: RawServerOptions & Partial<HttpClientOptions> = {},
): Promise<ServedBench> {
  const server = await startRawServer(answering, options);
  later(() => server.close());
  return { server, ...clientTo(`http://127.0.0.1:${server.port}`, options) };
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
