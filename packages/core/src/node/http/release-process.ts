import type { Socket } from "node:net";

/** Requests to the operating system that keep a process alive, also those of a socket that is unref'd. */
const SOCKET_REQUESTS: ReadonlySet<string> = new Set([
  "ConnectWrap",
  "GetAddrInfoReqWrap",
  "ShutdownWrap",
  "SimpleWriteWrap",
  "WriteWrap",
]);

/** A connection of ours was cut so that the process can end. */
export class ReleasedError extends Error {
  override readonly name = "ReleasedError";

  constructor() {
    super("the process is about to end");
  }
}

/**
 * Cuts our sockets when nothing but them keeps the process alive. To unref a socket is not enough: while it connects, or
 * holds bytes that the other side does not read, the system request itself keeps the process. Requests under way fail
 * like on any lost connection, and their envelopes are kept.
 */
export function releaseProcess(sockets: Iterable<Socket>): void {
  const ours = [...sockets].filter((socket) => socket.connecting || socket.writableLength > 0);
  if (ours.length === 0) return;
  const active = process.getActiveResourcesInfo();
  const requests = active.filter((kind) => SOCKET_REQUESTS.has(kind)).length;
  // A request beyond those of our sockets is the application's.
  if (requests > ours.length || active.length - requests > idleOutputs()) return;
  for (const socket of ours) socket.destroy(new ReleasedError());
}

/**
 * Standard output and error as pipes or terminals: Node lists them as active from the first line on, although they do
 * not keep the process alive. No public function distinguishes them from the application's own pipes; without the private one,
 * the tests in `test/http-process.test.ts` that print before they end hang until the deadline.
 */
function idleOutputs(): number {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles?: () => unknown[] };
  if (handles === undefined) return 0;
  return handles.call(process).filter(isIdleOutput).length;
}

function isIdleOutput(handle: unknown): boolean {
  const { fd, writableLength } = (handle ?? {}) as { fd?: unknown; writableLength?: unknown };
  return (fd === 1 || fd === 2) && writableLength === 0;
}
