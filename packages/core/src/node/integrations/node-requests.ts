import type { ClientRequest, IncomingMessage } from "node:http";
import { listenOn } from "./channel.js";
import {
  INGEST_HEADER,
  OutgoingRequests,
  type RequestFacts,
  type RequestListener,
  sizeOf,
} from "./outgoing-request.js";

interface Message {
  readonly request: ClientRequest;
}

/** Watches the requests that `node:http` and `node:https` send. @returns stops watching */
export function watchNodeRequests(listening: () => RequestListener | undefined): () => void {
  const requests = new OutgoingRequests();
  return listenOn({
    "http.client.request.created": ({ request }: Message) => carryTrace(request, listening()),
    "http.client.request.start": ({ request }: Message) => {
      if (listening() !== undefined && !request.hasHeader(INGEST_HEADER))
        requests.begin(request, sizeOf(request.getHeader("content-length")));
    },
    "http.client.response.finish": ({ request, response }: Message & { response: IncomingMessage }) =>
      requests.end(request, () => factsOf(request), {
        status: response.statusCode ?? 0,
        size: sizeOf(response.headers["content-length"]),
      }),
    "http.client.request.error": ({ request, error }: Message & { error: unknown }) =>
      requests.end(request, () => factsOf(request), { error }),
  });
}

function carryTrace(request: ClientRequest, listener: RequestListener | undefined): void {
  // Headers that were given as a list are written already.
  if (listener === undefined || request.headersSent || request.hasHeader(INGEST_HEADER)) return;
  if (request.hasHeader("sentry-trace")) return;
  const { baggage, ...headers } = listener.headersFor(urlOf(request)) ?? {};
  for (const [name, value] of Object.entries(headers)) request.setHeader(name, value);
  if (baggage === undefined) return;
  const given = request.getHeader("baggage");
  request.setHeader("baggage", given === undefined ? baggage : `${String(given)},${baggage}`);
}

function factsOf(request: ClientRequest): RequestFacts {
  return { method: request.method, url: urlOf(request) };
}

/** A request through a proxy names the whole URL itself. */
function urlOf(request: ClientRequest): string {
  const { path, protocol, host } = request;
  if (/^https?:\/\//i.test(path)) return path;
  return `${protocol}//${String(request.getHeader("host") ?? host)}${path}`;
}
