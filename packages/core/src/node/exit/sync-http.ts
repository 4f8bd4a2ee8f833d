import { Worker } from "node:worker_threads";
import { monotonicMs } from "../clock.js";
import type { Trust } from "../http/connector.js";
import type { ProxyAddress } from "../http/proxy.js";
import { POST_THREAD } from "./sync-http-thread.js";

/** One request, ready to leave. */
export interface SyncRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Where letters go. */
export interface PostAddress {
  readonly url: string;
  readonly proxy?: ProxyAddress;
  readonly trust: Trust;
}

/** What the thread is told. */
interface PostOrder extends PostAddress {
  readonly letters: readonly SyncRequest[];
  readonly board: SharedArrayBuffer;
  readonly deadlineMs: number;
  /** Connections. */
  readonly atOnce: number;
}

const AT_ONCE = 8;

/**
 * Posts letters from a thread of its own while this one stands still: for the end of the process, when the event loop
 * will not turn again.
 *
 * @param deadlineMs - how long it may take at most
 * @returns the status of each answer; `undefined` for a letter without one
 * @throws where threads are not allowed: without `--allow-worker` under Node's permission model
 */
export function postSync(
  address: PostAddress,
  letters: readonly SyncRequest[],
  deadlineMs: number,
): readonly (number | undefined)[] {
  const endsAt = monotonicMs() + deadlineMs;
  const board = new SharedArrayBuffer(4 * (1 + letters.length));
  const cells = new Int32Array(board);
  const order: PostOrder = { ...address, letters, board, deadlineMs, atOnce: AT_ONCE };
  postThread().postMessage(order);
  for (let done = 0; done < letters.length; done = Atomics.load(cells, 0)) {
    const left = endsAt - monotonicMs();
    if (left <= 0) break;
    Atomics.wait(cells, 0, done, left);
  }
  return letters.map((_, index) => {
    const status = Atomics.load(cells, 1 + index);
    return status > 0 ? status : undefined;
  });
}

/** Starts the thread, so that it is ready when there is something to post. @throws as {@link postSync} */
export function preparePost(): void {
  postThread();
}

let thread: Worker | undefined;

/** Started when it is first needed; what comes after finds it, and its connections, there. */
function postThread(): Worker {
  thread ??= startThread();
  return thread;
}

/** Nothing of the application's own start is repeated in it: no preloaded modules, no arguments, no `NODE_OPTIONS`. */
function startThread(): Worker {
  const started = new Worker(POST_THREAD, {
    eval: true,
    name: "corvid-last-post",
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

/** Whether TLS checks certificates at all is read from the environment with each connection. */
function tlsEnvironment(): Record<string, string> {
  const name = "NODE_TLS_REJECT_UNAUTHORIZED";
  const value = process.env[name];
  return value === undefined ? {} : { [name]: value };
}
