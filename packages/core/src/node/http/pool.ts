import type { HttpAnswer } from "../../delivery/http-answer.js";
import type { Timer } from "../../model/clock.js";
import { HttpConnections, type HttpConnectionsOptions } from "./connections.js";
import { HttpExchange, type HttpExchangeOptions, type HttpRequest } from "./exchange.js";
import { releaseProcess } from "./lone-holder.js";

/** Posts to one server, over connections that are kept. */
export interface HttpPool {
  /**
   * Posts a body and reads the answer to its end.
   *
   * @throws when there is no answer within the deadline
   */
  post(request: HttpRequest): Promise<HttpAnswer>;
  /** Cuts every connection, for good; what is under way fails. */
  destroy(): void;
}

/** What a pool needs. */
export type HttpPoolOptions = HttpConnectionsOptions & HttpExchangeOptions;

/** How soon a program that has nothing left to do may end although a request is stuck. */
const RELEASE_EVERY_MS = 100;

/**
 * Makes the pool, of Node's own HTTP client. What `fetch` stands on reads answers by a parser in WebAssembly, which V8
 * compiles anew in the background after the first few of them: 150 ms of processor time, for ten reports.
 */
export function createHttpPool(options: HttpPoolOptions): HttpPool {
  const { connector, clock } = options;
  const connections = new HttpConnections(options);
  const underWay = new Set<HttpExchange>();
  let closed: Error | undefined;
  let watching: Timer | undefined;
  const watch = (): void => {
    watching?.cancel();
    watching = undefined;
    if (underWay.size === 0 && !connections.isOpening) return;
    watching = clock.schedule(() => {
      releaseProcess(connector.sockets);
      watch();
    }, RELEASE_EVERY_MS);
  };

  return {
    async post(request) {
      if (closed !== undefined) throw closed;
      const exchange = new HttpExchange(connections, request, options);
      underWay.add(exchange);
      if (watching === undefined) watch();
      try {
        return await exchange.answer;
      } finally {
        underWay.delete(exchange);
        if (underWay.size === 0) watch();
      }
    },
    destroy() {
      closed ??= new Error("the transport was closed");
      for (const exchange of underWay) exchange.abort(closed);
      for (const socket of connector.sockets) socket.destroy();
    },
  };
}
