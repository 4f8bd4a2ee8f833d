import { isObject } from "../model/safe-read.js";

/**
 * Whether an error is one of the server: anything but an error that carries a client's status, from 400 to 499, which is
 * an answer. The status is the first number in `status`, `statusCode`, `status_code` and, as Boom has it,
 * `output.statusCode`.
 *
 * HTTP clients put the status they were answered with there, too. Such an error is told by what it carries of a call,
 * which an answer never does, and is a failure like others: what somebody else has not found is no answer of ours.
 */
export function isServerFailure(error: unknown): boolean {
  try {
    const carrier = error as ErrorWithStatus;
    if (!isClientStatus(statusOf(carrier))) return true;
    return !isMadeAnswer(carrier) && isFailedCall(carrier);
  } catch {
    return true;
  }
}

/** The properties that are read. Any library may have set them. */
interface ErrorWithStatus {
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly status_code?: unknown;
  readonly output?: { readonly statusCode?: unknown } | null;
  readonly expose?: unknown;
  readonly response?: unknown;
  readonly request?: unknown;
  readonly config?: unknown;
  readonly headers?: unknown;
  readonly url?: unknown;
}

function statusOf(error: ErrorWithStatus): number | undefined {
  const { status, statusCode, status_code, output } = error;
  return [status, statusCode, status_code, output?.statusCode].find((said) => typeof said === "number");
}

function isClientStatus(status: unknown): boolean {
  return typeof status === "number" && status >= 400 && status < 500;
}

/**
 * Whether the application has said that this is an answer, of the error of a call even: `createError(404, error)` of
 * http-errors, and with it `ctx.throw`, says whether the message may be shown; `boomify` adds an output.
 */
function isMadeAnswer({ expose, output }: ErrorWithStatus): boolean {
  return typeof expose === "boolean" || isClientStatus(output?.statusCode);
}

/** Whether an error carries what a call to another server leaves: who was asked, or what came back. */
export function isFailedCall(error: ErrorWithStatus): boolean {
  const { response, request, config, headers, url } = error;
  return (
    isResponse(response) ||
    isOwnRequest(request) ||
    isOwnRequest(config) ||
    haveArrived(headers) ||
    (typeof url === "string" && /^https?:\/\//i.test(url)) ||
    isServiceError(error)
  );
}

/** Errors of service clients that keep no request: of aws-sdk 2, twilio and the like. */
function isServiceError(error: object): boolean {
  const { retryable, requestId, moreInfo, more_info } = error as Readonly<Record<string, unknown>>;
  const page = moreInfo ?? more_info;
  return (
    (typeof retryable === "boolean" && requestId !== undefined) ||
    (typeof page === "string" && /^https?:\/\//i.test(page))
  );
}

/**
 * Whether something came back from a server. The `response` of NestJS's exceptions is the body to answer with, without
 * headers; one that tells whether its headers are sent is the response we are writing.
 */
function isResponse(response: unknown): boolean {
  if (!isObject(response)) return false;
  const { headers, headersSent, headerSent } = response as Readonly<Record<string, unknown>>;
  return typeof headers === "object" && headers !== null && (headersSent ?? headerSent) === undefined;
}

/** Whether something, or the settings of it, was asked by us: not the request that we are to answer. */
function isOwnRequest(request: unknown): boolean {
  if (!isObject(request)) return false;
  const { method, url, originalUrl, httpVersion } = request as Readonly<Record<string, unknown>>;
  return (originalUrl ?? httpVersion) === undefined && [method, url].some((said) => typeof said === "string");
}

/** Whether headers came over the line: a server adds the date as it sends, so headers to answer with have none yet. */
function haveArrived(headers: unknown): boolean {
  if (!isObject(headers)) return false;
  const { get, date, Date: named } = headers as Readonly<Record<string, unknown>>;
  return typeof (typeof get === "function" ? get.call(headers, "date") : (date ?? named)) === "string";
}
