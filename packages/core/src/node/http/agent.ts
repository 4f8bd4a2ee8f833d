import { readFileSync } from "node:fs";
import { Agent, ClientRequest, type IncomingMessage } from "node:http";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, rootCertificates } from "node:tls";
import type { Clock } from "../../model/clock.js";
import type { ProxyAddress } from "./proxy.js";

/** PEM text of certificates to trust besides those of Node. */
export type CertificateAuthorities = string | Buffer | readonly (string | Buffer)[];

/** Options of {@link createAgent}. */
export interface AgentOptions {
  /** Origin of the server. */
  readonly target: URL;
  readonly proxy?: ProxyAddress;
  readonly ca?: CertificateAuthorities;
  /** The most connections. */
  readonly connections: number;
  /** How long a proxy may take to open a tunnel. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** The connections to one server. */
export interface ServerAgent {
  /** Speaks TLS by itself where the server does, so its protocol is always `http:`. */
  readonly agent: Agent;
  /** Sockets that are not closed, those being opened included. */
  readonly sockets: ReadonlySet<Socket>;
}

const REST_MS = 30_000;

/**
 * Makes an agent that keeps connections to one server alive, through the proxy if there is one. Its sockets do not keep
 * the process alive, not even while an answer is awaited.
 */
export function createAgent({ target, proxy, ca, connections, timeoutMs, clock }: AgentOptions): ServerAgent {
  const sockets = new Set<Socket>();
  const track = <T extends Socket>(socket: T): T => {
    sockets.add(socket);
    return (
      socket
        .unref()
        // A name with several addresses gets a new handle with every try.
        .once("connect", () => void socket.unref())
        .on("error", () => undefined)
        .once("close", () => void sockets.delete(socket))
        .setNoDelay(true)
        .setKeepAlive(true, 60_000)
    );
  };
  const trust = trustOf(ca);
  const open = (hostname: string, port: number, isSecure: boolean): Socket => {
    const host = bare(hostname);
    const place = { host, port };
    return track(isSecure ? connectTls({ ...place, ...serverName(host), ...trust }) : connectTcp(place));
  };
  const isSecure = target.protocol === "https:";

  class KeepAliveAgent extends Agent {
    override createConnection(_: unknown, done?: (error: Error | null, socket: Socket) => void): Socket {
      if (proxy === undefined) return open(target.hostname, portOf(target), isSecure);
      const toProxy = open(proxy.host, proxy.port, proxy.protocol === "https:");
      if (!isSecure) return toProxy;
      const timer = clock.schedule(() => toProxy.destroy(new Error("connect timed out")), timeoutMs);
      toProxy.once("close", () => timer.cancel());
      openTunnel(toProxy, `${target.hostname}:${portOf(target)}`, proxy.authorization).then(
        () => {
          timer.cancel();
          // TLS closes the socket below it. Closing that one first, from outside, crashes Node (seen with 20.20).
          sockets.delete(toProxy);
          const host = bare(target.hostname);
          done?.(null, track(connectTls({ socket: toProxy, host, ...serverName(host), ...trust })));
        },
        (error: Error) => done?.(error, toProxy),
      );
      return undefined as unknown as Socket;
    }

    override keepSocketAlive(socket: Socket): boolean {
      // Bytes that come unasked, such as a `408` before the server closes, must not answer the next request.
      socket.once("data", destroyOnData);
      return super.keepSocketAlive(socket) as unknown as boolean;
    }

    override reuseSocket(socket: Socket, request: ClientRequest): void {
      super.reuseSocket(socket, request);
      socket.off("data", destroyOnData).unref();
    }
  }
  const agent = new KeepAliveAgent({ keepAlive: true, maxSockets: connections, timeout: REST_MS });
  return { agent, sockets };
}

function destroyOnData(this: Socket): void {
  this.destroy();
}

/**
 * Asks a proxy for a tunnel (CONNECT). The socket reaches the target then.
 *
 * @param target - host and port, IPv6 in brackets
 * @throws when the proxy refuses, closes, or speaks no HTTP
 */
export function openTunnel(socket: Socket, target: string, authorization: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const refuse = ({ statusCode, statusMessage = "" }: IncomingMessage): void =>
      fail(new Error(`the proxy refused the tunnel: ${statusCode} ${statusMessage.slice(0, 80)}`.trim()));
    const request = new ClientRequest({
      createConnection: () => socket,
      method: "CONNECT",
      path: target,
      headers: { Host: target, ...(authorization && { "Proxy-Authorization": authorization }) },
    });
    const onClose = (): void => fail(new Error("the proxy closed the connection"));
    request.removeHeader("connection");
    request
      .on("error", fail)
      .on("close", onClose)
      .on("response", refuse)
      .on("connect", (answer: IncomingMessage, _: unknown, head: Buffer) => {
        request.off("close", onClose);
        if (answer.statusCode !== 200) return refuse(answer);
        if (head.length > 0) socket.unshift(head);
        resolve();
      })
      .end();
  });
}

/** The certificate authorities of a connection. */
export type Trust = Pick<ConnectionOptions, "ca">;

/** A list replaces Node's and that of NODE_EXTRA_CA_CERTS; ours adds to both. */
export function trustOf(ca: CertificateAuthorities | undefined): Trust {
  if (ca === undefined) return {};
  return { ca: [...rootCertificates, ...extraCertificates(), ...(Array.isArray(ca) ? ca : [ca])] };
}

function extraCertificates(): Buffer[] {
  const path = process.env["NODE_EXTRA_CA_CERTS"];
  try {
    return path ? [readFileSync(path)] : [];
  } catch {
    // Node warned about it when the process started.
    return [];
  }
}

/** TLS expects a name here and rejects an address. */
function serverName(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

function portOf(target: URL): number {
  return Number(target.port === "" ? (target.protocol === "https:" ? 443 : 80) : target.port);
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}
