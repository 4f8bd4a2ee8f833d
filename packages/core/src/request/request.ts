import type { RequestPolicy, RequestSource } from "../context/scope.js";
import type { Json, RequestInfo } from "../model/event.js";
import { isObject, read, readText } from "../model/safe-read.js";
import { cleanText, normalise } from "../process/normalise.js";
import { byteLength, cutBytes } from "../process/text.js";
import { requestCookies, requestHeaders } from "./headers.js";

/**
 * What is read of a request: the names that node:http, Express and Koa share. All are optional, and what is none of
 * the kinds said here is left out.
 */
export interface RequestLike {
  /** `GET` */
  readonly method?: unknown;
  /** The target as the client sent it, kept by frameworks that change `url` while they route. */
  readonly originalUrl?: unknown;
  readonly url?: unknown;
  /** Texts or lists of texts by lower-case name. */
  readonly headers?: unknown;
  /** `http` or `https`, as the framework computes it under its own rule for proxies. */
  readonly protocol?: unknown;
  /** Host without port, likewise. */
  readonly hostname?: unknown;
  /** The client's address, likewise. */
  readonly ip?: unknown;
  /** Holds `remoteAddress`, and `encrypted` with TLS. */
  readonly socket?: unknown;
  /** What a body parser has made of the body; the stream itself is never touched. */
  readonly body?: unknown;
}

/** What a framework knows beyond the request itself. */
export interface RequestDetails {
  /** The route's pattern with the method: `GET /orders/:id`. Asked when an event needs it. */
  readonly transaction?: () => string | undefined;
}

/**
 * Describes an HTTP request for events. Nothing is read before an event needs it, and then whatever is there: a
 * request that is over, destroyed or hostile costs at most its own description.
 *
 * Whose address the client's is, is never taken from a header: it is `ip`, which the framework computes under its own
 * setting for trusted proxies, else the socket's.
 */
export function requestSource(request: RequestLike, details: RequestDetails = {}): RequestSource {
  return (policy) => {
    const transaction = nameOf(details);
    return {
      request: describeRequest(request, policy),
      ...(transaction === undefined ? {} : { transaction }),
    };
  };
}

/**
 * Reads the parts of a request that may leave.
 *
 * @returns `url` without credentials, query and fragment, absolute when the host is known; headers as one text each
 * @see https://develop.sentry.dev/sdk/foundations/transport/event-payloads/request/
 */
export function describeRequest(request: RequestLike, policy: RequestPolicy): RequestInfo {
  const target = targetOf(request);
  const headers = read(request, "headers");
  const cookies = policy.sendDefaultPii ? requestCookies(headers) : undefined;
  const data = policy.requestBody ? bodyOf(request, policy.maxRequestBodyBytes) : undefined;
  const address = policy.sendDefaultPii ? addressOf(request) : undefined;
  const method = readText(request, "method");
  return {
    ...(method === undefined ? {} : { method: cleanText(method, 32) }),
    ...(target === undefined ? {} : { url: urlOf(request, target) }),
    ...(target === undefined || target.query === "" ? {} : { query_string: target.query }),
    headers: requestHeaders(headers, policy),
    ...(cookies === undefined ? {} : { cookies }),
    ...(data === undefined ? {} : { data }),
    ...(address === undefined ? {} : { env: { REMOTE_ADDR: address } }),
  };
}

/** The path of a request as the client sent it, without the query; `undefined` when there is none. */
export function requestPath(request: RequestLike): string | undefined {
  return targetOf(request)?.path;
}

/** A request's target in parts; `origin` only when it names one: `GET http://proxied.example/path`. */
interface Target {
  readonly origin?: string;
  readonly path: string;
  readonly query: string;
}

/** The longest path and the longest query that are kept. */
const LONGEST_PATH = 2048;
const LONGEST_QUERY = 8192;

function targetOf(request: RequestLike): Target | undefined {
  const target = readText(request, "originalUrl") ?? readText(request, "url");
  if (target === undefined) return undefined;
  const bounded = cleanText(target, LONGEST_PATH + LONGEST_QUERY);
  const [, origin, path = "", query = ""] = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)(?:\?([^#]*))?/i.exec(
    bounded,
  )!;
  return {
    ...(origin === undefined ? {} : { origin: origin.replace(/\/\/.*@/, "//") }),
    path: cleanText(path === "" ? "/" : path, LONGEST_PATH),
    query: cleanText(query, LONGEST_QUERY),
  };
}

function urlOf(request: RequestLike, { origin, path }: Target): string {
  if (origin !== undefined) return `${origin}${path}`;
  const host = hostOf(request);
  return host === undefined || !path.startsWith("/") ? path : `${protocolOf(request)}://${host}${path}`;
}

function protocolOf(request: RequestLike): string {
  const protocol = readText(request, "protocol");
  if (protocol === "http" || protocol === "https") return protocol;
  return read(read(request, "socket"), "encrypted") === true ? "https" : "http";
}

/** The framework's host name where it differs from the header's (behind a trusted proxy), else the header with its port. */
function hostOf(request: RequestLike): string | undefined {
  const headers = read(request, "headers");
  const header = authority(readText(headers, "host") ?? readText(headers, ":authority"));
  const hostname = authority(readText(request, "hostname"));
  if (hostname === undefined || header === hostname || header?.startsWith(`${hostname}:`)) return header;
  return hostname;
}

/** A host that is one, with or without a port: clients can send anything. */
function authority(text: string | undefined): string | undefined {
  return text !== undefined && /^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i.test(text)
    ? text
    : undefined;
}

function addressOf(request: RequestLike): string | undefined {
  const address = readText(request, "ip") ?? readText(read(request, "socket"), "remoteAddress");
  return address === undefined ? undefined : cleanText(address, 64);
}

/** The parsed body, if there is one: a copy of about `maxBytes` at most, however large it is. Bytes are left out. */
function bodyOf(request: RequestLike, maxBytes: number): Json | undefined {
  const body = read(request, "body");
  if (maxBytes <= 0 || body === undefined || body === null || typeof body === "function") return undefined;
  if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer || isStream(body)) return undefined;
  if (typeof body === "string")
    return body === "" ? undefined : cutBytes(cleanText(body, maxBytes), maxBytes);
  const copy = copyUpTo(maxBytes, body);
  const json = JSON.stringify(copy);
  if (json === "{}") return undefined;
  // It stays an object, never a piece of JSON text: secrets are found by the names they stand under.
  return byteLength(json) <= maxBytes ? copy : copyUpTo(Math.ceil(maxBytes / MOST_BYTES_PER_UNIT), body);
}

/** A control character, as JSON writes it in UTF-8. */
const MOST_BYTES_PER_UNIT = 6;

function copyUpTo(length: number, body: unknown): Json {
  return normalise(body, { depth: 6, breadth: 100, stringLength: length, totalBytes: length });
}

function isStream(body: unknown): boolean {
  return (
    isObject(body) &&
    (typeof read(body, "pipe") === "function" || typeof read(body, "getReader") === "function")
  );
}

function nameOf({ transaction }: RequestDetails): string | undefined {
  try {
    return transaction?.();
  } catch {
    return undefined;
  }
}
