import type { CaptureTarget } from "@corvid/core";
import type { RequestKind, RequestLike } from "@corvid/core/bridge";

/** The fields of a Hono 4 request that are read. */
export interface HonoRequest {
  readonly method: string;
  readonly url: string;
  /** The standard request. */
  readonly raw: object;
}

/** The fields of a Hono 4 context that are used. */
export interface HonoContext {
  readonly req: HonoRequest;
  /** With `@hono/node-server`: Node's request and response, `incoming` and `outgoing`. */
  readonly env: unknown;
  /** The error of a handler, once the middleware behind has run. */
  readonly error: unknown;
  /** Keeps a value for the application; gets `corvidEventId`. */
  set(key: never, value: never): void;
}

/**
 * The client that reports for a request: one, or a function that finds it by the context. `undefined`, and throwing,
 * leave the request to the current client.
 */
export type ClientChoice =
  | CaptureTarget
  | {
      /** Returns the client of this request. */
      find(context: HonoContext): CaptureTarget | undefined;
    }["find"];

/** Hono, as the bridge sees it. */
export const HONO: RequestKind<HonoContext> = {
  name: "requestHandler()",
  request: (context) => nodeParts(context).incoming ?? context.req.raw,
  response: (context) => nodeParts(context).outgoing,
  describe: ({ req, ...context }) => describeRequest(req, nodeParts(context)),
  transaction: transactionOf,
  advice:
    "A handler or onError() answered without an error that Hono has seen. Throw the error, or call captureException().",
};

interface NodeParts {
  readonly incoming?: object;
  readonly outgoing?: object;
}

function nodeParts({ env }: Pick<HonoContext, "env">): NodeParts {
  return (env ?? {}) as NodeParts;
}

/** Without Node's request, as in `app.request()`, the standard one. */
function describeRequest({ method, url, raw }: HonoRequest, { incoming }: NodeParts): RequestLike {
  if (incoming !== undefined) return incoming as RequestLike;
  const { headers } = raw as { readonly headers?: Iterable<[string, string]> };
  return { method, url, headers: Object.fromEntries(headers ?? []) } as RequestLike;
}

/** A route that Hono has matched, middleware included. */
interface MatchedRoute {
  readonly method: string;
  readonly path: string;
}

/** `GET /orders/:id`; `undefined` where only middleware matched. */
function transactionOf({ req }: HonoContext): string | undefined {
  const { matchedRoutes } = req as { readonly matchedRoutes?: readonly MatchedRoute[] };
  const route = matchedRoutes?.findLast(({ method, path }) => method !== "ALL" || !path.endsWith("*"));
  return route === undefined ? undefined : `${req.method} ${route.path}`;
}
