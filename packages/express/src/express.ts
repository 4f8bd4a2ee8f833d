import type { CaptureTarget, RequestPolicy, RequestSource } from "@corvid/core";
import { type RequestLike, type RequestScopeOptions, requestSource } from "@corvid/core/bridge";
import { transactionOf } from "./route.js";

/** What is read of an Express request, 4 or 5. */
export interface ExpressRequest extends RequestLike {
  /** What routers before the present one matched. */
  readonly baseUrl?: unknown;
  /** The route that was matched last. */
  readonly route?: unknown;
  /** The application that is handling the request now. */
  readonly app?: unknown;
}

/** What is used of an Express response. */
export interface ExpressResponse {
  locals: object;
}

/** Passes control on, with an error or without. */
export type Next = (error?: unknown) => void;

/** A method, so that an application may ask for its own type of request. */
interface ClientFinder {
  find(request: ExpressRequest): CaptureTarget | undefined;
}

/** The client that reports for a request: one, or found by the request. Default: the current client. */
export type ClientChoice = CaptureTarget | ClientFinder["find"];

/** How an Express request becomes a scope. Nothing is read before an event needs it. */
export class RequestScope implements RequestScopeOptions {
  readonly #request: ExpressRequest;
  readonly #choice: ClientChoice | undefined;

  constructor(request: ExpressRequest, choice: ClientChoice | undefined) {
    this.#request = request;
    this.#choice = choice;
  }

  source(policy: RequestPolicy): ReturnType<RequestSource> {
    const request = this.#request;
    return requestSource(request, { transaction: () => transactionOf(request) })(policy);
  }

  chooseClient(): CaptureTarget | undefined {
    const choice = this.#choice;
    return typeof choice === "function" ? choice(this.#request) : choice;
  }
}
