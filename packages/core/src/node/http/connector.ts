import { readFileSync } from "node:fs";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, rootCertificates } from "node:tls";
import type { Clock } from "../../model/clock.js";
import type { ProxyAddress } from "./proxy.js";
import { openTunnel } from "./proxy-tunnel.js";

/** PEM text of certificates to trust besides those of Node. */
export type CertificateAuthorities = string | Buffer | readonly (string | Buffer)[];

/** What opens the sockets of one destination. */
export interface ConnectorOptions {
  /** Origin of the server. */
  readonly target: URL;
  readonly proxy?: ProxyAddress;
  readonly ca?: CertificateAuthorities;
  /** For name, connection, proxy and TLS together. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Opens sockets, and knows those that are open. */
export interface Connector {
  /** Opens one; `done` is told it once it can be written to, or what went wrong. */
  readonly connect: (done: (error: Error | null, socket: Socket | null) => void) => void;
  /** Not closed, those being opened included. */
  readonly sockets: ReadonlySet<Socket>;
}

/**
 * Makes what opens sockets to the target, through the proxy if there is one. They do not keep the process alive, not
 * even while an answer is awaited: a report is no reason for a finished program to go on.
 */
export function createConnector(options: ConnectorOptions): Connector {
  const trust = trustOf(options.ca);
  const sockets = new Set<Socket>();
  const watch: Watch = (socket) => {
    socket.unref();
    sockets.add(socket);
    // Between one step and the next nobody else may be listening, and an error nobody hears ends the process.
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
  };
  const disown: Watch = (socket) => void sockets.delete(socket);
  const connect: Connector["connect"] = (done) => {
    const abort = new AbortController();
    const timer = options.clock.schedule(
      () => abort.abort(new Error("connect timed out")),
      options.timeoutMs,
    );
    open(options, { trust, watch, disown, signal: abort.signal }).then(
      (socket) => {
        timer.cancel();
        done(null, socket);
      },
      (error: Error) => {
        timer.cancel();
        done(error, null);
      },
    );
  };
  return { connect, sockets };
}

/** What TLS is told about whom to trust. */
export type Trust = Pick<ConnectionOptions, "ca">;
type Watch = (socket: Socket) => void;

/** What the steps of one opening share. */
interface Opening {
  readonly trust: Trust;
  readonly watch: Watch;
  readonly disown: Watch;
  readonly signal: AbortSignal;
}

async function open({ target, proxy }: ConnectorOptions, opening: Opening): Promise<Socket> {
  const host = bare(target.hostname);
  const isSecure = target.protocol === "https:";
  if (proxy === undefined) return openDirect(host, portOf(target), isSecure, opening);

  const toProxy = await openDirect(proxy.host, proxy.port, proxy.protocol === "https:", opening);
  if (!isSecure) return toProxy;
  await openTunnel(toProxy, `${target.hostname}:${portOf(target)}`, proxy.authorization, opening.signal);
  // TLS closes what it stands on. Whoever did so before it, from outside, would crash Node (seen with 20.20).
  opening.disown(toProxy);
  return established(
    connectTls({ socket: toProxy, host, ...serverName(host), ...opening.trust }),
    "secureConnect",
    opening,
  );
}

function openDirect(host: string, port: number, isSecure: boolean, opening: Opening): Promise<Socket> {
  return isSecure
    ? established(connectTls({ host, port, ...serverName(host), ...opening.trust }), "secureConnect", opening)
    : established(connectTcp({ host, port }), "connect", opening);
}

function established(
  socket: Socket,
  event: "connect" | "secureConnect",
  { watch, signal }: Opening,
): Promise<Socket> {
  watch(socket);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => void socket.destroy(signal.reason);
    const finish = (): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", onError).off("close", onClose);
    };
    const onError = (error: Error): void => {
      finish();
      reject(error);
    };
    const onClose = (): void => onError(new Error("the connection was closed while it was being opened"));
    socket.once(event, () => {
      finish();
      // A name with several addresses gets a new handle with every try.
      socket.unref();
      resolve(socket);
    });
    socket.on("error", onError).on("close", onClose).setNoDelay(true).setKeepAlive(true, 60_000);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** An own list replaces Node's, with what NODE_EXTRA_CA_CERTS added to it; ours is meant to add to both. */
export function trustOf(ca: CertificateAuthorities | undefined): Trust {
  if (ca === undefined) return {};
  return { ca: [...rootCertificates, ...extraCertificates(), ...(Array.isArray(ca) ? ca : [ca])] };
}

function extraCertificates(): Buffer[] {
  const path = process.env["NODE_EXTRA_CA_CERTS"];
  try {
    return path ? [readFileSync(path)] : [];
  } catch {
    // Node has warned about it at the start of the process.
    return [];
  }
}

/** TLS wants a name here, and rejects an address. */
function serverName(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

function portOf(target: URL): number {
  return Number(target.port === "" ? (target.protocol === "https:" ? 443 : 80) : target.port);
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}
