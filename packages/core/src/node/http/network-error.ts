/**
 * Says in plain words, on one line, what went wrong on the way to a server: most errors of Node do, some are for those
 * who know its parser, and OpenSSL's name the line of its source.
 */
export function networkErrorText(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  // A host with several addresses fails with all of their errors and no text of its own.
  if (error instanceof AggregateError && error.message === "")
    return error.errors.map(networkErrorText).join("; ");
  const { message, code = "", reason } = error as NodeJS.ErrnoException & { readonly reason?: unknown };
  if (message === "socket hang up") return "the connection was closed without an answer";
  if (code === "HPE_HEADER_OVERFLOW") return "the head of the answer is too long";
  if (code.startsWith("HPE_")) return `the answer is no HTTP: ${message.replace(/^Parse Error: /, "")}`;
  if (code.startsWith("ERR_SSL_") && typeof reason === "string") return `TLS failed: ${reason}`;
  return message.trim().replace(/\s*\n\s*/g, " ");
}
