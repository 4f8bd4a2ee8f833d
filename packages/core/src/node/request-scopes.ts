import type { CaptureTarget } from "../context/current.js";
import { enterContext, runInContext } from "../context/current.js";
import { bindEmit, type Emitter, knownRequest, openRequest } from "../request/request-context.js";
import { listenOn } from "./integrations/channel.js";
import { joinHook } from "./integrations/shared-hook.js";

/**
 * Gives each request to a server of this process a scope of its own, which nothing has to open: from the channels on
 * which Node announces requests (`http.server.request.start`) and, from Node 24 on, streams of HTTP/2
 * (`http2.server.stream.start`). Upgrades and CONNECT are on no channel; they get theirs when the server emits them.
 *
 * @returns ends it for this client; with the last one the channels are left
 */
export function openRequestScopes(client: CaptureTarget): () => void {
  return joinHook("request-scopes", client, true, watchServers);
}

interface RequestStart {
  readonly request: Emitter;
  readonly response: Emitter;
  readonly server: Emitter;
}

interface StreamStart {
  readonly stream: Emitter;
  readonly headers: Readonly<Record<string, unknown>>;
}

function watchServers(): () => void {
  const servers = new ServerEvents();
  const stopListening = listenOn({
    "http.server.request.start": ({ request, response, server }: RequestStart) => {
      servers.watch(server);
      if (knownRequest(request) !== undefined) return;
      const known = openRequest(request);
      known.watch(response);
      enterContext(known);
    },
    "http2.server.stream.start": ({ stream, headers }: StreamStart) => {
      if (knownRequest(stream) !== undefined) return;
      const { ":method": method, ":path": url } = headers;
      const known = openRequest(stream, { method, url, headers });
      known.watch(stream);
      enterContext(known);
    },
    // A connection comes before its first upgrade.
    "net.server.socket": ({ socket }: { readonly socket: { readonly server?: Emitter } }) =>
      servers.watch(socket.server),
  });
  return () => {
    stopListening();
    servers.leaveAll();
  };
}

/** Servers whose `upgrade` and `connect` events open a scope, which lasts until the socket closes. */
class ServerEvents {
  readonly #original = new Map<
    Emitter,
    { readonly emit: Emitter["emit"]; readonly watched: Emitter["emit"] }
  >();

  watch(server: Emitter | undefined): void {
    if (server === undefined || this.#original.has(server)) return;
    const { emit } = server;
    const leave = (): void => this.#leave(server);
    const watched: Emitter["emit"] = function watchedEmit(this: Emitter, ...args) {
      const [name, request, socket] = args;
      if (name === "close") leave();
      return name === "upgrade" || name === "connect"
        ? inSocketScope(request, socket, () => Reflect.apply(emit, this, args))
        : Reflect.apply(emit, this, args);
    };
    this.#original.set(server, { emit, watched });
    Reflect.defineProperty(server, "emit", { value: watched, configurable: true, writable: true });
  }

  leaveAll(): void {
    for (const server of this.#original.keys()) this.#leave(server);
  }

  /** Undoes it, unless something has been put around it since. */
  #leave(server: Emitter): void {
    const { emit, watched } = this.#original.get(server) ?? {};
    this.#original.delete(server);
    if (server.emit !== watched) return;
    Reflect.deleteProperty(server, "emit");
    if (server.emit !== emit) server.emit = emit!;
  }
}

function inSocketScope<T>(request: unknown, socket: unknown, fn: () => T): T {
  if (typeof request !== "object" || request === null || knownRequest(request) !== undefined) return fn();
  const known = openRequest(request);
  bindEmit(request as Emitter, known);
  bindEmit(socket as Emitter, known, (name) => {
    if (name === "close") known.end();
  });
  return runInContext(known, fn);
}
