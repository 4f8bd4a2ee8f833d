import { isIP } from "node:net";
import { connect } from "node:tls";

/**
 * Whether a port that was asked over plain HTTP speaks TLS.
 *
 * @returns `false` for a port that does not, and for one that says nothing within `timeoutMs`
 */
export function speaksTls({ hostname, port }: URL, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ host, port: Number(port || 80), rejectUnauthorized: false, ...name });
    const end = (isTls: boolean): void => {
      socket.destroy();
      resolve(isTls);
    };
    socket.setTimeout(timeoutMs, () => end(false)).once("secureConnect", () => end(true));
    socket.on("error", () => end(false));
  });
}
