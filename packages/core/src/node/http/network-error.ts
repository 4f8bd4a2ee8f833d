/** The text of a network error in plain words, on one line: those of Node's HTTP parser and of OpenSSL are not. */
export function networkErrorText(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  // A host with several addresses fails with all of their errors and no text of its own.
  if (error instanceof AggregateError && error.message === "")
    return error.errors.map(networkErrorText).join("; ");
  const { message } = error;
  // A DOMException has a number.
  const code = String((error as NodeJS.ErrnoException).code);
  if (message === "socket hang up") return "the connection was closed without an answer";
  if (code === "HPE_HEADER_OVERFLOW") return "the head of the answer is too long";
  if (code.startsWith("HPE_")) return `the answer is no HTTP: ${message.replace(/^Parse Error: /, "")}`;
  // Of OpenSSL: `808CA2E8:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/…:350:`.
  const reason = /SSL routines:[^:]*:([^:\n]+)/.exec(message)?.[1];
  if (reason !== undefined) return `TLS failed: ${reason}`;
  return message.trim().replace(/\s*\n\s*/g, " ");
}
