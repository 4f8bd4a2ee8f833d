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
  const [first] = parts;
  const whole = first?.kind === "whole" ? wholeIn(first.payload) : NOTHING;
  if (whole === undefined) return undefined;
  const behind = parts.filter((part) => isPlain(part));
  return { parts: [...whole.parts, ...behind], more: { count, last: last ?? whole.last } };
}

const NOTHING: Whole = { parts: [] };

function wholeIn(payload: string): Whole | undefined {
  try {
    const { parts, last } = JSON.parse(payload) as Partial<Whole>;
    const isReadable = Array.isArray(parts) && parts.every((part: ReadPart) => isPlain(part));
    if (!isReadable || (last !== undefined && typeof last !== "string")) return undefined;
    return { parts, last };
  } catch {
    return undefined;
  }
}

function isPlain(part: ReadPart): part is ReadEvent["parts"][number] {
  return PLAIN.has(part.kind) && typeof part.payload === "string";
}

const PLAIN: ReadonlySet<string> = new Set(["raw", "sighting", "finished"]);
