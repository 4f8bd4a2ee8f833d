/** What waits in a queue and what it weighs there, in bytes, about. */
export interface Weighed {
  readonly bytes: number;
}

/**
 * A first-in, first-out queue, bounded in bytes. Full means `push` says no: the caller folds or drops, and counts;
 * no caller ever waits.
 */
export class BoundedQueue<T extends Weighed> {
  readonly #maxBytes: number;
  #items: (T | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  /** @param maxBytes - what all items may weigh together; one item alone may weigh more */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A queue takes one item of any size when it is empty, so that no event is too big to be sent. */
  hasRoomFor(bytes: number): boolean {
    return this.size === 0 || this.#bytes + bytes <= this.#maxBytes;
  }

  push(item: T): boolean {
    if (!this.hasRoomFor(item.bytes)) return false;
    this.#items.push(item);
    this.#bytes += item.bytes;
    return true;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** The one that came last. */
  get last(): T | undefined {
    return this.#items.at(-1);
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    this.#bytes -= item.bytes;
    if (this.#head > 32 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** An item that waits here weighs more or less now, by so many bytes. */
  reweigh(by: number): void {
    this.#bytes += by;
  }
}
