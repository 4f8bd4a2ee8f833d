/** Where a text stands: UTF-8 on a board, which it keeps alive. */
export interface TextSlice {
  readonly board: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Few boards for thousands of texts, and little memory for one that is kept for its last text. */
const BOARD_BYTES = 256 * 1024;
/** Longer texts get a board of their own, so that none is left half empty. */
const LONGEST_SHARED = BOARD_BYTES / 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Keeps texts that may have to wait long outside of the engine's heap: thousands of small objects that stay alive make
 * its young generation grow to many times their own size, and are copied by every collection.
 *
 * A board is given back once all of its texts are forgotten; nothing has to be said for that.
 */
export class TextArena {
  #board: Uint8Array = new Uint8Array(0);
  #end = 0;
  #last: { readonly text: string; readonly place: TextSlice } | undefined;

  /** Puts a text, which must be well-formed, behind the others. */
  put(text: string): TextSlice {
    if (text.length > LONGEST_SHARED) {
      const board = encoder.encode(text);
      return { board, start: 0, end: board.length };
    }
    const place = this.#place(text);
    if (place !== undefined) return place;
    this.#board = new Uint8Array(BOARD_BYTES);
    this.#end = 0;
    return this.#place(text)!;
  }

  /** The same for texts of which several are often the same one after the other: those share a place. */
  putShared(text: string): TextSlice {
    if (text !== this.#last?.text) this.#last = { text, place: this.put(text) };
    return this.#last.place;
  }

  /** Makes room again where the last text was put, as if it had not been. */
  takeBack(place: TextSlice): void {
    if (place.board !== this.#board || place.end !== this.#end) return;
    this.#end = place.start;
    if (place === this.#last?.place) this.#last = undefined;
  }

  #place(text: string): TextSlice | undefined {
    const { read, written } = encoder.encodeInto(text, this.#board.subarray(this.#end));
    if (read < text.length) return undefined;
    const start = this.#end;
    this.#end += written;
    return { board: this.#board, start, end: this.#end };
  }
}

/** The text that was put there. */
export function textAt({ board, start, end }: TextSlice): string {
  return decoder.decode(board.subarray(start, end));
}
