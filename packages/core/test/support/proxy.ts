import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** A proxy on a loopback port: forwards plain requests, tunnels CONNECT. */
export interface TestProxy {
  readonly address: string;
  /** `POST http://…` and `CONNECT host:port`, with the credentials that came. */
  readonly requests: { readonly line: string; readonly authorization?: string }[];
  /** Answers CONNECT with this status line instead. */
  refuseWith: string | undefined;
  /** Says nothing at all. */
  isHung: boolean;
  close(): Promise<void>;
}

/** Starts it. */
export async function startTestProxy(): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  const note = ({ method, url, headers }: IncomingMessage): void => {
    proxy.requests.push({ line: `${method} ${url}`, authorization: headers["proxy-authorization"] });
  };
  const server = createServer((incoming, outgoing) => {
    note(incoming);
    const forwarded = request(
      incoming.url!,
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
      },
    );
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  server.on("connect", (incoming, socket: Socket) => {
    note(incoming);
    if (proxy.isHung) return;
    if (proxy.refuseWith !== undefined) {
      socket.end(`HTTP/1.1 ${proxy.refuseWith}\r\n\r\n`);
      return;
    }
    const target = new URL(`http://${incoming.url}`);
    const onward = connect(Number(target.port), target.hostname.replace(/^\[|\]$/g, ""), () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: TestProxy = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    refuseWith: undefined,
    isHung: false,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
  return proxy;
}
