import { Agent, ClientRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../clock.js";
import type { HttpAnswer } from "../transport/http-answer.js";
import type { Connector } from "./connector.js";
import { releaseProcess } from "./lone-holder.js";

/** Connections to one server. */
export interface HttpPool {
  /**
   * Posts a body and reads the answer to its end.
   *
   * @throws when there is no answer within the deadline
   */
  post(request: HttpRequest): Promise<HttpAnswer>;
  /** Cuts every connection; what is under way fails. */
  destroy(): void;
}

/** One request, ready to leave. */
export interface HttpRequest {
  /** Path, or the whole address when a proxy forwards it. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What a pool needs. */
export interface HttpPoolOptions {
  /** Name and port of the server, as the `Host` header gives them. */
  readonly host: string;
  readonly connector: Connector;
  readonly connections: number;
  /** From here to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** How much of an answer's body is kept for people, in bytes; the rest is read and thrown away. */
  readonly excerptBytes: number;
}

/** How soon a program that has nothing left to do may end although a request is stuck. */
const RELEASE_EVERY_MS = 100;
/** A longer answer is cut off, and the connection with it. */
const LONGEST_BODY_BYTES = 65_536;
/** How long a connection rests before it is closed, where the server does not ask for less. */
const IDLE_MS = 30_000;

/**
 * Makes the pool, of Node's own HTTP client. What `fetch` and undici stand on reads answers by a parser in WebAssembly,
 * which V8 compiles anew in the background after the first few of them: 150 ms of processor time, for ten reports.
 */
export function createHttpPool(options: HttpPoolOptions): HttpPool {
  const { connector, clock } = options;
  const agent = createAgent(options);
  const underWay = new Set<Exchange>();
  let isWatching = false;
  const watch = (): void => {
    isWatching = underWay.size > 0;
    if (!isWatching) return;
    releaseProcess(connector.sockets);
    clock.schedule(watch, RELEASE_EVERY_MS);
  };

  return {
    async post(request) {
      if (!isWatching) {
        isWatching = true;
        clock.schedule(watch, RELEASE_EVERY_MS);
      }
      const exchange = new Exchange(agent, request, options);
      underWay.add(exchange);
      try {
        return await exchange.answer;
      } finally {
        underWay.delete(exchange);
      }
    },
    destroy() {
      for (const exchange of underWay) exchange.abort(new Error("the transport was closed"));
      agent.destroy();
      // It does not know the sockets that are still being opened.
      for (const socket of connector.sockets) socket.destroy();
    },
  };
}

function createAgent({ connector, connections }: HttpPoolOptions): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, timeout: IDLE_MS });
  agent.createConnection = (_, done) => {
    connector.connect(done as Parameters<Connector["connect"]>[0]);
    return undefined;
  };
  // What comes unasked, a `408` before the server closes, say, must not be read as the answer to the next request.
  const cut = function (this: Duplex): void {
    this.destroy();
  };
  agent.keepSocketAlive = (socket) => {
    const isKept: unknown = Agent.prototype.keepSocketAlive.call(agent, socket);
    socket.on("data", cut);
    return isKept as undefined;
  };
  agent.reuseSocket = (socket, request) => {
    socket.off("data", cut);
    Agent.prototype.reuseSocket.call(agent, socket, request);
  };
  return agent;
}

/** One request and what comes back: status, limits and an excerpt are kept, the rest passes by. */
class Exchange {
  readonly answer: Promise<HttpAnswer>;
  readonly #request: ClientRequest;
  readonly #excerptBytes: number;
  #finish: (error?: Error) => void = () => undefined;
  #answer: HttpAnswer | undefined;
  #bodyBytes = 0;
  #excerpt = "";

  constructor(agent: Agent, { path, headers, body }: HttpRequest, options: HttpPoolOptions) {
    const { host, clock, timeoutMs, excerptBytes } = options;
    this.#excerptBytes = excerptBytes;
    // Made here and not by `request`, which tracers put themselves in front of: a report is no work of the application.
    this.#request = new ClientRequest({ agent, method: "POST", path, headers: { host, ...headers } });
    const timer = clock.schedule(() => this.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    this.answer = new Promise((resolve, reject) => {
      this.#finish = (error) => {
        timer.cancel();
        // Once the status is known the answer is known, even when the rest of it stays out.
        if (this.#answer !== undefined) resolve({ ...this.#answer, ...this.#told });
        else reject(error ?? new Error("the connection was closed without an answer"));
      };
    });
    this.#request
      .on("response", (response) => this.#read(response))
      .on("error", (error) => this.#finish(error))
      // By then the connection is free again: whoever sends at once gets it.
      .on("close", () => this.#finish())
      .end(Buffer.from(body.buffer, body.byteOffset, body.length));
  }

  /** Also before the request has a connection: then it ends as soon as it gets one. */
  abort(reason: Error): void {
    this.#request.destroy(reason);
    this.#finish(reason);
  }

  get #told(): Pick<HttpAnswer, "excerpt"> {
    return this.#excerpt === "" ? {} : { excerpt: this.#excerpt };
  }

  #read(response: IncomingMessage): void {
    const { statusCode = 0, statusMessage = "", headersDistinct } = response;
    this.#answer = {
      status: statusCode,
      statusText: statusMessage.slice(0, 100),
      retryAfter: headersDistinct["retry-after"],
      rateLimits: headersDistinct["x-sentry-rate-limits"],
      location: headersDistinct["location"],
    };
    response
      .on("error", () => undefined)
      .on("data", (chunk: Buffer) => {
        const wanted = Math.max(this.#excerptBytes - this.#bodyBytes, 0);
        if (wanted > 0) this.#excerpt += chunk.toString("latin1", 0, wanted).replace(/[^\x20-\x7e]+/g, " ");
        this.#bodyBytes += chunk.length;
        if (this.#bodyBytes > LONGEST_BODY_BYTES) this.abort(new Error("the answer is too long"));
      });
  }
}
