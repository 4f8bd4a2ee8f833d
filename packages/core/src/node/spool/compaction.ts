import type { Entries, Entry, Segment } from "./entries.js";

/** Below one part in so many that is still needed, a segment is better copied than kept. */
const SPARSE = 4;

/**
 * Events that wait so long that almost all around them are done with: their segment could go, were it not for them. To
 * move one costs a read and a write, so they are found once for each segment, and move one by one.
 */
export class Stragglers {
  readonly #entries: Entries;
  #segment: Segment | undefined;
  #left: Entry[] = [];

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  /** One that is to move away from a segment; `undefined` when enough of the segment is needed, or none can move now. */
  next(segment: Segment): Entry | undefined {
    if (segment.liveBytes === 0 || segment.liveBytes * SPARSE > segment.bytes) return undefined;
    if (this.#segment !== segment) {
      this.#segment = segment;
      this.#left = this.#entries.in(segment);
    }
    let entry = this.#left.pop();
    // Done with meanwhile, or finished, which is another line in a newer segment.
    while (entry !== undefined && entry.parts[0]?.segment !== segment) entry = this.#left.pop();
    if (entry?.state !== "reading") return entry;
    // Whoever reads it looks for it where it was.
    this.#left.unshift(entry);
    return undefined;
  }
}
