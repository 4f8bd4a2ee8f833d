import type { Clock } from "./clock.js";

/** What Corvid says about itself. It never captures its own troubles as events. */
export interface Diagnostics {
  /** Said only with `debug: true`: what happens to each event. The text is made only when it is wanted. */
  debug(text: () => string): void;
  /** Said always, but for each `topic` at most once a minute, so that an outage is one line and not thousands. */
  warn(topic: string, text: string): void;
}

const WARN_EVERY_MS = 60_000;

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
  const say = (text: string): void => {
    try {
      write(`[corvid] ${text}\n`);
    } catch {
      // A closed stderr must not become the application's problem.
    }
  };

  return {
    debug(text) {
      if (debug) say(text());
    },
    warn(topic, text) {
      const now = clock.monotonic();
      const last = lastSaid.get(topic);
      if (last !== undefined && now - last.at < WARN_EVERY_MS && !debug) {
        last.muted++;
        return;
      }
      const muted = last?.muted ? ` (${last.muted} more like this were not shown)` : "";
      lastSaid.set(topic, { at: now, muted: 0 });
      say(`${text}${muted}`);
    },
  };
}

/** Says nothing. */
export const silentDiagnostics: Diagnostics = { debug: () => undefined, warn: () => undefined };
