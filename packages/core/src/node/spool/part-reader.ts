import { open } from "node:fs/promises";
import type { Part, Segment } from "./entries.js";
import { isPassing, READ_FLAGS } from "./layout.js";
import { readLine } from "./line.js";
import { payloadOf } from "./scan.js";

/** The payload of a part; `gone`: it is not there any more, or damaged; `later`: the system has no room for it now. */
export type ReadPart = { readonly payload: string } | "gone" | "later";

interface Block {
  readonly segment: Segment;
  readonly start: number;
  readonly bytes: Buffer;
}

const AHEAD_BYTES = 256 * 1024;

/** Reads parts back. They are asked for in the order they were written, so each read takes those behind it along. */
export class PartReader {
  #block: Block | undefined;

  async read(part: Part, id: string): Promise<ReadPart> {
    const known = this.#block;
    const payload = known && holds(known, part) ? payloadIn(known, part, id) : undefined;
    if (payload !== undefined) return { payload };
    try {
      const block = await readBlock(part);
      this.#block = block;
      const fresh = holds(block, part) ? payloadIn(block, part, id) : undefined;
      return fresh === undefined ? "gone" : { payload: fresh };
    } catch (error) {
      return isPassing(error) ? "later" : "gone";
    }
  }

  /** Nothing is asked for any more. */
  clear(): void {
    this.#block = undefined;
  }
}

function holds({ segment, start, bytes }: Block, part: Part): boolean {
  return (
    part.segment === segment && part.offset >= start && part.offset + part.length <= start + bytes.length
  );
}

/** A segment that was cut off and used again has other lines where the known ones were: only the right one counts. */
function payloadIn({ start, bytes }: Block, part: Part, id: string): string | undefined {
  let payload: string | undefined;
  const from = part.offset - start;
  readLine(bytes, from, from + part.length, (line) => {
    if (line.kind === part.kind && line.id === id) payload = payloadOf(line, bytes);
  });
  return payload;
}

async function readBlock({ segment, offset, length }: Part): Promise<Block> {
  const file = await open(segment.path, READ_FLAGS);
  try {
    const wanted = Buffer.allocUnsafe(Math.max(length, AHEAD_BYTES));
    let filled = 0;
    while (filled < wanted.length) {
      const { bytesRead } = await file.read(wanted, filled, wanted.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return { segment, start: offset, bytes: wanted.subarray(0, filled) };
  } finally {
    await file.close();
  }
}
