import { X509Certificate } from "node:crypto";
import { proxyUrl } from "../../client/options.js";
import { parseDsn } from "../../model/dsn.js";
import { type Check, demand, either, expecting, shape } from "../../model/option-checks.js";
import type { HttpDestination } from "../../transport/destination.js";

/** Options of {@link httpTransport}. */
export interface HttpTransportOptions {
  /** The server and its project. Default: the client's DSN; where it has none either, this destination is left out. */
  readonly dsn?: string;
  /** Certificates of authorities to trust besides those of Node, as PEM; each text may hold several. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Proxy for this server; `false`: none. Default: the client's option `proxy`. */
  readonly proxy?: string | false;
}

/**
 * Sends events to a server in the Sentry protocol: what a client does without the option `transport`, for use beside
 * other transports, for a second server, or with certificates of your own. Deadlines are the client's.
 *
 * @throws {OptionsError} for an option that cannot be used
 * @throws {DsnError} for a `dsn` that cannot be used
 */
export function httpTransport(options: HttpTransportOptions = {}): HttpDestination {
  demand("httpTransport", options, optionsCheck);
  const { dsn, ca, proxy } = options;
  return {
    kind: "http",
    ...(dsn === undefined ? {} : { dsn: parseDsn(dsn) }),
    ...(ca === undefined ? {} : { ca: listed(ca).map(textOf) }),
    ...(proxy === undefined ? {} : { proxy }),
  };
}

function listed<T>(given: T | readonly T[]): readonly T[] {
  return Array.isArray(given) ? given : [given as T];
}

function textOf(pem: unknown): string {
  return typeof pem === "string" ? pem : Buffer.from(pem as Uint8Array).toString("latin1");
}

const PEM_BLOCK = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]*-----END \1-----/g;

/** TLS passes over what it cannot read, and every event would then wait for a server that nobody vouches for. */
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

const optionsCheck: Check = shape({
  dsn: expecting("the DSN, a text", (value) => typeof value === "string"),
  ca: certificates,
  proxy: either(
    proxyUrl,
    expecting("false", (value) => value === false),
  ),
});
