import { requestBinding } from "@corvid/core/bridge";
import {
  EXPRESS,
  type ExpressOptions,
  type ExpressRequest,
  type ExpressResponse,
  type Next,
} from "./express.js";

/** Options of {@link requestHandler}. */
export interface RequestHandlerOptions extends ExpressOptions {
  /**
   * What a request becomes that was answered with a 500, 502 or 504 although `errorHandler()` saw no error of it. Default:
   * as the client option says.
   */
  readonly unseen5xx?: "event" | "warn" | false;
}

/** A middleware for `app.use`. */
export type RequestMiddleware = (request: ExpressRequest, response: ExpressResponse, next: Next) => void;

/**
 * Describes each request by its route, and chooses the client that reports for it. Stands first. Reads nothing of the
 * request until an error happens.
 *
 * Used a second time, behind something that lost the asynchronous context, it leads back into the request's scope.
 *
 * @throws {OptionsError} for an option that is unknown or cannot be used
 */
export function requestHandler(options: RequestHandlerOptions = {}): RequestMiddleware {
  const binding = requestBinding({ ...EXPRESS, name: "requestHandler()" }, options, ["client", "unseen5xx"]);
  return function corvidRequestHandler(request, _response, next) {
    binding.run(request, next);
  };
}
