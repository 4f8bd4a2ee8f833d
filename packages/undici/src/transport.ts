import {
  type HttpAnswer,
  type HttpDestination,
  type HttpPostRequest,
  type HttpTransportOptions,
  httpTransport,
} from "@corvid/core";
import type { Dispatcher } from "undici";

/** Options of {@link undiciTransport}: those of `httpTransport`, with the dispatcher in place of `ca` and `proxy`. */
export interface UndiciTransportOptions extends Omit<HttpTransportOptions, "ca" | "proxy" | "post"> {
  /** Carries the requests. It stays yours: closing the client does not close it. */
  readonly dispatcher: Dispatcher;
}

/** The body of an answer beyond this is not read. */
const MOST_BODY_BYTES = 1024 * 1024;

/**
 * Sends events over an undici dispatcher: an `Agent` for HTTP/2 or mutual TLS, a `ProxyAgent`, a composed chain of
 * interceptors, a `MockAgent` in tests. Queue, retries, rate limits and compression are those of every destination; the
 * DSN and the deadline are the client's unless given.
 *
 * A dispatcher cannot send synchronously: what is undelivered when the process ends is left to the spool, or else
 * counted as queued. `await close()` before you end the process yourself.
 *
 * @throws {TypeError} without a dispatcher
 * @throws {OptionsError} for any other option that cannot be used
 * @throws {DsnError} for a `dsn` that cannot be used
 */
export function undiciTransport({ dispatcher, ...options }: UndiciTransportOptions): HttpDestination {
  if (typeof dispatcher?.request !== "function")
    throw new TypeError(
      `undiciTransport.dispatcher: expected a Dispatcher of undici, received ${dispatcher}`,
    );
  return httpTransport({ ...options, post: (request) => post(dispatcher, request) });
}

async function post(
  dispatcher: Dispatcher,
  { url, headers, body, timeoutMs }: HttpPostRequest,
): Promise<HttpAnswer> {
  const { origin, pathname, search } = new URL(url);
  const answer = await dispatcher.request({
    origin,
    path: `${pathname}${search}`,
    method: "POST",
    headers: { ...headers },
    body: Buffer.from(body.buffer, body.byteOffset, body.length),
    signal: AbortSignal.timeout(timeoutMs),
  });
  return {
    status: answer.statusCode,
    statusText: "",
    retryAfter: answer.headers["retry-after"],
    rateLimits: answer.headers["x-sentry-rate-limits"],
    location: answer.headers["location"],
    body: await textOf(answer.body),
  };
}

/** Once the status is known the answer is known: a body that breaks off is taken as far as it came. */
async function textOf(body: Dispatcher.ResponseData["body"]): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_BODY_BYTES) break;
    }
  } catch {
    // Cut off.
  }
  return Buffer.concat(chunks).toString("utf8", 0, MOST_BODY_BYTES);
}
