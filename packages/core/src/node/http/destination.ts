import { X509Certificate } from "node:crypto";
import { compressAboveBytes, proxyUrl } from "../../client/options.js";
import { parseDsn } from "../../model/dsn.js";
import { type Check, demand, either, expecting, OptionsError, shape } from "../../model/option-checks.js";
import type { HttpCodec, HttpDestination, HttpPost } from "../../transport/destination.js";

/** Options of {@link httpTransport}. */
export interface HttpTransportOptions extends Partial<HttpCodec> {
  /** The server and its project. Default: the client's DSN; where it has none either, this destination is left out. */
  readonly dsn?: string;
  /** Name in statistics and messages. Default: `http`, with the host where this destination has a server of its own. */
  readonly name?: string;
  /** Where batches are posted, for a destination that speaks another protocol; goes with `encode`. */
  readonly url?: string;
  /** Headers of every request to `url`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Certificates of authorities to trust besides those of Node, as PEM; each text may hold several. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Proxy for this server; `false`: none. Default: the client's option `proxy`. */
  readonly proxy?: string | false;
  /** Bodies of more bytes are compressed with gzip; `Infinity`: none. Default: the client's `compressAboveBytes`. */
  readonly compressAboveBytes?: number;
  /**
   * Posts over an HTTP client of your own, in place of Node's. `ca` and `proxy` are that client's business then, and
   * nothing can be sent when the process ends: a spool keeps it, or it counts as dropped.
   */
  readonly post?: HttpPost;
}

/**
 * Sends events over HTTP: in the Sentry protocol, for use beside other transports, for a second server, or with
 * certificates of your own; or, with `url` and `encode`, in any other. Either way with connections that are kept, gzip,
 * proxy, one deadline per request (the client's `requestTimeoutMs`), retries, and delivery when the process ends.
 *
 * @throws {OptionsError} for an option that cannot be used
 * @throws {DsnError} for a `dsn` that cannot be used
 */
export function httpTransport(options: HttpTransportOptions = {}): HttpDestination {
  demand("httpTransport", options, optionsCheck);
  const { dsn, ca, name, proxy, compressAboveBytes, post, url, encode, headers, read, kinds } = options;
  const { maxBatch, maxBatchBytes } = options;
  if ((url === undefined) !== (encode === undefined)) {
    const [given, missing] = url === undefined ? ["encode", "url"] : ["url", "encode"];
    throw new OptionsError(`httpTransport.${missing}`, `a value, as there is \`${given}\``, "undefined");
  }
  return {
    kind: "http",
    name,
    dsn: dsn === undefined ? undefined : parseDsn(dsn),
    ca: ca === undefined ? undefined : listed(ca).map(textOf),
    proxy,
    compressAboveBytes,
    codec: url && encode ? { url, encode, headers, read, kinds, maxBatch, maxBatchBytes } : undefined,
    post,
  };
}

function listed<T>(given: T | readonly T[]): readonly T[] {
  return Array.isArray(given) ? given : [given as T];
}

function textOf(pem: unknown): string {
  return typeof pem === "string" ? pem : Buffer.from(pem as Uint8Array).toString("latin1");
}

const PEM_BLOCK = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]*-----END \1-----/g;

/** TLS skips text it cannot read, and every event would then wait for a server whose certificate is not trusted. */
function isReadable(pem: unknown): boolean {
  if (typeof pem !== "string" && !(pem instanceof Uint8Array)) return false;
  const text = textOf(pem);
  const blocks = text.match(PEM_BLOCK) ?? [];
  const begun = text.split("-----BEGIN ").length - 1;
  return blocks.length > 0 && blocks.length === begun && blocks.every(isCertificate);
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block) !== undefined;
  } catch {
    return false;
  }
}

const certificates: Check = expecting("certificates as PEM text, or a list of them", (value) => {
  const list = listed(value);
  return list.length > 0 && list.every(isReadable);
});

const aFunction: Check = expecting("a function", (value) => typeof value === "function");
const aString: Check = expecting("a string", (value) => typeof value === "string" && value !== "");
const aCount: Check = expecting(
  "a whole number from 1",
  (value) => Number.isInteger(value) && Number(value) >= 1,
);
const KINDS: readonly unknown[] = ["event", "client_report", "check_in"];

const optionsCheck: Check = shape({
  dsn: expecting("the DSN, a string", (value) => typeof value === "string"),
  name: aString,
  ca: certificates,
  proxy: either(
    proxyUrl,
    expecting("false", (value) => value === false),
  ),
  url: expecting(
    "an address like https://logs.example/bulk",
    (value) => typeof value === "string" && /^https?:\/\//i.test(value) && URL.canParse(value),
  ),
  headers: expecting(
    "an object of strings",
    (value) =>
      typeof value === "object" &&
      value !== null &&
      Object.values(value).every((text) => typeof text === "string"),
  ),
  encode: aFunction,
  read: aFunction,
  maxBatch: aCount,
  maxBatchBytes: aCount,
  compressAboveBytes,
  kinds: expecting(
    'a list of "event", "client_report" and "check_in"',
    (value) => Array.isArray(value) && value.every((kind) => KINDS.includes(kind)),
  ),
  post: aFunction,
});
