/// <reference path="./undici-pool.d.ts" />
import type { Dispatcher, Pool as UndiciPool } from "undici";
import Pool from "undici/lib/dispatcher/pool.js";
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
  destroy(): Promise<void>;
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
  /** `https://host:port` */
  readonly origin: string;
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

/** Makes the pool. The only place that knows undici, of which nothing but the pool itself is loaded. */
export function createHttpPool(options: HttpPoolOptions): HttpPool {
  const { origin, connector, connections, clock } = options;
  const pool = new Pool(origin, {
    connect: connector.connect as unknown as NonNullable<UndiciPool.Options["connect"]>,
    connections,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    // One deadline covers everything; undici's own would only round it up to whole seconds.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  let underWay = 0;
  let isWatching = false;
  const watch = (): void => {
    isWatching = underWay > 0;
    if (!isWatching) return;
    releaseProcess(connector.sockets);
    clock.schedule(watch, RELEASE_EVERY_MS);
  };

  return {
    async post(request) {
      underWay++;
      if (!isWatching) {
        isWatching = true;
        clock.schedule(watch, RELEASE_EVERY_MS);
      }
      try {
        return await exchange(pool, request, options);
      } finally {
        underWay--;
        // undici frees a connection one turn after its answer; whoever sends at once would be given another one.
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async destroy() {
      const destroyed = pool.destroy();
      // The pool does not know the sockets that are still being opened.
      for (const socket of connector.sockets) socket.destroy();
      await destroyed;
    },
  };
}

function exchange(pool: UndiciPool, request: HttpRequest, options: HttpPoolOptions): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const reader = new AnswerReader(options.excerptBytes);
    const finish = (error?: Error): void => {
      timer.cancel();
      const answer = reader.answer();
      // Once the status is known the answer is known, even when the rest of it stays out.
      if (answer !== undefined) resolve(answer);
      else reject(error ?? new Error("the connection was closed without an answer"));
    };
    const timer = options.clock.schedule(() => {
      const late = new Error(`no answer within ${options.timeoutMs} ms`);
      reader.abort(late);
      finish(late);
    }, options.timeoutMs);
    reader.onDone = finish;
    const { path, headers, body } = request;
    pool.dispatch(
      { path, method: "POST", headers, body: Buffer.from(body.buffer, body.byteOffset, body.length) },
      reader,
    );
  });
}

/** Follows one answer: keeps status, limits and an excerpt, lets the rest pass by. */
class AnswerReader implements Dispatcher.DispatchHandler {
  onDone: (error?: Error) => void = () => undefined;
  readonly #excerptBytes: number;
  #controller: Dispatcher.DispatchController | undefined;
  #aborted: Error | undefined;
  #answer: HttpAnswer | undefined;
  #bodyBytes = 0;
  #excerpt = "";

  constructor(excerptBytes: number) {
    this.#excerptBytes = excerptBytes;
  }

  answer(): HttpAnswer | undefined {
    return this.#answer === undefined || this.#excerpt === ""
      ? this.#answer
      : { ...this.#answer, excerpt: this.#excerpt };
  }

  /** Also before the request has a connection: then it ends as soon as it gets one. */
  abort(reason: Error): void {
    this.#aborted = reason;
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#aborted !== undefined) controller.abort(this.#aborted);
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    statusText = "",
  ): void {
    if (status < 200) return;
    this.#answer = {
      status,
      statusText: statusText.slice(0, 100),
      retryAfter: headers["retry-after"],
      rateLimits: headers["x-sentry-rate-limits"],
      location: headers["location"],
    };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const wanted = Math.max(this.#excerptBytes - this.#bodyBytes, 0);
    if (wanted > 0) this.#excerpt += chunk.toString("latin1", 0, wanted).replace(/[^\x20-\x7e]+/g, " ");
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes > LONGEST_BODY_BYTES) controller.abort(new Error("the answer is too long"));
  }

  onResponseEnd(): void {
    this.onDone();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.onDone(error);
  }
}
