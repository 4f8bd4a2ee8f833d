import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** A server that speaks HTTP only as far as it is told to: each request is handed over, the answer is text. */
export interface RawServer {
  readonly port: number;
  /** Every connection there was, in order. */
  readonly connections: readonly Socket[];
  /** Heads of the requests that came in whole, in order. */
  readonly requests: readonly string[];
  /** How many connections are not closed. */
  readonly open: number;
  close(): Promise<void>;
}

/** What to do with a request that has come in whole. */
export type Answering = (socket: Socket, connection: number, request: number) => void;

/** How it listens. */
export interface RawServerOptions {
  readonly host?: string;
  readonly tls?: TlsOptions;
  /** Told of each connection before anything is read from it. */
  readonly onConnection?: (socket: Socket, connection: number) => void;
}

/** The shortest good answer. */
export const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/** Starts it. @param answering - gets connection and request by number, from 0 */
export async function startRawServer(
  answering: Answering,
  { host = "127.0.0.1", tls, onConnection }: RawServerOptions = {},
): Promise<RawServer> {
  const connections: Socket[] = [];
  const plain = new Set<Socket>();
  const requests: string[] = [];
  const serve = (socket: Socket): void => {
    const connection = connections.push(socket.on("error", () => undefined)) - 1;
    onConnection?.(socket, connection);
    let seen = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      for (;;) {
        const end = seen.indexOf("\r\n\r\n");
        if (end < 0) return;
        const head = seen.toString("latin1", 0, end);
        const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
        if (seen.length < end + 4 + length) return;
        seen = seen.subarray(end + 4 + length);
        answering(socket, connection, requests.push(head) - 1);
      }
    });
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  server.on("tlsClientError", () => undefined);
  server.on("connection", (socket: Socket) => {
    plain.add(socket.on("error", () => undefined));
    socket.on("close", () => plain.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    requests,
    get open() {
      return plain.size;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of plain) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Answers every request so. */
export function always(text: string): Answering {
  return (socket) => void socket.write(text, "latin1");
}

/** Says nothing. */
export const silent: Answering = () => undefined;
