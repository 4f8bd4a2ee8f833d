/**
 * Everything Corvid says to people: what it throws when it is set up wrongly, and what it writes on stderr. Each
 * message has a code, which is also its heading in `docs/troubleshooting.md`; the texts are made only when they are
 * shown. The first fact of a warning is what it is about: of one kind and subject, few are shown.
 */
export const MESSAGES = {
  "bad-option": (option: string, expected: string, received: string): string =>
    `Invalid option ${option}: expected ${expected}, received ${received}`,
  "bad-dsn": (part: string, expected: string, received: string): string =>
    `Invalid DSN: ${part}: expected ${expected}, received ${received}`,
  "misplaced-decorator": (decorator: string, received: string): string =>
    `${decorator}: expected a class, method or accessor to stand at, received ${received}`,
  "bad-expectation": (what: string, expected: string, received: string): string =>
    `${what}: expected ${expected}, received ${received}`,

  "handler-not-called": (handler: string): string =>
    `expected ${handler}, received ${handler.replace("()", "")}: call it, and hand on what it returns`,
  "unseen-5xx": (title: string, advice: string): string => `${title}: ${advice}`,

  "dsn-in-environment": (part: string, expected: string, received: string): string =>
    `SENTRY_DSN: ${part}: expected ${expected}, received ${received}; nothing is reported`,
  "no-dsn": (expected: string, received: string): string =>
    `no DSN: expected ${expected}, received ${received}; nothing is reported`,
  "no-client": (called: string): string =>
    `${called} was called without a client: expected init to be called before; nothing is reported`,
  "proxy-in-environment": (variable: string, expected: string, received: string): string =>
    `${variable}: expected ${expected}, received ${received}; sending without a proxy`,
  "several-versions": (versions: string): string =>
    `expected one version of @corvid/core in the process, received ${versions}`,
  "hook-threw": (hook: string, error: string, thing: string): string =>
    `${hook}: the ${thing} was dropped: expected it or null to be returned, received an exception: ${error}`,
  "hook-returned": (hook: string, received: string, thing: string): string =>
    `${hook}: the ${thing} was dropped: expected it or null to be returned, at once, received ${received}`,
  "integration-failed": (step: string, error: string): string => `${step} failed: ${error}`,
  kept: (transport: string, kind: string, id: string, detail: string): string =>
    `${transport}: ${kind} ${id} kept for another try: ${detail}`,
  refused: (transport: string, kind: string, id: string, detail: string): string =>
    `${transport}: ${kind} ${id} refused: ${detail}`,
  "no-ingest-server": (transport: string, status: string, host: string): string =>
    `${transport}: expected an answer of an ingest server, received ${status} with something else from ${host}; check the host and path of the DSN`,
  "not-closed": (transport: string, error: string): string => `${transport}: did not close: ${error}`,
  "spool-trouble": (what: string, error: string): string => `spool: ${what}: ${error}`,
  "spool-left-alone": (why: string, what: string): string => `spool: ${what} is left alone: ${why}`,
  "spool-lost": (_reason: string, description: string): string => description,
  "internal-error": (where: string, error: string): string => `Corvid failed at ${where}: ${error}`,

  delivered: (transport: string, kind: string, id: string): string => `${transport}: ${kind} ${id} delivered`,
  "request-ended": (): string =>
    "a setter did nothing: its request has ended; use withScope, bind or withRequestScope for work that goes on",
  merged: (id: string): string => `event ${id} merged: the same failure was seen again`,
  folded: (id: string): string =>
    `event ${id} folded: it is counted, and tells of the repeats when it leaves`,
  dropped: (id: string, reason: string): string => `event ${id} dropped: ${reason}`,
  "dropped-for": (transport: string, kind: string, id: string, reason: string): string =>
    `${transport}: ${kind} ${id} dropped: ${reason}`,
  undelivered: (transport: string, kind: string, id: string, detail: string): string =>
    `${transport}: ${kind} ${id} not delivered: ${detail}`,
};

/** Which message; also the anchor on its page. */
export type MessageCode = keyof typeof MESSAGES;

/** A message that is not made into text yet: which, and its facts. */
export type Message = {
  [Code in MessageCode]: readonly [code: Code, ...facts: Parameters<(typeof MESSAGES)[Code]>];
}[MessageCode];

/** The page of all messages, as it comes with the package: there, whatever the network and the version. */
const PAGE = "@corvid/core/dist/docs/troubleshooting.md";

/** A message for people: its text, and where to read more. */
export function messageText(...message: Message): string {
  return `${messageBody(message)} (see ${PAGE}#${message[0]})`;
}

/** The text alone; what an application or a server contributes may be of any length, and is cut. */
export function messageBody([code, ...facts]: Message): string {
  const text = (MESSAGES[code] as (...facts: readonly string[]) => string)(...facts);
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

const LONGEST_TEXT = 8192;

/** What was thrown, for people: its stack if it has one. Never throws itself. */
export function thrownText(error: unknown): string {
  try {
    return error instanceof Error && error.stack !== undefined ? error.stack : String(error);
  } catch {
    return "something that cannot be shown";
  }
}
