import { withScopeOf } from "@corvid/core/bridge";
import {
  type ClientChoice,
  type ExpressRequest,
  type ExpressResponse,
  type Next,
  RequestScope,
} from "./express.js";

/** Options of {@link requestHandler}. */
export interface ExpressOptions {
  /**
   * The client that reports for a request, in applications that report for several parties: one, or a function that
   * finds it by the request. Default: the current client.
   */
  readonly client?: ClientChoice;
}

/** A middleware for `app.use`. */
export type RequestMiddleware = (request: ExpressRequest, response: ExpressResponse, next: Next) => void;

/**
 * Gives each request a scope of its own: user, tags and breadcrumbs set while it is handled belong to it and to no
 * other. Stands first. Reads nothing of the request until an error happens.
 *
 * Used a second time, behind something that lost the asynchronous context, it leads back into the request's scope.
 */
export function requestHandler(options: ExpressOptions = {}): RequestMiddleware {
  return function corvidRequestHandler(request, _response, next) {
    withScopeOf(request, new RequestScope(request, options.client), next);
  };
}
