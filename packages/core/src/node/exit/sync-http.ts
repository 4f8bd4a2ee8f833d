import { Worker } from "node:worker_threads";
import type { HttpAnswer } from "../../transport/http-answer.js";
import { monotonicMs } from "../clock.js";
import type { Trust } from "../http/agent.js";
import type { ProxyAddress } from "../http/proxy.js";
import { SYNC_HTTP_THREAD } from "./sync-http-thread.js";

/** One POST, ready to leave. */
export interface SyncRequest {
  readonly url: string;
  readonly proxy?: ProxyAddress;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Options of {@link postSync}. */
export interface SyncHttpOptions {
  readonly trust: Trust;
  /** How much of each answer's body is read; 0: the status is enough. */
  readonly bodyBytes: number;
  /** How long all of them may take, in milliseconds. */
  readonly deadlineMs: number;
}

const CONNECTIONS = 8;

/**
 * Posts from a worker thread while this thread waits: for the end of the process, when the event loop will not turn
 * again.
 *
 * @returns each answer; `undefined` for a request without one
 * @throws where threads are not allowed: without `--allow-worker` under Node's permission model
 */
export function postSync(
  requests: readonly SyncRequest[],
  { trust, bodyBytes, deadlineMs }: SyncHttpOptions,
): readonly (HttpAnswer | undefined)[] {
  const endsAt = monotonicMs() + deadlineMs;
  const count = requests.length;
  const cells = new Int32Array(new SharedArrayBuffer(4 * (1 + 2 * count)));
  const bodies = Buffer.from(new SharedArrayBuffer(bodyBytes * count));
  workerThread().postMessage({
    requests,
    trust,
    cells,
    bodies,
    bodyBytes,
    deadlineMs,
    connections: CONNECTIONS,
  });
  for (let done = 0; done < count; done = Atomics.load(cells, 0)) {
    const left = endsAt - monotonicMs();
    if (left <= 0) break;
    Atomics.wait(cells, 0, done, left);
  }
  return requests.map((_, index) => {
    const status = Atomics.load(cells, 1 + index);
    if (status <= 0) return undefined;
    const start = index * bodyBytes;
    const body = bodies.toString("utf8", start, start + Atomics.load(cells, 1 + count + index));
    return { status, statusText: "", body };
  });
}

/** Starts the thread, so that it is ready when there is something to post. @throws as {@link postSync} */
export function prepareSyncHttp(): void {
  workerThread();
}

let thread: Worker | undefined;

/** Started when it is first needed; later calls find it, and its connections, there. */
function workerThread(): Worker {
  thread ??= startThread();
  return thread;
}

/** It repeats nothing of the application's own start: no preloaded modules, no arguments, no `NODE_OPTIONS`. */
function startThread(): Worker {
  const started = new Worker(SYNC_HTTP_THREAD, {
    eval: true,
    name: "corvid-sync-http",
    execArgv: [],
    argv: [],
    env: tlsEnvironment(),
    stdout: true,
    stderr: true,
  });
  started.unref();
  const forget = (): void => {
    thread = undefined;
  };
  started.on("error", forget).on("exit", forget);
  return started;
}

/** Node reads from the environment, with each connection, whether TLS checks certificates at all. */
function tlsEnvironment(): Record<string, string> {
  const name = "NODE_TLS_REJECT_UNAUTHORIZED";
  const value = process.env[name];
  return value === undefined ? {} : { [name]: value };
}
