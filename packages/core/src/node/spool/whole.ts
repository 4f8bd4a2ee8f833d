import type { SpooledEvent } from "../../spool/store.js";
import type { Part } from "./entries.js";

/** What the parts of an event say. */
export type ReadEvent = Pick<SpooledEvent, "parts" | "more">;

/** What one line says. */
export interface ReadPart {
  readonly kind: Part["kind"];
  readonly payload: string;
}

/** The payload of a `whole`. */
interface Whole {
  readonly parts: ReadEvent["parts"];
  /** The last `more`'s. */
  readonly last?: string;
}

/** All that is known of an event as one line, except for how many captures it stands for. */
export function wholeText({ parts, more }: ReadEvent): string {
  return JSON.stringify({ parts, last: more.last } satisfies Whole);
}

/**
 * Puts together what the lines of an event say.
 *
 * @param parts - a `whole` can only be the first
 * @param last - the payload of the last `more`, when it stands behind a `whole`
 * @returns `undefined` when one of them cannot be read
 */
export function readEvent(
  parts: readonly ReadPart[],
  count: number,
  last: string | undefined,
): ReadEvent | undefined {
  const read: ReadEvent["parts"][number][] = [];
  let lastBefore: string | undefined;
  for (const { kind, payload } of parts) {
    if (kind === "more") continue;
    if (kind !== "whole") {
      read.push({ kind, payload });
      continue;
    }
    const whole = parsed(payload);
    if (whole === undefined) return undefined;
    read.push(...whole.parts);
    lastBefore = whole.last;
  }
  return { parts: read, more: { count, last: last ?? lastBefore } };
}

function parsed(payload: string): Whole | undefined {
  try {
    // Its checksum was right: it is what we wrote.
    return JSON.parse(payload) as Whole;
  } catch {
    return undefined;
  }
}
