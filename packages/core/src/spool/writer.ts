import type { CaptureContext, Snapshot } from "../capture/snapshot.js";
import type { SpoolView } from "../delivery/delivery.js";
import type { Diagnostics } from "../model/diagnostics.js";
import { thrownText } from "../model/messages.js";
import type { Envelope } from "../transport/envelope.js";
import type { CaptureWriter } from "./capture-writer.js";
import { finishedText } from "./finished.js";
import type { SpoolStore } from "./store.js";

/** Writes down what is on its way, and failures out what has arrived. No method throws. */
export class SpoolWriter implements SpoolView {
  readonly store: SpoolStore;
  readonly #writer: CaptureWriter;
  readonly #diagnostics: Diagnostics;
  #isWorking = true;

  constructor(store: SpoolStore, writer: CaptureWriter, diagnostics: Diagnostics) {
    this.store = store;
    this.#writer = writer;
    this.#diagnostics = diagnostics;
  }

  /** Whether the last capture found its place on disk. */
  get isWorking(): boolean {
    return this.#isWorking;
  }

  holds({ id }: Pick<Envelope, "id">): boolean {
    return this.store.holds(id);
  }

  /** Events that are on disk and in memory. */
  get inHand(): number {
    return this.store.inHand;
  }

  /** Events that are on disk alone. */
  get waiting(): number {
    return this.store.waiting;
  }

  /** Writes a capture down. For an event that is on disk already, the new one wraps or repeats it. @returns whether it is on disk */
  keep(snapshot: Snapshot): boolean {
    this.#isWorking = this.#write("raw", snapshot.id, () => this.#writer.capture(snapshot));
    return this.#isWorking;
  }

  /** Writes down that the failure of an event was seen again. */
  sight(id: string, sighting: CaptureContext): void {
    if (this.store.holds(id)) this.#write("sighting", id, () => this.#writer.sighting(sighting));
  }

  /** Counts one more capture into an event; the first one is written as it is. */
  fold(snapshot: Snapshot): void {
    if (this.store.holds(snapshot.id)) this.#write("more", snapshot.id, () => String(snapshot.timestamp));
    else this.keep(snapshot);
  }

  /** Replaces captures by the event that was made of them. */
  finish(envelope: Envelope): void {
    if (this.store.holds(envelope.id)) this.#write("finished", envelope.id, () => finishedText(envelope));
  }

  /** A destination is done with an event; without one, all are. */
  settle(id: string, destination?: string): void {
    this.store.settle(id, destination);
  }

  /** Lets an event wait on disk alone. @returns `false` when it is not there */
  leave(id: string): boolean {
    if (!this.store.holds(id)) return false;
    this.store.handBack(id);
    return true;
  }

  /** Nothing more is written; what is on disk is anybody's. */
  close(): void {
    this.store.close();
  }

  /** What is on disk is anybody's; what is captured in the last moment of the process is still written. */
  end(): void {
    this.store.end();
  }

  /** Adds the text of a breadcrumb to what need not be made when a capture waits for it. */
  readonly prepareCrumb = (crumb: Parameters<CaptureWriter["prepare"]>[0]): void => {
    this.#writer.prepare(crumb);
  };

  #write(kind: Parameters<SpoolStore["keep"]>[0], id: string, text: () => string): boolean {
    try {
      return this.store.keep(kind, id, text());
    } catch (error) {
      this.#diagnostics.warn("spool-trouble", "an event could not be written", thrownText(error));
      return false;
    }
  }
}
