import { type CaptureContext, type Snapshot, sightingBytes, snapshotBytes } from "../capture/snapshot.js";
import { type HeldAttachment, withoutData } from "../context/attachments.js";
import type { Repeats } from "../gate/repeats.js";
import type { EventBuilder } from "./build.js";

/** The fields that every waiting capture has, compact or not. */
export interface Waiting {
  readonly id: string;
  /** Later sightings of the same failure: they add what the first one lacked. */
  readonly sightings: CaptureContext[];
  /** How many captures it stands for. */
  readonly weight: number;
  bytes: number;
  /** When it may leave, on the monotonic clock. */
  readonly readyAt: number;
}

/** A capture that is not built into an event yet. */
export interface QueuedCapture extends Waiting {
  snapshot: Snapshot;
  readonly repeats?: Repeats;
  /** Ids of earlier events that reported its causes. */
  readonly related?: readonly string[];
  /** The builder to use when another process captured it. */
  readonly builder?: EventBuilder;
  /** It was read from disk, so it is less urgent than a new capture. */
  readonly isFromDisk?: boolean;
  /** Keys of the destinations that have it already. */
  readonly isDone?: ReadonlySet<string>;
}

/** `readyAt` of a capture that waits for no other sighting. */
export const AT_ONCE: number = Number.NEGATIVE_INFINITY;

/** Makes a capture ready for the queue. */
export function queuedCapture(
  snapshot: Snapshot,
  readyAt: number,
  more: Pick<QueuedCapture, "repeats" | "related" | "builder" | "isFromDisk" | "isDone"> & {
    readonly bytes: number;
  },
): QueuedCapture {
  return { id: snapshot.id, snapshot, sightings: [], weight: more.repeats?.count ?? 1, readyAt, ...more };
}

/**
 * Makes a summary event ready for the queue.
 *
 * @param snapshot - the last of the captures it stands for
 * @param sightings - later sightings of that one
 */
export function queuedSummary(
  snapshot: Snapshot,
  repeats: Repeats,
  sightings: readonly CaptureContext[],
): QueuedCapture {
  const bytes = sightings.reduce((sum, { hint }) => sum + sightingBytes(hint), snapshotBytes(snapshot));
  const summary = queuedCapture(snapshot, AT_ONCE, { repeats, bytes });
  summary.sightings.push(...sightings);
  return summary;
}

/** The same capture without the data of its own files; `undefined` when it has none. */
export function withoutFiles(capture: QueuedCapture): QueuedCapture | undefined {
  const { snapshot, bytes } = capture;
  const { attachments } = snapshot.hint;
  const fileBytes = attachments.reduce((sum: number, { data }: HeldAttachment) => sum + data.length, 0);
  if (fileBytes === 0) return undefined;
  const hint = { ...snapshot.hint, attachments: attachments.map(withoutData) };
  return { ...capture, snapshot: { ...snapshot, hint }, bytes: bytes - fileBytes };
}
