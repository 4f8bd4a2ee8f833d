import type { Clock } from "./clock.js";
import { type Message, type MessageCode, messageBody, messageText } from "./messages.js";

/**
 * What Corvid says about itself; texts are made only when they are shown. It never captures its own troubles as
 * events.
 */
export interface Diagnostics {
  /** Said only with `debug: true`: what happens to each event. The page of a message is named once. */
  debug(...message: Message): void;
  /** Said always, but for each code and first fact at most once a minute, so that an outage is one line and not thousands. */
  warn(...message: Message): void;
}

const WARN_EVERY_MS = 60_000;
/** The number of subjects remembered; beyond it all are forgotten, and a line may come twice within its minute. */
const MOST_SUBJECTS = 200;

/**
 * Makes the diagnostics of one client.
 *
 * @param write - receives whole lines, each ending in a newline; must not throw
 */
export function createDiagnostics(options: {
  debug: boolean;
  clock: Clock;
  write: (line: string) => void;
}): Diagnostics {
  const { debug, clock, write } = options;
  const lastSaid = new Map<string, { at: number; muted: number }>();
  const explained = new Set<MessageCode>();
  const say = (text: string): void => {
    try {
      write(`[corvid] ${text}\n`);
    } catch {
      // A closed stderr must not become the application's problem.
    }
  };

  return {
    debug(...message) {
      if (!debug) return;
      const isExplained = explained.has(message[0]);
      explained.add(message[0]);
      say(isExplained ? messageBody(message) : messageText(...message));
    },
    warn(...message) {
      const now = clock.monotonic();
      const topic = `${message[0]} ${message[1]}`;
      const last = lastSaid.get(topic);
      if (last !== undefined && now - last.at < WARN_EVERY_MS && !debug) {
        last.muted++;
        return;
      }
      const muted = last?.muted ? ` (${last.muted} more like this were not shown)` : "";
      if (lastSaid.size >= MOST_SUBJECTS) lastSaid.clear();
      lastSaid.set(topic, { at: now, muted: 0 });
      say(`${messageText(...message)}${muted}`);
    },
  };
}

/** Says nothing. */
export const silentDiagnostics: Diagnostics = { debug: () => undefined, warn: () => undefined };
