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

/** A method, so that an application may ask for its own type of context. */
interface ClientFinder {
  find(context: KoaContext): CaptureTarget | undefined;
}

/** The client that reports for a request: one, or found by the context. Default: the current client. */
export type ClientChoice = CaptureTarget | ClientFinder["find"];

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
    return typeof choice === "function" ? choice(this.#context) : choice;
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
