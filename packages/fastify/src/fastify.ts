import type { CaptureTarget } from "@corvid/core";
import type { RequestKind, RequestLike } from "@corvid/core/bridge";

/** The fields of a Fastify 4 or 5 request that are read. */
export interface FastifyRequest {
  /** Node's request. */
  readonly raw: object;
  readonly method: string;
  readonly body?: unknown;
  readonly ip?: string;
  readonly protocol?: string;
  readonly routeOptions?: { readonly url?: string | undefined } | undefined;
}

/** The fields of a Fastify 4 or 5 reply that are used. */
export interface FastifyReply {
  /** Node's response. */
  readonly raw: object;
  readonly request: FastifyRequest;
}

/** Where a plugin adds its hooks. */
export interface FastifyLike {
  /** As Fastify's, for the hooks `onRequest`, `onError` and `onSend`. */
  addHook(name: string, hook: (...parts: never[]) => void): unknown;
  /** As Fastify's. */
  decorateReply(name: string, value: null): unknown;
}

/** A reply with the id of the event that its error became. */
export interface Reporting {
  corvidEventId?: string | null;
}

/**
 * The client that reports for a request: one, or a function that finds it by the request. `undefined`, and throwing,
 * leave the request to the current client.
 */
export type ClientChoice =
  | CaptureTarget
  | {
      /** Returns the client of this request. */
      find(request: FastifyRequest): CaptureTarget | undefined;
    }["find"];

/** Fastify, as the bridge sees it. */
export const FASTIFY: Omit<RequestKind<FastifyReply>, "name"> = {
  request: ({ request }) => request.raw,
  response: ({ raw }) => raw,
  describe: ({ request }) => describeRequest(request),
  transaction({ request }) {
    const pattern = request.routeOptions?.url;
    return pattern === undefined ? undefined : `${request.method} ${pattern}`;
  },
  advice:
    "A handler, hook or error handler answered without passing an error to Fastify. Throw the error, or call captureException().",
};

/** Node's request, with the body that Fastify has parsed. */
function describeRequest({ raw, body, ip, protocol }: FastifyRequest): RequestLike {
  return Object.create(raw, {
    body: { value: body, enumerable: true },
    ip: { value: ip, enumerable: true },
    protocol: { value: protocol, enumerable: true },
  }) as RequestLike;
}
