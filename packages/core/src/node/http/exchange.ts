import { type Agent, ClientRequest, type IncomingMessage, maxHeaderSize } from "node:http";
import type { Socket } from "node:net";
import type { HttpAnswer } from "../../delivery/http-answer.js";
import type { Clock } from "../../model/clock.js";
import type { Connection, HttpConnections } from "./connections.js";
import { ReleasedError } from "./lone-holder.js";

/** One request, ready to leave. */
export interface HttpRequest {
  /** Path, or the whole address when a proxy forwards it. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What an exchange needs. */
export interface HttpExchangeOptions {
  /** Name and port of the server, as the `Host` header gives them. */
  readonly host: string;
  /** From here to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** How much of an answer's body is kept for people, in bytes; the rest is read and thrown away. */
  readonly excerptBytes: number;
}

/** A longer answer is cut off, and the connection with it. */
const LONGEST_BODY_BYTES = 65_536;
/** The application's own limit counts where it is higher: it may know its proxy. */
const LONGEST_HEAD_BYTES = 16_384;
/** How much sooner than the server a connection is closed: what is sent meanwhile would be lost. */
const SOONER_MS = 1000;

/**
 * One request and what comes back: status, limits and an excerpt are kept, the rest passes by.
 *
 * What fails on a connection that was used before is sent over a new one, once and at once: the server had most likely
 * closed it, and discards by its id what comes twice.
 */
export class HttpExchange {
  /** @throws when there is no answer within the deadline */
  readonly answer: Promise<HttpAnswer>;
  readonly #connections: HttpConnections;
  readonly #request: HttpRequest;
  readonly #options: HttpExchangeOptions;
  #sent: ClientRequest | undefined;
  #leaveQueue: () => void = () => undefined;
  #settle: (error: Error) => void = () => undefined;
  #isRepeated = false;
  #answer: HttpAnswer | undefined;
  #bodyBytes = 0;
  #excerpt = "";

  constructor(connections: HttpConnections, request: HttpRequest, options: HttpExchangeOptions) {
    const { clock, timeoutMs } = options;
    this.#connections = connections;
    this.#request = request;
    this.#options = options;
    const timer = clock.schedule(() => this.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    this.answer = new Promise((resolve, reject) => {
      this.#settle = (error) => {
        timer.cancel();
        // Once the status is known the answer is known, even when the rest of it stays out.
        if (this.#answer === undefined) reject(error);
        else resolve({ ...this.#answer, ...(this.#excerpt === "" ? {} : { excerpt: this.#excerpt }) });
      };
    });
    this.#take();
  }

  /** Ends it, with what is known of the answer by then. */
  abort(reason: Error): void {
    this.#leaveQueue();
    const sent = this.#sent;
    this.#sent = undefined;
    sent?.destroy();
    this.#settle(reason);
  }

  #take(): void {
    this.#leaveQueue = this.#connections.take((connection) => {
      if (connection instanceof Error) this.#settle(connection);
      else this.#send(connection);
    });
  }

  #send(connection: Connection): void {
    const { path, headers, body } = this.#request;
    const agent = agentFor(connection.socket);
    try {
      // Made here and not by `request`, which tracers put themselves in front of: a report is no work of the application.
      const sent = new ClientRequest({
        agent,
        _defaultAgent: agent,
        method: "POST",
        path,
        headers: { host: this.#options.host, ...headers },
        // Otherwise Node would warn on standard error where the process is told to read insecurely.
        insecureHTTPParser: false,
        maxHeaderSize: Math.max(maxHeaderSize, LONGEST_HEAD_BYTES),
      });
      const ended = (error: Error): void => {
        if (sent !== this.#sent) return;
        this.#sent = undefined;
        if (this.#answer === undefined && this.#mayRepeat(connection, error)) this.#repeat();
        else this.#settle(error);
      };
      this.#sent = sent;
      sent
        .on("response", (response) => this.#read(response, connection))
        .on("error", ended)
        // By then the connection is free again: whoever sends at once gets it.
        .on("close", () => ended(new Error("the connection was closed without an answer")))
        .end(Buffer.from(body.buffer, body.byteOffset, body.length));
    } catch (error) {
      connection.socket.destroy();
      this.#settle(error as Error);
    }
  }

  /** Only what the other side did, or may have done, to a connection that is not fresh; and once. */
  #mayRepeat({ isFresh }: Connection, error?: Error): boolean {
    return !isFresh && !this.#isRepeated && !(error instanceof ReleasedError);
  }

  #repeat(): void {
    this.#isRepeated = true;
    // The others are of the same age.
    this.#connections.closeResting();
    this.#take();
  }

  #read(response: IncomingMessage, connection: Connection): void {
    const { statusCode = 0, statusMessage = "", headersDistinct } = response;
    response.on("error", () => undefined);
    // The server's word on the time before this request.
    if (statusCode === 408 && this.#mayRepeat(connection)) {
      this.#sent = undefined;
      this.#repeat();
      connection.socket.destroy();
      return;
    }
    connection.restMs = Math.min(connection.restMs, announcedMs(response) - SOONER_MS);
    this.#answer = {
      status: statusCode,
      statusText: printable(statusMessage.slice(0, 100)),
      retryAfter: headersDistinct["retry-after"],
      rateLimits: headersDistinct["x-sentry-rate-limits"],
      location: headersDistinct["location"],
    };
    response
      .on("data", (chunk: Buffer) => {
        const wanted = Math.max(this.#options.excerptBytes - this.#bodyBytes, 0);
        if (wanted > 0) this.#excerpt += printable(chunk.toString("latin1", 0, wanted));
        this.#bodyBytes += chunk.length;
        if (this.#bodyBytes > LONGEST_BODY_BYTES) this.abort(new Error("the answer is too long"));
      })
      .on("end", () => {
        // Who refuses before everything is sent need not read the rest.
        if (statusCode >= 400 && this.#sent?.writableFinished === false) this.abort(new Error("refused"));
      });
  }
}

/** For terminals: on one line, and without what moves their cursors. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, " ");
}

/** What `ClientRequest` wants of an agent, for a socket that stands. */
function agentFor(socket: Socket): Agent {
  const agent = {
    keepAlive: true,
    protocol: "http:",
    defaultPort: 80,
    addRequest: (request: ClientRequest) => request.onSocket(socket),
  };
  return agent as unknown as Agent;
}

/** How long the server keeps a connection open, in milliseconds: `Keep-Alive: timeout=5`. */
function announcedMs({ headers }: IncomingMessage): number {
  const seconds = /(?:^|[,\s])timeout=(\d+)/i.exec(String(headers["keep-alive"]))?.[1];
  return seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1000;
}
