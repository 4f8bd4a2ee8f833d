import type { DropReason } from "../transport/drops.js";

/** What became of all captures: `captured = delivered + merged + folded + dropped + queued + spooled`, always. */
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

/** One destination's numbers; counts are envelopes. */
export interface DestinationStats {
  readonly name: string;
  /** Waiting, not under way. */
  readonly queued: number;
  /** Bytes held, those under way included, about. */
  readonly queuedBytes: number;
  readonly inFlight: number;
  readonly delivered: number;
  /** By reason; a reason that never happened is absent. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Tries that led to another try. */
  readonly retries: number;
  readonly state: "up" | "down" | "limited" | "closed";
  /** For people: why the last try that failed did so. */
  readonly lastError?: string;
}
