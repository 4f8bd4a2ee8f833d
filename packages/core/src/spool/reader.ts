import { snapshotBytes } from "../capture/snapshot.js";
import { createRepeats, type Repeats } from "../gate/repeats.js";
import type { EventBuilder } from "../pipeline/build.js";
import { AT_ONCE, type QueuedCapture, queuedCapture } from "../pipeline/queued-capture.js";
import type { Envelope } from "../transport/envelope.js";
import { readCapture, readSighting } from "./capture-reader.js";
import { readFinished } from "./finished.js";
import type { SpooledEvent } from "./store.js";

/** An event from disk, as far as it had come. */
export type Recalled = { readonly pending: QueuedCapture } | { readonly envelope: Envelope };

export interface SpoolReaderOptions {
  readonly builder: EventBuilder;
  /** What this process wrote at the head of its own files. */
  readonly ownHead: string;
  /** The builder for captures of the process that wrote this head. May throw. */
  builderOf(head: string): EventBuilder;
}

/** Reads events that were written by this process or another. */
export class SpoolReader {
  readonly #options: SpoolReaderOptions;
  /** Of the last head that was read: most of a backlog has the same one. */
  #last: { readonly head: string; readonly builder: EventBuilder | undefined } | undefined;

  constructor(options: SpoolReaderOptions) {
    this.#options = options;
  }

  /** The event; `undefined` when it cannot be read, for all that its checksum was right. */
  read(event: SpooledEvent): Recalled | undefined {
    try {
      const last = event.parts.at(-1);
      if (last === undefined) return undefined;
      if (last.kind !== "finished") return { pending: this.#pending(event) };
      const envelope = readFinished(last.payload);
      return envelope === undefined ? undefined : { envelope };
    } catch {
      return undefined;
    }
  }

  /** The last capture is the event; the ones before it are sightings of what it wraps. */
  #pending({ id, head, parts, more, settled }: SpooledEvent): QueuedCapture {
    const last = parts.findLastIndex(({ kind }) => kind === "raw");
    const snapshot = readCapture(id, parts[last]!.payload);
    const sightings = parts.filter((_, index) => index !== last).map(({ payload }) => readSighting(payload));
    const pending = queuedCapture(snapshot, AT_ONCE, {
      bytes: snapshotBytes(snapshot),
      repeats: repeatsOf(snapshot, more),
      builder: this.#builder(head),
      isFromDisk: true,
      isDone: settled,
    });
    pending.sightings.push(...sightings);
    return pending;
  }

  /** `undefined` for captures of this process, which are made where they always are. */
  #builder(head: string): EventBuilder | undefined {
    if (this.#last?.head === head) return this.#last.builder;
    const builder = head === this.#options.ownHead ? undefined : this.#options.builderOf(head);
    this.#last = { head, builder };
    return builder;
  }
}

function repeatsOf(
  snapshot: QueuedCapture["snapshot"],
  { count, last }: SpooledEvent["more"],
): Repeats | undefined {
  if (count === 0) return undefined;
  const repeats = createRepeats();
  repeats.add(snapshot);
  repeats.addUnseen(count, Number(last) || snapshot.timestamp);
  return repeats;
}
