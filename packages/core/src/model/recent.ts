/**
 * The last few items that were added, in no order: for answers to questions that come again and again in a storm. Few
 * enough that looking through all of them costs less than an answer.
 */
export class Recent<Item> {
  readonly items: Item[] = [];
  readonly #size: number;
  #next = 0;

  constructor(size = 16) {
    this.#size = size;
  }

  /** Adds an item; the oldest one makes room. */
  add(item: Item): void {
    this.items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#size;
  }
}
