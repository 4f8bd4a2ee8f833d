import { snapshotBytes } from "../capture/snapshot.js";
import { createRepeats, type Repeats } from "../gate/repeats.js";
import type { Workshop } from "../pipeline/build.js";
import { AT_ONCE, type Pending, pendingOf } from "../pipeline/capture-queue.js";
import type { Envelope } from "../transport/envelope.js";
import { readCapture, readSighting } from "./capture-reader.js";
import { readFinished } from "./finished.js";
import type { SpooledEvent } from "./store.js";

/** An event from disk, as far as it had come. */
export type Recalled = { readonly pending: Pending } | { readonly envelope: Envelope };

export interface RecallOptions {
  readonly workshop: Workshop;
  /** What this process wrote at the head of its own files. */
  readonly ownHead: string;
  /** The workshop for captures of the process that wrote this head. May throw. */
  workshopOf(head: string): Workshop;
}

/** Reads events that were written by this process or another. */
export class Recall {
  readonly #options: RecallOptions;
  /** Of the last head that was read: most of a backlog has the same one. */
  #last: { readonly head: string; readonly workshop: Workshop | undefined } | undefined;

  constructor(options: RecallOptions) {
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
  #pending({ id, head, parts, more, settled }: SpooledEvent): Pending {
    const last = parts.findLastIndex(({ kind }) => kind === "raw");
    const snapshot = readCapture(id, parts[last]!.payload);
    const sightings = parts.filter((_, index) => index !== last).map(({ payload }) => readSighting(payload));
    const pending = pendingOf(snapshot, AT_ONCE, {
      bytes: snapshotBytes(snapshot),
      repeats: repeatsOf(snapshot, more),
      workshop: this.#workshop(head),
      isFromDisk: true,
      isDone: settled,
    });
    pending.sightings.push(...sightings);
    return pending;
  }

  /** `undefined` for captures of this process, which are made where they always are. */
  #workshop(head: string): Workshop | undefined {
    if (this.#last?.head === head) return this.#last.workshop;
    const workshop = head === this.#options.ownHead ? undefined : this.#options.workshopOf(head);
    this.#last = { head, workshop };
    return workshop;
  }
}

function repeatsOf(
  snapshot: Pending["snapshot"],
  { count, last }: SpooledEvent["more"],
): Repeats | undefined {
  if (count === 0) return undefined;
  const repeats = createRepeats();
  repeats.add(snapshot);
  repeats.addUnseen(count, Number(last) || snapshot.timestamp);
  return repeats;
}
