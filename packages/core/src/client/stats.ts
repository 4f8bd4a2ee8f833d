import type { DropReason } from "../transport/drops.js";

/** How all captures ended: `captured = delivered + merged + folded + dropped + queued + spooled`, always. */
export interface ClientStats {
  readonly captured: number;
  /** Events that at least one destination has. */
  readonly delivered: number;
  /** The same failure, seen again. */
  readonly merged: number;
  /** Counted into another event. */
  readonly folded: number;
  /** By reason; a reason that never happened is absent. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Not arrived yet, not given up, and in memory alone. */
  readonly queued: number;
  /** Not arrived yet, and safe on disk. */
  readonly spooled: number;
  readonly destinations: readonly DestinationStats[];
}

/**
 * One destination's numbers; counts are envelopes. `offered = delivered + dropped + spooled + queued + inFlight`,
 * always.
 */
export interface DestinationStats {
  readonly name: string;
  /** Events handed to this destination. */
  readonly offered: number;
  /** Waiting, not under way. */
  readonly queued: number;
  /** Bytes held, those under way included, about. */
  readonly queuedBytes: number;
  readonly inFlight: number;
  readonly delivered: number;
  /** Left to the spool, which offers them again. */
  readonly spooled: number;
  /** By reason; a reason that never happened is absent. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Bytes of attachments that did not leave: too large, over a limit, or dropped with their event. */
  readonly attachmentBytesLeft: number;
  /** Attempts that led to another one. */
  readonly retries: number;
  readonly state: "up" | "down" | "limited" | "closed";
  /** For people: why the last failed attempt failed. */
  readonly lastError?: string;
}
