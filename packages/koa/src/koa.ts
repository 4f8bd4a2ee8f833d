import type { IncomingHttpHeaders } from "node:http";
import type { CaptureTarget } from "@corvid/core";
import { type RequestKind, type RequestLike, requestPath } from "@corvid/core/bridge";

/** What is read of a Koa context, 2 or 3. */
export interface KoaContext {
  /** Node's request. */
  readonly req: object;
  /** Node's response. */
  readonly res: object;
  readonly request: RequestLike;
  readonly method: string;
  /** For the application's own values; gets `corvidEventId`. */
  readonly state: object;
  /** Koa's last resort: for errors no middleware caught, and of streams that fail while they are sent. */
  onerror(error: unknown): unknown;
}

/** The fields of a Koa 2 or 3 context that are read. */
export interface IncomingRequest {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly url: string;
  readonly originalUrl: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | string[] | undefined>>;
  /** With the port, as the client wrote it. */
  readonly host: string;
  readonly hostname: string;
  readonly subdomains: readonly string[];
  readonly protocol: string;
  readonly ip: string;
  /** A header, names in any case; empty when there is none. */
  get(name: string): string;
}

/** A context before the application has done anything with it. */
export interface IncomingContext extends KoaContext, IncomingRequest {
  readonly method: string;
  readonly request: RequestLike & IncomingRequest;
}

/**
 * The client that reports for a request: one, or found by the context. Default: the current client. A function may also
 * ask for a context of the application's own type, hence the method.
 */
export type ClientChoice =
  | CaptureTarget
  | {
      /** The client of this request; `undefined`, and throwing, leave it to the current one. */
      find(context: IncomingContext): CaptureTarget | undefined;
    }["find"];

/** Koa, as the bridge sees it. */
export const KOA: RequestKind<KoaContext> = {
  name: "requestHandler()",
  request: ({ req }) => req,
  response: ({ res }) => res,
  describe: ({ request }) => request,
  transaction: transactionOf,
  advice:
    "A middleware behind requestHandler() caught the error and answered. Call captureException() in it, or move it in front of requestHandler().",
};

/** What koa-router and @koa/router leave on the context of a request they matched. */
interface Routed {
  readonly _matchedRoute?: unknown;
  readonly routerPath?: unknown;
  /** koa-mount's: where the innermost of what is mounted is. */
  readonly mountPath?: unknown;
}

/** `GET /orders/:id`; `undefined` while no router has matched. */
function transactionOf(context: KoaContext & Routed): string | undefined {
  const pattern = context._matchedRoute ?? context.routerPath;
  if (typeof pattern !== "string" && !(pattern instanceof RegExp)) return undefined;
  const mount = typeof pattern === "string" ? mountOf(context, pattern) : "";
  return `${context.method} ${mount !== "" && pattern === "/" ? mount : `${mount}${String(pattern)}`}`;
}

/**
 * The front of the path that koa-mount hides from a router: what is left when a plain pattern is laid at the path's end. It
 * ends with the path that koa-mount set, which stays there when the request has gone on to others.
 */
function mountOf({ request, mountPath }: KoaContext & Routed, pattern: string): string {
  if (typeof mountPath !== "string" || !/^[\w/:.~%-]*$/.test(pattern)) return "";
  const given = segments(requestPath(request) ?? "");
  const front = given.slice(0, Math.max(0, given.length - segments(pattern).length));
  const mount = front.map((segment) => `/${segment}`).join("");
  return mount.endsWith(mountPath) ? mount : "";
}

function segments(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "");
}
