import { promisify } from "node:util";
import { gzip, gzipSync } from "node:zlib";
import { type HttpAnswer, resultOfAnswer } from "../../delivery/http-answer.js";
import type { Clock } from "../../model/clock.js";
import type { Diagnostics } from "../../model/diagnostics.js";
import { authHeader, type Dsn, envelopeUrl } from "../../model/dsn.js";
import { thrownText } from "../../model/messages.js";
import { type Envelope, encodeEnvelope, type SdkInfo } from "../../transport/envelope.js";
import type { SendResult, Transport } from "../../transport/transport.js";
import { runDetached } from "../detached.js";
import { postSync, preparePost, type SyncRequest } from "../exit/sync-http.js";
import type { CertificateAuthorities } from "./connector.js";
import { createConnector, trustOf } from "./connector.js";
import { ReleasedError } from "./lone-holder.js";
import { networkErrorText } from "./network-error.js";
import { createHttpPool, type HttpPool } from "./pool.js";
import { PROXY_FORM, type ProxyAddress, ProxyError, proxyFor, UNUSABLE } from "./proxy.js";

/** What the HTTP transport needs. */
export interface HttpTransportSetup {
  /** Default `http`. */
  readonly name?: string;
  readonly dsn: Dsn;
  readonly sdk: SdkInfo;
  /** One deadline for each request: name, connection, TLS, sending and the whole answer. */
  readonly requestTimeoutMs: number;
  /** Address of a proxy; `false` for none. Default: what the environment says, by curl's conventions. */
  readonly proxy?: string | false;
  /** PEM certificates to trust besides Node's own. */
  readonly ca?: CertificateAuthorities;
  readonly clock: Clock;
  readonly diagnostics: Diagnostics;
  /** Value of the `User-Agent` header. */
  readonly userAgent: string;
  /** Where the proxy variables are read. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Keeps the beginning of answers for the diagnostics. Default false. */
  readonly debug?: boolean;
  /** Sees every answer that comes, or why there was none. Must not throw. */
  readonly onOutcome?: (outcome: HttpAnswer | Error) => void;
}

/** Tells servers apart that have a DSN of their own, in statistics as in a spool: without the key. */
export function nameOfServer({ host, port, path, projectId }: Dsn): string {
  return `http:${host}${port === undefined ? "" : `:${port}`}${path}/${projectId}`;
}

const MOST_CONNECTIONS = 8;
/** Below it, compressing costs more than it saves. */
const COMPRESS_ABOVE_BYTES = 1024;
/** Up to it, another thread would cost several times what compressing takes: 50 µs for 6 kB. */
const COMPRESS_APART_ABOVE_BYTES = 32 * 1024;
const EXCERPT_BYTES = 2048;
/** A process that is let go has ended by then. */
const END_WITHIN_MS = 2000;
const GZIP = { level: 1 };
const UNWRITABLE: SendResult = {
  kind: "refused",
  reason: "internal_sdk_error",
  detail: "it cannot be written",
};

const compress = promisify(gzip);

/**
 * Makes the transport for the Sentry protocol: one POST per envelope, over kept-alive connections.
 *
 * @throws {ProxyError} when the option `proxy` is no usable address
 * @see https://develop.sentry.dev/sdk/foundations/transport/
 */
export function createHttpTransport(options: HttpTransportSetup): Transport {
  const { dsn, sdk, clock, diagnostics } = options;
  const url = new URL(envelopeUrl(dsn));
  const proxy = chosenProxy(url, options);
  const headers = headersFor(options);
  const path = proxy !== undefined && url.protocol === "http:" ? url.href : `${url.pathname}${url.search}`;
  if (proxy?.authorization !== undefined && path === url.href)
    headers["proxy-authorization"] = proxy.authorization;
  let pool: HttpPool | undefined;
  let isClosed = false;

  function createPool(): HttpPool {
    return createHttpPool({
      host: url.host,
      connector: createConnector({
        target: url,
        proxy,
        ca: options.ca,
        timeoutMs: options.requestTimeoutMs,
        clock,
      }),
      connections: MOST_CONNECTIONS,
      timeoutMs: options.requestTimeoutMs,
      clock,
      excerptBytes: options.debug === true ? EXCERPT_BYTES : 0,
    });
  }

  async function sendOne(envelope: Envelope): Promise<SendResult> {
    const body = await encode(envelope);
    if (body === undefined) return UNWRITABLE;
    try {
      if (isClosed) throw new Error("the transport was closed");
      pool ??= createPool();
      const answer = await pool.post({ path, headers: { ...headers, ...body.headers }, body: body.bytes });
      options.onOutcome?.(answer);
      return resultOfAnswer(answer, clock.now());
    } catch (error) {
      options.onOutcome?.(error as Error);
      // The end of the process sends it again. Only if there is no end after all was this a failure to speak of.
      if (error instanceof ReleasedError) await wait(END_WITHIN_MS, clock);
      return { kind: "retry", reason: "network_error", detail: explain(error, url, proxy) };
    }
  }

  async function encode(envelope: Envelope): Promise<Body | undefined> {
    try {
      const plain = encodeEnvelope(envelope, sdk, clock.now());
      return plain.length > COMPRESS_APART_ABOVE_BYTES
        ? bodyOf(await compress(plain, GZIP), true)
        : bodyNow(plain);
    } catch (error) {
      return unwritable(error);
    }
  }

  function encodeNow(envelope: Envelope): Body | undefined {
    try {
      return bodyNow(encodeEnvelope(envelope, sdk, clock.now()));
    } catch (error) {
      return unwritable(error);
    }
  }

  function unwritable(error: unknown): undefined {
    diagnostics.warn("internal-error", "writing an envelope", thrownText(error));
  }

  function resultAtTheEnd(status: number | undefined): SendResult {
    return status === undefined
      ? { kind: "retry", reason: "network_error", detail: "no answer before the end of the process" }
      : resultOfAnswer({ status, statusText: "" }, clock.now());
  }

  return {
    name: options.name ?? "http",
    maxBatch: 1,
    maxInFlight: MOST_CONNECTIONS,
    prepareSync: preparePost,
    sendSync(batch, deadlineMs) {
      const bodies = batch.map(encodeNow);
      const letters = bodies.flatMap((body): SyncRequest[] =>
        body === undefined ? [] : [{ headers: { ...headers, ...body.headers }, body: body.bytes }],
      );
      const address = { url: url.href, proxy, trust: trustOf(options.ca) };
      const statuses = [...postSync(address, letters, deadlineMs)];
      return bodies.map((body) => (body === undefined ? UNWRITABLE : resultAtTheEnd(statuses.shift())));
    },
    // Else the async context of the request that opens a connection would live on in it.
    send: (batch) => runDetached(() => Promise.all(batch.map(sendOne))),
    async close() {
      isClosed = true;
      pool?.destroy();
    },
  };
}

interface Body {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

function wait(delayMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.schedule(resolve, delayMs));
}

function bodyNow(plain: Uint8Array): Body {
  return plain.length > COMPRESS_ABOVE_BYTES ? bodyOf(gzipSync(plain, GZIP), true) : bodyOf(plain, false);
}

function bodyOf(bytes: Uint8Array, isCompressed: boolean): Body {
  const encoding = isCompressed ? { "content-encoding": "gzip" } : undefined;
  return { bytes, headers: { ...encoding, "content-length": String(bytes.length) } };
}

function headersFor({ dsn, sdk, userAgent }: HttpTransportSetup): Record<string, string> {
  return {
    "content-type": "application/x-sentry-envelope",
    "user-agent": userAgent.replace(/[^\x20-\x7e]/g, "?"),
    "x-sentry-auth": authHeader(dsn, `${sdk.name}/${sdk.version}`),
  };
}

/** A bad option is the caller's to mend; a bad variable of the environment must not stop a deploy. */
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
