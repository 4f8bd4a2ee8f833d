import type { Socket } from "node:net";

/** Requests to the operating system that keep a process alive, whatever their socket says. */
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
 * Cuts our sockets when nothing but them keeps the process alive. To unref a socket is not enough: while it is being
 * connected, or has bytes that the other side does not take, the request itself holds the process. What was under way
 * fails like any lost connection, and is kept.
 */
export function releaseProcess(sockets: Iterable<Socket>): void {
  const ours = [...sockets].filter((socket) => socket.connecting || socket.writableLength > 0);
  if (ours.length === 0) return;
  const active = process.getActiveResourcesInfo();
  const requests = active.filter((kind) => SOCKET_REQUESTS.has(kind)).length;
  // One more request than our sockets have is somebody else's.
  if (requests > ours.length || active.length - requests > idleOutputs()) return;
  for (const socket of ours) socket.destroy(new ReleasedError());
}

/** Standard output and error as pipes or terminals: listed as active from the first line on, and holding nothing. */
function idleOutputs(): number {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles?: () => unknown[] };
  if (handles === undefined) return 0;
  return handles.call(process).filter(isIdleOutput).length;
}

function isIdleOutput(handle: unknown): boolean {
  const { fd, writableLength } = (handle ?? {}) as { fd?: unknown; writableLength?: unknown };
  return (fd === 1 || fd === 2) && writableLength === 0;
}
