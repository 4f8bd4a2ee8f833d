import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { generate } from "selfsigned";

/** A listener on a loopback port. */
export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens, and does with each connection what `answer` does. */
export function listen(answer: (socket: Socket) => void): Promise<Listener> {
  return started(createServer(answer));
}

/** The same behind TLS. */
export function listenSecurely(options: TlsOptions, answer: (socket: Socket) => void): Promise<Listener> {
  return started(createTlsServer(options, answer));
}

/** Says the same to whoever asks. */
export function saying(text: string): (socket: Socket) => void {
  return (socket) => {
    socket.once("data", () => socket.end(text));
  };
}

/** A port where nothing listens. */
export async function deadPort(): Promise<number> {
  const { port, close } = await listen(() => undefined);
  await close();
  return port;
}

/** A certificate that signs itself, made for one run. @param daysLeft - negative: it is over */
export async function certificateFor(host: string, daysLeft: number): Promise<{ key: string; cert: string }> {
  const day = 24 * 60 * 60_000;
  const pair = await generate([{ name: "commonName", value: "corvid-test-only" }], {
    keyType: "ec",
    notBeforeDate: new Date(Date.now() - 100 * day),
    notAfterDate: new Date(Date.now() + daysLeft * day),
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: host }] }],
  });
  return { key: pair.private, cert: pair.cert };
}

async function started(server: Server): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("error", () => undefined));
    socket.on("close", () => sockets.delete(socket));
  });
  server
    .on("tlsClientError", () => undefined)
    .on("secureConnection", (socket: Socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
