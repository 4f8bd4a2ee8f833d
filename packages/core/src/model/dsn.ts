import { messageText } from "./messages.js";

/** Where events go, and the key that lets them in. Made by {@link parseDsn}. */
export interface Dsn {
  readonly protocol: "http" | "https";
  /** Percent-decoded. */
  readonly publicKey: string;
  /** Percent-decoded; legacy servers only. Never printed. */
  readonly secretKey?: string;
  /** Host name without port; IPv6 in brackets. */
  readonly host: string;
  /** As written; absent when it is the protocol's own. */
  readonly port?: string;
  /** Path in front of the project id: empty, or `/a/b` without a slash at the end. */
  readonly path: string;
  readonly projectId: string;
}

/** A DSN that cannot be used. `part` names what is wrong with it; the text never repeats a secret. */
export class DsnError extends Error {
  override readonly name = "DsnError";
  readonly part: "text" | "protocol" | "public key" | "host" | "project id";
  readonly expected: string;
  readonly received: string;

  constructor(part: DsnError["part"], expected: string, received: string) {
    super(messageText("bad-dsn", part, expected, received));
    this.part = part;
    this.expected = expected;
    this.received = received;
  }
}

/**
 * Reads a DSN: `{protocol}://{public_key}[:{secret_key}]@{host}[:{port}]{path}/{project_id}`.
 *
 * A transport prefix of older clients (`requests+https://`) is dropped, slashes at the end, query and fragment are
 * ignored, and keys and project ids may be any text.
 *
 * @throws {DsnError} naming the part that is missing or broken
 * @see https://develop.sentry.dev/sdk/foundations/transport/authentication/
 */
export function parseDsn(text: string): Dsn {
  if (typeof text !== "string") throw new DsnError("text", FORM, describe(text));
  const trimmed = text.trim();
  if (trimmed === "") throw new DsnError("text", FORM, "an empty string");

  if (/^(["'`]).*\1$/s.test(trimmed))
    throw new DsnError("text", FORM, "one in quotes, which are no part of it (docker --env-file keeps them)");

  const scheme = /^(?:[a-z0-9.-]+\+)?([a-z][a-z0-9.-]*):\/\//i.exec(trimmed);
  if (scheme === null) throw new DsnError("text", FORM, `text without "://"`);
  const protocol = scheme[1]!.toLowerCase();
  if (protocol !== "http" && protocol !== "https") {
    throw new DsnError("protocol", "http or https", JSON.stringify(protocol.slice(0, 60)));
  }

  const rest = trimmed.slice(scheme[0].length);
  const authority = rest.split(/[/?#]/, 1)[0]!;
  if (!authority.includes("@") || authority.startsWith("@") || authority.startsWith(":")) {
    throw new DsnError("public key", "a key in front of the host: https://KEY@host/1", "none");
  }
  if (/@(?::\d*)?$/.test(authority)) throw new DsnError("host", "a host name behind the @", "none");

  const url = parseUrl(`${protocol}://${rest}`);
  const segments = url.pathname.replace(/\/+$/, "").split("/");
  const projectId = decode(segments.pop() ?? "");
  if (projectId === "") {
    throw new DsnError("project id", "the project's id as last part of the path: https://KEY@host/1", "none");
  }

  const secretKey = decode(url.password);
  return {
    protocol,
    publicKey: decode(url.username),
    ...(secretKey === "" ? {} : { secretKey }),
    host: url.hostname,
    ...(url.port === "" ? {} : { port: url.port }),
    path: segments.join("/"),
    projectId,
  };
}

/** The address events are posted to: `{protocol}://{host}[:{port}]{path}/api/{project_id}/envelope/`. */
export function envelopeUrl(dsn: Dsn): string {
  return `${origin(dsn)}${dsn.path}/api/${encodeURIComponent(dsn.projectId)}/envelope/`;
}

/** The value of the `X-Sentry-Auth` header. Receivers split it on `,` and `=`, so no part may hold either. */
export function authHeader(dsn: Dsn, client: string): string {
  const secret = dsn.secretKey === undefined ? "" : `, sentry_secret=${headerSafe(dsn.secretKey)}`;
  return `Sentry sentry_key=${headerSafe(dsn.publicKey)}, sentry_version=7, sentry_client=${headerSafe(client)}${secret}`;
}

/** The DSN as text for people: without its secret. */
export function dsnToString(dsn: Dsn): string {
  return `${origin(dsn).replace("://", `://${encodeURIComponent(dsn.publicKey)}@`)}${dsn.path}/${encodeURIComponent(dsn.projectId)}`;
}

const FORM = "text of the form https://KEY@host/PROJECT";

function origin({ protocol, host, port }: Dsn): string {
  return `${protocol}://${host}${port === undefined ? "" : `:${port}`}`;
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new DsnError(
      "host",
      "a host name, optionally with a port from 1 to 65535",
      "one that is no valid address",
    );
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function headerSafe(part: string): string {
  return part.replace(/[^\x21-\x7e]|[,="]/g, encodeURIComponent);
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value;
}
