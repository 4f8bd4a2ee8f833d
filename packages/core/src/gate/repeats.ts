import type { Snapshot } from "../capture/snapshot.js";
import { innermost } from "../context/scope.js";
import type { Json, User } from "../model/event.js";

const SAMPLES = 10;

/** The captures folded into one event: how many, when, and samples of users and transactions. */
export interface Repeats {
  /** How many captures the event stands for, itself included. */
  readonly count: number;
  add(snapshot: Snapshot): void;
  /** Counts captures of which only their number is known, and the time of the last. @param last - seconds since the Unix epoch */
  addUnseen(more: number, last: number): void;
  /** The `contexts.repeats` of the event. */
  toContext(serverName: string | undefined): Record<string, Json>;
}

/** Starts counting at nothing. */
export function createRepeats(): Repeats {
  let count = 0;
  let first = 0;
  let last = 0;
  const users = new Map<string, number>();
  const transactions = new Map<string, number>();
  return {
    get count() {
      return count;
    },
    add({ timestamp, hint, layers, transaction }) {
      if (count === 0) first = timestamp;
      count++;
      last = timestamp;
      tally(users, userName(hint.user ?? innermost(layers, "user")));
      tally(transactions, hint.transaction ?? innermost(layers, "transaction") ?? transaction);
    },
    addUnseen(more, at) {
      count += more;
      last = Math.max(last, at);
    },
    toContext: (serverName) => ({
      count,
      // A clock may be set back in between.
      first_seen: new Date(Math.min(first, last) * 1000).toISOString(),
      last_seen: new Date(Math.max(first, last) * 1000).toISOString(),
      ...(users.size > 0 ? { users: Object.fromEntries(users) } : {}),
      ...(transactions.size > 0 ? { transactions: Object.fromEntries(transactions) } : {}),
      ...(serverName === undefined ? {} : { servers: { [serverName]: count } }),
    }),
  };
}

/** Counts a value among the first few distinct ones; later ones are counted together, as `…`. */
function tally(counts: Map<string, number>, value: string | undefined): void {
  if (value === undefined) return;
  const key = counts.has(value) || counts.size < SAMPLES ? value : "…";
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function userName(user: User | undefined): string | undefined {
  return user?.id ?? user?.username ?? user?.email ?? user?.ip_address;
}
