import type { Socket } from "node:net";

const LONGEST_HEAD_BYTES = 16_384;

/**
 * Asks a proxy for a tunnel (CONNECT) on a connection that stands. Afterwards the socket reaches the target.
 *
 * @param target - host and port, IPv6 in brackets
 * @throws when the proxy refuses, closes, or talks nonsense, and when `signal` is aborted
 */
export function openTunnel(
  socket: Socket,
  target: string,
  authorization: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const finish = (): void => {
      socket.off("data", onData).off("error", fail).off("close", onClose).pause();
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (error: Error): void => {
      finish();
      socket.destroy();
      reject(error);
    };
    const onClose = (): void => fail(new Error("the proxy closed the connection"));
    const onAbort = (): void => fail(signal.reason as Error);
    const onData = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) {
        if (head.length > LONGEST_HEAD_BYTES) fail(new Error("the proxy's answer is no HTTP"));
        return;
      }
      const status = /^HTTP\/1\.[01] (\d{3})[^\r\n]*/.exec(head.toString("latin1"));
      if (status?.[1] !== "200") {
        fail(new Error(`the proxy refused the tunnel: ${status?.[0].slice(9, 100) ?? "no HTTP answer"}`));
        return;
      }
      finish();
      const rest = head.subarray(end + 4);
      if (rest.length > 0) socket.unshift(rest);
      resolve();
    };
    if (signal.aborted) return onAbort();
    if (socket.destroyed) return onClose();
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("data", onData).on("error", fail).on("close", onClose);
    const credentials = authorization === undefined ? "" : `Proxy-Authorization: ${authorization}\r\n`;
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${credentials}\r\n`);
  });
}
