import { type Diagnostics, silentDiagnostics } from "../../model/diagnostics.js";
import type { SpooledEvent, SpoolStore } from "../../spool/store.js";
import { systemClock } from "../clock.js";
import { createIdSource } from "../ids.js";
import { namesIn } from "./claims.js";
import { parseFolderName } from "./layout.js";
import { createSpoolStore } from "./store.js";

/**
 * Goes through all events that ended instances left in a spool folder, whatever their group, as an application would
 * that takes over. What `visit` has not settled is left as it was, for the next.
 *
 * @param visit - may settle the events it is given; `false` ends the round
 * @returns events that cannot be read
 */
export async function visitEnded(
  dir: string,
  visit: (events: readonly SpooledEvent[], store: SpoolStore) => Promise<boolean>,
  diagnostics: Diagnostics = silentDiagnostics,
): Promise<number> {
  let unreadable = 0;
  for (const group of await groupsIn(dir)) {
    const store = createSpoolStore({
      dir,
      group,
      head: () => "{}",
      maxBytes: Number.MAX_SAFE_INTEGER,
      maxAgeMs: Number.MAX_SAFE_INTEGER,
      clock: systemClock,
      diagnostics,
      newId: createIdSource(),
      onLost: ({ events }) => {
        unreadable += events;
      },
    });
    try {
      await store.adopt();
      if (!(await visitAll(store, visit))) return unreadable;
    } finally {
      store.close();
    }
  }
  return unreadable;
}

/** Held in memory at a time, about. */
const AT_A_TIME = 32;
const BYTES_AT_A_TIME = 8 * 1024 * 1024;

async function visitAll(store: SpoolStore, visit: Parameters<typeof visitEnded>[1]): Promise<boolean> {
  for (;;) {
    const events: SpooledEvent[] = [];
    let bytes = 0;
    while (events.length < AT_A_TIME && bytes < BYTES_AT_A_TIME) {
      const event = await store.next();
      if (event === undefined) break;
      events.push(event);
      bytes += event.parts.reduce((sum, { payload }) => sum + payload.length, 0);
    }
    if (events.length === 0) return true;
    if (!(await visit(events, store))) return false;
  }
}

async function groupsIn(dir: string): Promise<Set<string>> {
  const names = await namesIn(dir);
  return new Set(names.flatMap((name) => parseFolderName(name)?.group ?? []));
}
