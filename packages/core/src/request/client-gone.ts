import { read } from "../model/safe-read.js";

/**
 * Whether an error only says that the client of a request has gone: it left before its answer was finished, and the error
 * is of its connection. What fails on another socket meanwhile is a failure like any other, whatever its code.
 *
 * @param request - Node's request
 * @param response - Node's response
 */
export function isClientGone(error: unknown, request: object, response: object | undefined): boolean {
  if (response === undefined || !hasLeft(request, response)) return false;
  // Errors with which the application, or a pipeline of it, ended the answer come from elsewhere.
  if (read(response, "errored") === error) return false;
  const wasAborted = read(request, "errored") === error;
  if (read(error, "syscall") !== undefined)
    return !wasAborted && read(read(request, "socket"), "errored") === error;
  const code = read(error, "code");
  if (code === "ECONNRESET") return wasAborted && read(error, "message") === "aborted";
  return !wasAborted && (GONE.has(code) || read(error, "name") === "AbortError");
}

/** Codes of errors without a system call that streams and parsers make of a connection that has closed. */
const GONE: ReadonlySet<unknown> = new Set([
  "ECONNABORTED",
  "ECANCELED",
  "EPIPE",
  "ABORT_ERR",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_UNABLE_TO_PIPE",
  "ERR_HTTP2_INVALID_STREAM",
  "ERR_HTTP2_STREAM_CANCEL",
]);

function hasLeft(request: object, response: object): boolean {
  if (read(response, "writableFinished") === true) return false;
  return (
    read(response, "destroyed") === true ||
    read(request, "aborted") === true ||
    read(read(request, "socket"), "destroyed") === true
  );
}
