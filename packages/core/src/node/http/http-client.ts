import { type Agent, ClientRequest, type IncomingMessage, maxHeaderSize } from "node:http";
import type { Socket } from "node:net";
import type { Clock, Timer } from "../../model/clock.js";
import { type HttpAnswer, printable } from "../../transport/http-answer.js";
import { type AgentOptions, createAgent } from "./agent.js";
import { ReleasedError, releaseProcess } from "./release-process.js";

/** One request, ready to leave. */
export interface HttpRequest {
  /** Path, or the whole address when a proxy forwards it. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Options of {@link HttpClient}. */
export interface HttpClientOptions extends AgentOptions {
  /** From the call of `post` to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** How much of an answer's body is kept, in bytes. A longer one is read up to 64 KiB, then cut off. */
  readonly bodyBytes: number;
}

const MOST_UNREAD_BYTES = 65_536;
/** The application's own limit counts where it is higher: it may know its proxy. */
const LONGEST_HEAD_BYTES = 16_384;
/** How soon a program that has nothing left to do may end although a request is stuck. */
const RELEASE_EVERY_MS = 100;

/**
 * Posts to one server over connections that are kept, with Node's own HTTP client. (`fetch` parses answers in
 * WebAssembly, which V8 compiles anew in each process: 150 ms of processor time for ten reports.)
 *
 * A request that fails on a connection that was used before is sent once more, at once and over a new one: the server
 * had most likely closed it, and discards by its id an event that arrives twice.
 */
export class HttpClient {
  /** Sockets that are not closed. */
  readonly sockets: ReadonlySet<Socket>;
  readonly #options: HttpClientOptions;
  readonly #agent: Agent;
  readonly #underWay = new Set<Exchange>();
  #closed: Error | undefined;
  #watch: Timer | undefined;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    const { agent, sockets } = createAgent(options);
    this.#agent = agent;
    this.sockets = sockets;
  }

  /**
   * Posts a body and reads the answer to its end.
   *
   * @throws when there is no answer within the deadline
   */
  async post(request: HttpRequest): Promise<HttpAnswer> {
    if (this.#closed !== undefined) throw this.#closed;
    const exchange = new Exchange(this.#agent, request, this.#options);
    this.#underWay.add(exchange);
    this.#watch ??= this.#watchSoon();
    try {
      return await exchange.answer;
    } finally {
      this.#underWay.delete(exchange);
      if (!this.#isBusy) {
        this.#watch?.cancel();
        this.#watch = undefined;
      }
    }
  }

  /** Closes every connection, for good; requests under way fail. */
  destroy(): void {
    this.#closed ??= new Error("the transport was closed");
    for (const exchange of this.#underWay) exchange.abort(this.#closed);
    for (const socket of this.sockets) socket.destroy();
  }

  #watchSoon(): Timer {
    return this.#options.clock.schedule(() => {
      releaseProcess(this.sockets);
      this.#watch = this.#isBusy ? this.#watchSoon() : undefined;
    }, RELEASE_EVERY_MS);
  }

  /** A request is under way, or a connection is being opened. */
  get #isBusy(): boolean {
    return this.#underWay.size > 0 || [...this.sockets].some((socket) => socket.connecting);
  }
}

/** One request and its answer. */
class Exchange {
  /** @throws when there is no answer within the deadline */
  readonly answer: Promise<HttpAnswer>;
  readonly #agent: Agent;
  readonly #request: HttpRequest;
  readonly #options: HttpClientOptions;
  #sent: ClientRequest | undefined;
  #settle: (error: Error) => void = () => undefined;
  #isRepeated = false;
  #answer: Omit<HttpAnswer, "body"> | undefined;
  readonly #body: Buffer[] = [];
  #bodyBytes = 0;

  constructor(agent: Agent, request: HttpRequest, options: HttpClientOptions) {
    const { clock, timeoutMs, bodyBytes } = options;
    this.#agent = agent;
    this.#request = request;
    this.#options = options;
    const timer = clock.schedule(() => this.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    this.answer = new Promise((resolve, reject) => {
      this.#settle = (error) => {
        timer.cancel();
        // Once the status is known the answer is known, even when the rest of it stays out.
        if (this.#answer === undefined) reject(error);
        else resolve({ ...this.#answer, body: Buffer.concat(this.#body).toString("utf8", 0, bodyBytes) });
      };
    });
    this.#send();
  }

  /** Ends it, with the part of the answer that has arrived by then. */
  abort(reason: Error): void {
    const sent = this.#sent;
    this.#sent = undefined;
    sent?.destroy(reason);
    this.#settle(reason);
  }

  #send(): void {
    const { path, headers, body } = this.#request;
    try {
      // Not by `request`, which tracers replace: a report is no work of the application. `protocol` and `agent` keep
      // the global agent out of it, which the application may have replaced.
      const sent = new ClientRequest({
        agent: this.#agent,
        protocol: "http:",
        method: "POST",
        path,
        headers: { host: this.#options.target.host, ...headers },
        // Otherwise Node would warn on stderr where the process runs with --insecure-http-parser.
        insecureHTTPParser: false,
        maxHeaderSize: Math.max(maxHeaderSize, LONGEST_HEAD_BYTES),
      });
      const ended = (error: Error): void => {
        if (sent !== this.#sent) return;
        this.#sent = undefined;
        if (this.#answer === undefined && this.#mayRepeat(sent, error)) this.#repeat();
        else this.#settle(error);
      };
      this.#sent = sent;
      sent
        .on("response", (response) => this.#read(response, sent))
        .on("error", ended)
        // By then the connection is free again.
        .on("close", () => ended(new Error("the connection was closed without an answer")))
        .end(Buffer.from(body.buffer, body.byteOffset, body.length));
    } catch (error) {
      this.#settle(error as Error);
    }
  }

  #mayRepeat({ reusedSocket }: ClientRequest, error?: Error): boolean {
    return reusedSocket && !this.#isRepeated && !(error instanceof ReleasedError);
  }

  #repeat(): void {
    this.#isRepeated = true;
    // The others are of the same age.
    for (const socket of Object.values(this.#agent.freeSockets).flat()) socket?.destroy();
    this.#send();
  }

  #read(response: IncomingMessage, sent: ClientRequest): void {
    const { statusCode = 0, statusMessage = "", headersDistinct } = response;
    response.on("error", () => undefined);
    // The server's word on the time before this request.
    if (statusCode === 408 && this.#mayRepeat(sent)) {
      this.#sent = undefined;
      this.#repeat();
      sent.destroy();
      return;
    }
    this.#answer = {
      status: statusCode,
      statusText: printable(statusMessage.slice(0, 100)),
      retryAfter: headersDistinct["retry-after"],
      rateLimits: headersDistinct["x-sentry-rate-limits"],
      date: headersDistinct["date"],
      location: headersDistinct["location"],
    };
    const mostBytes = Math.max(this.#options.bodyBytes, MOST_UNREAD_BYTES);
    response
      .on("data", (chunk: Buffer) => {
        if (this.#bodyBytes < this.#options.bodyBytes) this.#body.push(chunk);
        this.#bodyBytes += chunk.length;
        if (this.#bodyBytes > mostBytes) this.abort(new Error("the answer is too long"));
      })
      .on("end", () => {
        // A server that refuses before everything is sent need not read the rest.
        if (statusCode >= 400 && this.#sent?.writableFinished === false) this.abort(new Error("refused"));
      });
  }
}
