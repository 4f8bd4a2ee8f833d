import type { IncomingMessage, ServerResponse } from "node:http";
import type { OpenRequest } from "./traffic.js";

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Its line in the record; `undefined` for the page and its API, which are not recorded. */
  readonly entry?: OpenRequest;
}

/** Header lines; a list makes several of one name. */
export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** Answers, once. An object goes out as JSON. */
export function send(
  exchange: Exchange,
  status: number,
  body: object | string | Buffer,
  headers: Headers = {},
): void {
  const { response, entry } = exchange;
  if (response.headersSent || response.destroyed) return;
  const bytes =
    typeof body === "string" || Buffer.isBuffer(body) ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
  if (entry !== undefined) entry.status = status;
  const lines = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value].flat()] as const);
  response.writeHead(status, {
    "content-type": "application/json",
    ...Object.fromEntries(lines),
    "content-length": bytes.length,
  });
  response.end(bytes);
}
