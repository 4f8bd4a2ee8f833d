import type { IncomingHttpHeaders } from "node:http";
import type { CaptureTarget } from "@corvid/core";
import type { RequestKind, RequestLike } from "@corvid/core/bridge";
import { transactionOf } from "./route.js";

/** What is read of an Express request, 4 or 5. */
export interface ExpressRequest extends RequestLike {
  /** What routers before the present one matched. */
  readonly baseUrl?: unknown;
  /** The route that was matched last. */
  readonly route?: unknown;
  /** The application that is handling the request now. */
  readonly app?: unknown;
  /** The response to it. */
  readonly res?: object | undefined;
}

/** What is used of an Express response. */
export interface ExpressResponse {
  locals: object;
}

/** Passes control on, with an error or without. */
export type Next = (error?: unknown) => void;

/** The fields of an Express 4 or 5 request that are read. */
export interface IncomingRequest extends ExpressRequest {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly url: string;
  readonly originalUrl: string;
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly hostname: string;
  readonly subdomains: readonly string[];
  readonly protocol: string;
  readonly ip?: string | undefined;
  /** A header; names in any case. */
  get(name: string): string | undefined;
}

/**
 * The client that reports for a request: one, or found by the request. Default: the current client. A function may also
 * ask for a request of the application's own type, hence the method.
 */
export type ClientChoice =
  | CaptureTarget
  | {
      /** The client of this request; `undefined`, and throwing, leave it to the current one. */
      find(request: IncomingRequest): CaptureTarget | undefined;
    }["find"];

/** Options that both handlers have. */
export interface ExpressOptions {
  /**
   * The client that reports for a request, in applications that report for several parties: one, or a function that
   * finds it by the request. Default: the current client.
   */
  readonly client?: ClientChoice;
}

/** Express, as the bridge sees it. */
export const EXPRESS: Omit<RequestKind<ExpressRequest>, "name"> = {
  request: (request) => request,
  response: (request) => request.res,
  transaction: transactionOf,
  advice:
    "An error handler in front of errorHandler() answered. Move errorHandler() in front of it, or call captureException() in it.",
};
