import { promisify } from "node:util";
import { gzip, gzipSync } from "node:zlib";
import type { Clock } from "../../model/clock.js";
import type { Diagnostics } from "../../model/diagnostics.js";
import { thrownText } from "../../model/messages.js";
import type { EncodedRequest, HttpCodec, HttpPost } from "../../transport/destination.js";
import type { Envelope } from "../../transport/envelope.js";
import { type HttpAnswer, resultOfAnswer } from "../../transport/http-answer.js";
import type { SendResult, Transport } from "../../transport/transport.js";
import { runDetached } from "../detached.js";
import { postSync, prepareSyncHttp, type SyncRequest } from "../exit/sync-http.js";
import { type CertificateAuthorities, trustOf } from "./agent.js";
import { HttpClient } from "./http-client.js";
import { networkErrorText } from "./network-error.js";
import { PROXY_FORM, type ProxyAddress, ProxyError, proxyFor, UNUSABLE } from "./proxy.js";
import { ReleasedError } from "./release-process.js";

/** Options of {@link createHttpTransport}. */
export interface HttpTransportSetup extends HttpCodec {
  /** Default `http`. */
  readonly name?: string;
  /** Bodies of more bytes are compressed. Default 32 768; `Infinity`: never. */
  readonly compressAboveBytes?: number;
  /** One deadline for each request: name, connection, TLS, sending and the whole answer. */
  readonly requestTimeoutMs: number;
  /** Address of a proxy; `false` for none. Default: the environment's, by curl's conventions. */
  readonly proxy?: string | false;
  /** PEM certificates to trust besides Node's own. */
  readonly ca?: CertificateAuthorities;
  /** Posts in place of Node's client. Nothing can be sent synchronously then. */
  readonly post?: HttpPost;
  readonly clock: Clock;
  readonly diagnostics: Diagnostics;
  /** Where the proxy variables are read. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Receives every answer, or the reason why there was none. Must not throw. */
  readonly onOutcome?: (outcome: HttpAnswer | Error) => void;
}

const MOST_CONNECTIONS = 8;
const COMPRESS_ABOVE_BYTES = 32_768;
/** Up to it, the thread pool would cost several times the compression itself: 50 µs for 6 kB. */
const COMPRESS_IN_THREAD_ABOVE_BYTES = 32_768;
/** Level 1 with a small window: half the memory and time of zlib's defaults, for a few percent more bytes. */
const GZIP = { level: 1, windowBits: 14, memLevel: 7 };
/** Enough for a verdict per item of a bulk request. */
const BODY_BYTES_PER_ENVELOPE = 4096;
const MOST_BODY_BYTES = 1024 * 1024;
/** A process that is let go has ended by then. */
const END_WITHIN_MS = 2000;
const UNWRITABLE: SendResult = {
  kind: "refused",
  reason: "internal_sdk_error",
  detail: "it cannot be written",
};

const compress = promisify(gzip);

/** A request whose body is final. */
interface Ready {
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/**
 * Makes a transport of a codec: one POST per batch, over kept-alive connections.
 *
 * @throws {ProxyError} when the option `proxy` is no usable address
 */
export function createHttpTransport(options: HttpTransportSetup): Transport {
  const { clock, diagnostics, ca, requestTimeoutMs, compressAboveBytes = COMPRESS_ABOVE_BYTES } = options;
  const { maxBatch = 1 } = options;
  const bodyBytes = Math.min(BODY_BYTES_PER_ENVELOPE * maxBatch, MOST_BODY_BYTES);
  const clients = new Map<string, HttpClient>();
  const proxies = new Map<string, ProxyAddress | undefined>();
  let isClosed = false;
  if (options.post === undefined) proxyOf(new URL(options.url));

  function proxyOf(url: URL): ProxyAddress | undefined {
    if (!proxies.has(url.origin)) proxies.set(url.origin, chosenProxy(url, options));
    return proxies.get(url.origin);
  }

  function clientFor(target: URL): HttpClient {
    let client = clients.get(target.origin);
    if (client === undefined) {
      const proxy = proxyOf(target);
      const timeoutMs = requestTimeoutMs;
      client = new HttpClient({
        target,
        proxy,
        ca,
        timeoutMs,
        clock,
        bodyBytes,
        connections: MOST_CONNECTIONS,
      });
      clients.set(target.origin, client);
    }
    return client;
  }

  const post: HttpPost =
    options.post ??
    (({ url, headers, body }) => {
      const target = new URL(url);
      const proxy = proxyOf(target);
      const isForwarded = proxy !== undefined && target.protocol === "http:";
      return clientFor(target).post({
        path: isForwarded ? url : `${target.pathname}${target.search}`,
        headers:
          isForwarded && proxy.authorization !== undefined
            ? { ...headers, "proxy-authorization": proxy.authorization }
            : headers,
        body,
      });
    });

  function encode(batch: readonly Envelope[]): Ready | undefined {
    try {
      return readyOf(options, options.encode(batch));
    } catch (error) {
      diagnostics.warn("internal-error", "writing an envelope", thrownText(error));
      return undefined;
    }
  }

  function read(answer: HttpAnswer, batch: readonly Envelope[]): readonly SendResult[] {
    return options.read?.(answer, batch) ?? batch.map(() => resultOfAnswer(answer, clock.now()));
  }

  async function send(batch: readonly Envelope[]): Promise<readonly SendResult[]> {
    const plain = encode(batch);
    if (plain === undefined) return batch.map(() => UNWRITABLE);
    const { url } = plain;
    try {
      const size = plain.body.length;
      const isLarge = size > compressAboveBytes && size > COMPRESS_IN_THREAD_ABOVE_BYTES;
      const { headers, body } = isLarge
        ? compressed(plain, await compress(plain.body, GZIP))
        : compact(plain, compressAboveBytes);
      if (isClosed) throw new Error("the transport was closed");
      const answer = await post({ url: url.href, headers, body, timeoutMs: requestTimeoutMs });
      options.onOutcome?.(answer);
      return read(answer, batch);
    } catch (error) {
      options.onOutcome?.(error as Error);
      // The end of the process sends it again. Only a process that goes on after all reports the failure.
      if (error instanceof ReleasedError)
        await new Promise<void>((resolve) => clock.schedule(resolve, END_WITHIN_MS));
      const detail = explain(error, url, options.post === undefined ? proxyOf(url) : undefined);
      return batch.map(() => ({ kind: "retry", reason: "network_error", detail }));
    }
  }

  function sendSync(batch: readonly Envelope[], deadlineMs: number): readonly SendResult[] {
    const chunks = chunked(batch, maxBatch);
    const encoded = chunks.map(encode);
    const requests = encoded.flatMap((plain): SyncRequest[] => {
      if (plain === undefined) return [];
      const { url, headers, body } = compact(plain, compressAboveBytes);
      return [{ url: url.href, proxy: proxyOf(url), headers, body }];
    });
    // A single envelope has its verdict in the status, for which a slow body is not worth waiting.
    const wantedBytes = maxBatch > 1 ? bodyBytes : 0;
    const answers = [...postSync(requests, { trust: trustOf(ca), bodyBytes: wantedBytes, deadlineMs })];
    return chunks.flatMap((chunk, index) => {
      if (encoded[index] === undefined) return chunk.map(() => UNWRITABLE);
      const answer = answers.shift();
      return answer === undefined ? chunk.map(() => NO_ANSWER) : read(answer, chunk);
    });
  }

  return {
    name: options.name ?? "http",
    kinds: options.kinds,
    maxBatch,
    maxBatchBytes: options.maxBatchBytes,
    maxInFlight: MOST_CONNECTIONS,
    ...(options.post === undefined && { prepareSync: prepareSyncHttp, sendSync }),
    // Else the async context of the request that opens a connection would live on in it.
    send: (batch) => runDetached(() => send(batch)),
    async close() {
      isClosed = true;
      for (const client of clients.values()) client.destroy();
    },
  };
}

const NO_ANSWER: SendResult = {
  kind: "retry",
  reason: "network_error",
  detail: "no answer before the end of the process",
};

function readyOf({ url, headers }: HttpTransportSetup, encoded: EncodedRequest): Ready {
  const { body } = encoded;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const own = { "content-type": encoded.contentType, "content-length": String(bytes.length) };
  return {
    url: new URL(encoded.url ?? url),
    headers: { ...headers, ...encoded.headers, ...own },
    body: bytes,
  };
}

function compact(request: Ready, compressAboveBytes: number): Ready {
  const { body } = request;
  return body.length > compressAboveBytes ? compressed(request, gzipSync(body, GZIP)) : request;
}

function compressed(request: Ready, body: Uint8Array): Ready {
  const headers = { ...request.headers, "content-encoding": "gzip", "content-length": String(body.length) };
  return { ...request, headers, body };
}

function chunked<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** A bad option throws; a bad variable of the environment must not stop a deploy. */
function chosenProxy(url: URL, { proxy, env, diagnostics }: HttpTransportSetup): ProxyAddress | undefined {
  if (proxy !== undefined) return proxyFor(url, proxy, {});
  try {
    return proxyFor(url, undefined, env ?? process.env);
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    diagnostics.warn("proxy-in-environment", error.variable, PROXY_FORM, UNUSABLE);
    return undefined;
  }
}

function explain(error: unknown, url: URL, proxy: ProxyAddress | undefined): string {
  const way = proxy === undefined ? "" : ` through the proxy ${proxy.host}:${proxy.port}`;
  return `no answer from ${url.host}${way}: ${networkErrorText(error)}`;
}
