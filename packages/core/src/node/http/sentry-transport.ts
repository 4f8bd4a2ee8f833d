import type { Dsn } from "../../model/dsn.js";
import type { HttpCodec } from "../../transport/destination.js";
import { type SentryCodecOptions, sentryCodec } from "../../transport/sentry-codec.js";
import type { Transport } from "../../transport/transport.js";
import { createHttpTransport, type HttpTransportSetup } from "./transport.js";

/** Options of {@link createSentryTransport}. `name`: default `http`. */
export type SentryTransportOptions = Omit<HttpTransportSetup, keyof HttpCodec> &
  Omit<SentryCodecOptions, "name">;

/** Makes the transport to a server that speaks the Sentry protocol. @throws as {@link createHttpTransport} */
export function createSentryTransport({ name = "http", ...options }: SentryTransportOptions): Transport {
  return createHttpTransport({ ...options, name, ...sentryCodec({ ...options, name }) });
}

/** Names a server that has a DSN of its own, in statistics and the spool: without the key. */
export function nameOfServer({ host, port, path, projectId }: Dsn): string {
  return `http:${host}${port === undefined ? "" : `:${port}`}${path}/${projectId}`;
}
