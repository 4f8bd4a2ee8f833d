import type { IncomingHttpHeaders } from "node:http";
import type { CaptureTarget, RequestPolicy, RequestSource } from "@corvid/core";
import { type RequestLike, type RequestScopeOptions, requestSource } from "@corvid/core/bridge";

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

/** What Koa, 2 or 3, tells of a request: enough to find out whose it is. */
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

/** How a Koa request becomes a scope. Nothing is read before an event needs it. */
export class RequestScope implements RequestScopeOptions {
  readonly #context: KoaContext;
  readonly #choice: ClientChoice | undefined;

  constructor(context: KoaContext, choice: ClientChoice | undefined) {
    this.#context = context;
    this.#choice = choice;
  }

  source(policy: RequestPolicy): ReturnType<RequestSource> {
    const context = this.#context;
    return requestSource(context.request, { transaction: () => transactionOf(context) })(policy);
  }

  chooseClient(): CaptureTarget | undefined {
    const choice = this.#choice;
    return typeof choice === "function" ? choice(this.#context as IncomingContext) : choice;
  }
}

/** What koa-router and @koa/router leave on the context of a request they matched. */
interface Routed {
  readonly _matchedRoute?: unknown;
  readonly routerPath?: unknown;
}

/** `GET /orders/:id`; `undefined` while no router has matched. */
function transactionOf(context: KoaContext & Routed): string | undefined {
  const pattern = context._matchedRoute ?? context.routerPath;
  if (typeof pattern !== "string" && !(pattern instanceof RegExp)) return undefined;
  return `${context.method} ${String(pattern)}`;
}
