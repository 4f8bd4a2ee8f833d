import { currentContext } from "../../context/current.js";
import type { Scope } from "../../context/scope.js";
import { afterStack } from "../clock.js";
import { listenOn } from "./channel.js";
import {
  INGEST_HEADER,
  OutgoingRequests,
  type RequestFacts,
  type RequestListener,
  sizeOf,
} from "./outgoing-request.js";

/** undici's own request, 5 to 8, as far as it is read here. */
interface UndiciRequest {
  readonly origin?: unknown;
  readonly path: string;
  readonly method: string;
  /** Names and values in turn; one text in undici 5. */
  readonly headers?: unknown;
  readonly contentLength?: unknown;
  readonly body?: unknown;
  addHeader(name: string, value: string): void;
}

interface Message {
  readonly request: UndiciRequest;
}

interface Response {
  readonly statusCode: number;
  /** Names and values in turn. */
  readonly headers?: unknown;
}

/** Watches the requests that `fetch` and undici send: Node's copy and the application's. @returns stops watching */
export function watchUndiciRequests(listening: () => RequestListener | undefined): () => void {
  const requests = new OutgoingRequests();
  const senders = new WeakSet<Scope>();
  let isReading = false;
  /** Until the application's own code runs again, which waits for a promise at least. */
  const markReading = (): void => {
    if (isReading) return;
    isReading = true;
    afterStack(() => {
      isReading = false;
    });
  };
  return listenOn({
    "undici:request:create": ({ request }: Message) => {
      const listener = listening();
      if (listener === undefined || hasHeader(request, INGEST_HEADER)) return;
      const { request: sender } = currentContext();
      // Redirected in the middle of an answer: the async context belongs to the opener of the connection.
      if (isReading) return;
      // Only around a request that was sent from here before can there be another one that waited.
      if ((sender === undefined || senders.has(sender)) && isSentByAnother()) return;
      if (sender !== undefined) senders.add(sender);
      requests.begin(request, bodySize(request));
      carryTrace(request, listener);
    },
    "undici:request:headers": ({ request, response }: Message & { response: Response }) => {
      markReading();
      requests.end(request, () => factsOf(request), {
        status: response.statusCode,
        size: sizeOf(headerOf(response.headers, "content-length")),
      });
    },
    "undici:request:trailers": markReading,
    "undici:request:error": ({ request, error }: Message & { error: unknown }) =>
      requests.end(request, () => factsOf(request), { error }),
  });
}

/**
 * Whether a request that had waited for a free connection is sent just now, while the answer of another one is read:
 * then the async context belongs to that other request, and only the stack shows the right one.
 */
function isSentByAnother(): boolean {
  if (!(Error.stackTraceLimit >= DRAIN_DEPTH)) return true;
  return /\b(?:emitDrain|onDrain)\b/.test(String(new Error().stack));
}

/** Frames from here to the pool that sends. */
const DRAIN_DEPTH = 10;

function carryTrace(request: UndiciRequest, listener: RequestListener): void {
  if (hasHeader(request, "sentry-trace")) return;
  const headers = listener.headersFor(urlOf(request));
  // A second `baggage` is read as a continuation of the first.
  for (const [name, value] of Object.entries(headers ?? {})) request.addHeader(name, value);
}

function factsOf(request: UndiciRequest): RequestFacts {
  return { method: request.method, url: urlOf(request) };
}

function bodySize({ contentLength, body }: UndiciRequest): number | undefined {
  return sizeOf(contentLength ?? (ArrayBuffer.isView(body) ? body.byteLength : undefined));
}

function urlOf({ origin, path }: UndiciRequest): string {
  return `${String(origin ?? "")}${path}`;
}

function hasHeader({ headers }: UndiciRequest, name: string): boolean {
  return typeof headers === "string"
    ? headers.toLowerCase().includes(`${name}:`)
    : headerOf(headers, name) !== undefined;
}

/** The first value of a header in a list of names and values, which may be bytes. */
function headerOf(headers: unknown, name: string): string | undefined {
  if (!Array.isArray(headers)) return undefined;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index].length === name.length && String(headers[index]).toLowerCase() === name)
      return String(headers[index + 1]);
  }
  return undefined;
}
