import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { openTunnel } from "../http/agent.js";
import type { ProxyAddress } from "../http/proxy.js";
import { certificateFinding, readCertificate } from "./certificate.js";
import { explainFailure } from "./failure.js";
import type { Report } from "./report.js";

/** The way to a server. */
export interface Route {
  /** Origin of the server. */
  readonly target: URL;
  readonly proxy: ProxyAddress | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted, with the reason, when the time is over. */
  readonly signal: AbortSignal;
}

/** One end of a connection. */
interface Place {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** As people write it: `[::1]:443`. */
  readonly text: string;
}

/**
 * Goes the way once, a step at a time, and tells each: name, connection, tunnel, certificate.
 *
 * @returns whether a request may be sent that way
 */
export async function walk(route: Route, report: Report): Promise<boolean> {
  const { proxy, target } = route;
  const server = placeOf(target);
  const first =
    proxy === undefined
      ? server
      : placeOf(new URL(`${proxy.protocol}//${urlHost(proxy.host)}:${proxy.port}`));
  const sockets: Socket[] = [];
  const step = steps(route, report, sockets);
  try {
    if (!(await step.name(first))) return false;
    let socket = await step.connection(first);
    if (socket !== undefined && proxy?.protocol === "https:") socket = await step.tls(socket, first);
    if (socket === undefined || target.protocol === "http:") return socket !== undefined;

    if (proxy !== undefined && !(await step.tunnel(socket, server))) return false;
    return (await step.tls(socket, server)) !== undefined;
  } finally {
    // The newest first: Node crashes (seen with 20.20) when a connection is closed before the TLS that stands on it.
    for (const socket of sockets.reverse()) socket.destroy();
  }
}

function steps({ signal, proxy, env }: Route, report: Report, sockets: Socket[]) {
  const fail = (topic: string, error: unknown, whom: string): undefined => {
    const reason = signal.aborted ? signal.reason : error;
    const failure = explainFailure(reason, whom);
    const isProxy = proxy !== undefined && (topic === "name" || topic === "connection");
    const advice = `This is the proxy, not the server: is it running, and is the variable right? no_proxy goes past it.`;
    report.add({ topic, state: "problem", ...failure, ...(isProxy ? { advice } : {}) });
  };
  const watched = <S extends Socket>(socket: S): S => {
    sockets.push(socket);
    // Between one step and the next nobody else listens, and an error nobody hears ends the process.
    return socket.on("error", () => undefined);
  };

  return {
    async name({ host }: Place): Promise<boolean> {
      if (isIP(host) !== 0) return true;
      const took = stopwatch();
      try {
        const found = await Promise.race([lookup(host, { all: true }), aborted(signal)]);
        const addresses = found.map(({ address }) => address);
        const text = `${host} is ${addresses.join(", ")} (${took()} ms)`;
        report.add({ topic: "name", state: "ok", text, details: { host, addresses, ms: took() } });
        return true;
      } catch (error) {
        fail("name", error, host);
        return false;
      }
    },

    async connection({ host, port, text }: Place): Promise<Socket | undefined> {
      const took = stopwatch();
      const socket = watched(connectTcp({ host, port }));
      try {
        await once(socket, "connect", { signal });
        const address = socket.remoteAddress ?? host;
        report.add({
          topic: "connection",
          state: "ok",
          text: `${text} takes it (${took()} ms)`,
          details: { address, port, ms: took() },
        });
        return socket;
      } catch (error) {
        return fail("connection", error, text);
      }
    },

    async tunnel(socket: Socket, server: Place): Promise<boolean> {
      const took = stopwatch();
      const giveUp = (): void => void socket.destroy(signal.reason as Error);
      signal.addEventListener("abort", giveUp);
      try {
        await openTunnel(socket, server.text, proxy?.authorization);
        report.add({
          topic: "tunnel",
          state: "ok",
          text: `the proxy leads to ${server.text} (${took()} ms)`,
          details: { ms: took() },
        });
        return true;
      } catch (error) {
        const failure = explainFailure(error, `to ${server.text}`);
        report.add({ topic: "tunnel", state: "problem", ...failure, ...refusedTunnel(error, server) });
        return false;
      }
    },

    /** Any certificate is looked at; whether a request may be sent is decided by what is found. */
    async tls(socket: Socket, { host, text }: Place): Promise<TLSSocket | undefined> {
      const name = isIP(host) === 0 ? { servername: host } : {};
      const secure = watched(connectTls({ socket, host, ...name, rejectUnauthorized: false }));
      try {
        await once(secure, "secureConnect", { signal });
      } catch (error) {
        return fail("certificate", error, text);
      }
      const finding = certificateFinding(readCertificate(secure, Date.now()), host, env);
      report.add(finding);
      return finding.state === "problem" ? undefined : secure;
    },
  };
}

/** What a proxy means by refusing CONNECT. */
function refusedTunnel(error: unknown, server: Place): { readonly advice?: string } {
  const status = /refused the tunnel: (\d{3})/.exec((error as Error).message)?.[1];
  if (status === "407")
    return { advice: "The proxy wants a user and password: https_proxy=http://USER:PASSWORD@host:port." };
  if (status === "403" || status === "405") {
    return {
      advice: `The proxy's rules forbid it: have ${server.text} allowed, or except it with no_proxy=${server.host}.`,
    };
  }
  if (status?.startsWith("5"))
    return { advice: `The proxy cannot reach ${server.text}: can it resolve the name, is the server up?` };
  return status === undefined ? {} : { advice: "Is this a proxy at all, and the right port?" };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function stopwatch(): () => number {
  const startedAt = performance.now();
  return () => Math.round(performance.now() - startedAt);
}

function placeOf({ hostname, port, protocol }: URL): Place {
  const number = Number(port === "" ? (protocol === "https:" ? 443 : 80) : port);
  return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: number, text: `${hostname}:${number}` };
}

function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
