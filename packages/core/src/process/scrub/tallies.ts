import type { Json } from "../../model/event.js";

/** Counts by the names of what was counted: users, transactions, servers. */
export type Tally = Readonly<Record<string, number>>;

/** Parts of `contexts.repeats` that are one. */
export const TALLIES: ReadonlySet<string> = new Set(["users", "transactions", "servers"]);

export function isTally(value: Json): value is Tally {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((count) => typeof count === "number");
}

/**
 * Takes secrets out of the names of a tally; those that are the same then are counted together. Its numbers are counts
 * under any name: how many failures `POST /password/reset` had is no secret.
 *
 * @returns `given` itself when there was nothing to take out
 */
export function scrubTally(given: Tally, scrub: (text: string) => string): Tally {
  const counts = new Map<string, number>();
  let isChanged = false;
  for (const [name, count] of Object.entries(given)) {
    const shown = scrub(name);
    isChanged ||= shown !== name;
    counts.set(shown, (counts.get(shown) ?? 0) + count);
  }
  return isChanged ? Object.fromEntries(counts) : given;
}
