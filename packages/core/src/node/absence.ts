import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { ClientOptions } from "../client/options.js";
import { type Message, messageText } from "../model/messages.js";

/** Where the notices appear. */
export interface NoticePlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether stderr is a terminal. */
  isTerminal(): boolean;
  /** Takes a line for people. */
  write(line: string): void;
}

/** What is said where nothing can be reported. Neither throws. */
export interface AbsenceNotices {
  /** A client has no DSN: says where one was looked for, with `debug`, and to a developer at a terminal. */
  dsn(options: Pick<ClientOptions, "dsn" | "debug">): void;
  /** Something was captured while there is no client: says so to a developer at a terminal. */
  client(called: string): void;
}

/** Makes the notices of one process. Each appears once. */
export function createAbsenceNotices(place: NoticePlace): AbsenceNotices {
  const said = new Set<Message[0]>();
  const say = (...message: Message): void => {
    if (said.has(message[0])) return;
    said.add(message[0]);
    try {
      place.write(`[corvid] ${messageText(...message)}\n`);
    } catch {
      // A closed stderr must not become the application's problem.
    }
  };
  /** Not in production, and not in tests, where a client is rightly missing. */
  const isDeveloping = (): boolean => {
    const mode = place.env["NODE_ENV"];
    return mode !== "production" && mode !== "test" && place.isTerminal();
  };
  return {
    dsn({ dsn, debug = false }) {
      const variable = place.env["SENTRY_DSN"];
      if (dsn === false) {
        if (debug) say("no-dsn", "a DSN", "dsn: false");
        return;
      }
      // A variable that is set and cannot be used has a warning of its own.
      if ((dsn === undefined && variable?.trim()) || !(debug || isDeveloping())) return;
      const received =
        dsn !== undefined ? "an empty dsn" : variable === undefined ? "neither" : "an empty SENTRY_DSN";
      say("no-dsn", "the option dsn or the variable SENTRY_DSN", received);
    },
    client(called) {
      if (!said.has("no-client") && isDeveloping()) say("no-client", called);
    },
  };
}

/** Those of this process. */
export const absenceNotices: AbsenceNotices = createAbsenceNotices({
  env: process.env,
  isTerminal: () => isatty(2),
  write: (line) => void writeSync(2, line),
});
