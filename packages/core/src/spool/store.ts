import type { Event } from "../model/event.js";

/**
 * One line of what is known of an event on disk.
 *
 * - `raw`: a capture as it was taken, scrubbed; a later one of the same id is an outer error that wraps the earlier.
 * - `sighting`: the same failure seen again, with what was known there.
 * - `more`: one more capture is folded into the event; the payload is when, as a short text.
 * - `finished`: the event itself; from here on the others of this id are of no use.
 */
export type PartKind = "raw" | "sighting" | "more" | "finished";

/** An event that waits on disk, as it is handed out. */
export interface SpooledEvent {
  readonly id: string;
  /** What the process that captured it said of itself; JSON. */
  readonly head: string;
  /** `raw` and `sighting` parts in the order they were written, or the one `finished` part. */
  readonly parts: readonly { readonly kind: Exclude<PartKind, "more">; readonly payload: string }[];
  /** Captures folded into it after the first, and the payload of the last of them. */
  readonly more: { readonly count: number; readonly last: string | undefined };
  /** Destinations that are done with it. */
  readonly settled: ReadonlySet<string>;
  /** When the file that holds it was begun, in milliseconds since the Unix epoch. */
  readonly begunAt: number;
}

/** A number of events, and of the captures they stand for. */
export interface SpoolCount {
  readonly events: number;
  readonly captures: number;
}

/**
 * Why events on disk are there no more. `corrupt`: lines that could not be read, and so never were among the waiting;
 * `gone`: events that were, and whose files have been deleted or spoilt since.
 */
export type SpoolLoss = SpoolCount & {
  readonly reason: "full" | "too_old" | "corrupt" | "gone";
  /** Milliseconds since the Unix epoch: when the oldest and the newest file concerned were begun. */
  readonly from: number;
  readonly until: number;
};

/** Hears what happens to events on disk that this process did not do itself. Must not throw. */
export interface SpoolListener {
  /** Events of ended processes are among those that wait now. */
  adopted(count: SpoolCount): void;
  /** Events are gone from the disk. */
  lost(loss: SpoolLoss): void;
  /** Another process ended without an exit; the event describes it. */
  runLost(event: Partial<Event>): void;
  /**
   * This process was silent for so long that another has taken its files over.
   *
   * @param waiting - the events that were on disk alone
   */
  takenOver(waiting: number): void;
}

/** Events on disk: what must survive the process. No method throws or rejects. */
export interface SpoolStore {
  /** Events that are on disk and at the same time in memory, on their way. */
  readonly inHand: number;
  /** Events that are on disk alone. */
  readonly waiting: number;
  /**
   * Appends one part, with one write. The event is in hand from then on.
   *
   * @returns `false` when it is not on disk: the caller goes on with memory alone
   */
  keep(kind: PartKind, id: string, payload: string): boolean;
  /** Whether the event is on disk. */
  holds(id: string): boolean;
  /** A destination is done with an event; without one, all are. An event nobody waits for any more is forgotten. */
  settle(id: string, destination?: string): void;
  /** Lets an event in hand wait on disk alone; {@link next} will give it out again, after those that wait already. */
  handBack(id: string): void;
  /** Takes over what ended processes left. @returns what is new among {@link waiting} */
  adopt(): Promise<SpoolCount>;
  /**
   * Hands out the oldest event that waits; it is in hand from then on.
   *
   * @param isWanted - told which destinations are done with it; what is not wanted now goes behind the others, and
   * only so many are asked about at a time
   */
  next(isWanted?: (settled: ReadonlySet<string>) => boolean): Promise<SpooledEvent | undefined>;
  /** The client ends: what is on disk may be taken over at once. */
  close(): void;
  /** The process ends: the same, but what is kept after it is written as ever, and taken over when the process is gone. */
  end(): void;
}
