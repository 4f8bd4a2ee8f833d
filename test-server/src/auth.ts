import type { IncomingHttpHeaders } from "node:http";
import { Refusal } from "./refusal.js";

/** Who a request says it is. */
export interface Credentials {
  readonly key: string;
  /** `name/version` of the client. */
  readonly client?: string;
  readonly place: "header" | "query" | "envelope";
  /** What is accepted but breaks some receivers. */
  readonly notes: readonly string[];
}

const VERSION = 7;

/**
 * Reads the credentials of a request from the one place that holds them: the `X-Sentry-Auth` header (or an
 * `Authorization` header that starts with `Sentry `), the query string, or the `dsn` of the envelope's header.
 *
 * A `dsn` may stand beside the others when it agrees with them.
 *
 * @throws {Refusal} 401 when they are missing (as the ingest gateway answers; the protocol's documents say 403),
 * doubled or unreadable; 400 when the protocol version is unknown or the `dsn` names someone else
 * @see https://develop.sentry.dev/sdk/foundations/transport/authentication/
 */
export function readCredentials(
  headers: IncomingHttpHeaders,
  query: URLSearchParams,
  project: string,
  envelopeDsn?: unknown,
): Credentials {
  const found = [
    headerFields(headers["x-sentry-auth"]),
    headerFields(headers.authorization, true),
    queryFields(query),
  ];
  const places = found.filter((fields) => fields !== undefined);
  if (places.length > 1)
    throw new Refusal(401, "credentials in more than one of: header, Authorization, query string");

  const dsn = envelopeDsn === undefined ? undefined : dsnFields(envelopeDsn, project);
  const fields = places[0] ?? dsn;
  if (fields === undefined)
    throw new Refusal(401, "no credentials: expected an X-Sentry-Auth header with sentry_key");
  const key = fields.get("sentry_key") ?? "";
  if (key === "") throw new Refusal(401, "the credentials have no sentry_key");
  if (dsn !== undefined && dsn.get("sentry_key") !== key) {
    throw new Refusal(400, 'the "dsn" of the envelope header has another key than the request');
  }
  const place = fields === dsn ? "envelope" : found[2] === fields ? "query" : "header";
  const client = fields.get("sentry_client");
  return { key, place, notes: notesOn(fields, place), ...(client === undefined ? {} : { client }) };
}

function notesOn(fields: ReadonlyMap<string, string>, place: Credentials["place"]): string[] {
  const notes: string[] = [];
  const version = fields.get("sentry_version");
  if (version !== undefined && !(Number(version) <= VERSION)) {
    throw new Refusal(400, `sentry_version ${JSON.stringify(version)} is unknown: expected ${VERSION}`);
  }
  if (!/^[0-9a-f]{32}$/.test(fields.get("sentry_key") ?? ""))
    notes.push("sentry_key is not 32 lower-case hex digits");
  if (fields.has("sentry_timestamp"))
    notes.push("sentry_timestamp is deprecated: sent_at of the envelope says it");
  if (place === "envelope") return notes;
  if (version === undefined) notes.push("sentry_version is missing");
  if (!/^[^/\s]+\/\S+$/.test(fields.get("sentry_client") ?? ""))
    notes.push("sentry_client is not name/version");
  if (place === "query" && fields.has("sentry_secret"))
    notes.push("sentry_secret in the query string ends up in logs");
  return notes;
}

function headerFields(
  header: string | string[] | undefined,
  onlySentry = false,
): ReadonlyMap<string, string> | undefined {
  const text = Array.isArray(header) ? header.join(",") : header;
  if (text === undefined || (onlySentry && !/^sentry /i.test(text))) return undefined;
  if (!text.startsWith("Sentry ")) throw new Refusal(401, 'the credentials must start with "Sentry "');
  const fields = new Map<string, string>();
  for (const part of text.slice("Sentry ".length).split(",")) {
    const [name = "", value] = part.trim().split("=");
    if (value === undefined)
      throw new Refusal(401, `the credentials hold ${JSON.stringify(name)}, expected name=value`);
    if (fields.has(name)) throw new Refusal(401, `the credentials name ${name} twice`);
    fields.set(name, decodePercent(value));
  }
  return fields;
}

function queryFields(query: URLSearchParams): ReadonlyMap<string, string> | undefined {
  const fields = new Map([...query].filter(([name]) => name.startsWith("sentry_")));
  return fields.size === 0 ? undefined : fields;
}

function dsnFields(dsn: unknown, project: string): ReadonlyMap<string, string> {
  const url = typeof dsn === "string" && URL.canParse(dsn) ? new URL(dsn) : undefined;
  if (url === undefined || url.username === "")
    throw new Refusal(400, 'the "dsn" of the envelope header is no DSN');
  const last = url.pathname.replace(/\/+$/, "").split("/").pop() ?? "";
  if (decodePercent(last) !== project) {
    throw new Refusal(400, `the "dsn" of the envelope header names project ${last}, the address ${project}`);
  }
  return new Map([["sentry_key", decodePercent(url.username)]]);
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
