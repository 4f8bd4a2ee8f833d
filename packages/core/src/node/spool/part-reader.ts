import { closeSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { type ReadEvent, type ReadPart, readEvent } from "./compacted.js";
import type { Entry, Part, Segment } from "./entries.js";
import { isPassing, READ_FLAGS } from "./layout.js";
import { readLine } from "./line.js";
import { payloadOf } from "./scan.js";

/** What is read; `gone`: it is not there any more, or damaged; `later`: the system has no room for it now. */
export type Answer<T> = T | "gone" | "later";

interface Block {
  readonly segment: Segment;
  readonly start: number;
  readonly bytes: Buffer;
}

const AHEAD_BYTES = 256 * 1024;

/** Reads parts back. They are asked for in the order they were written, so each read takes those behind it along. */
export class PartReader {
  #block: Block | undefined;

  /** Reads an event. Without the time of its last capture it is one all the same. */
  async read(entry: Entry): Promise<Answer<ReadEvent>> {
    const { id, moreCount, moreLast } = entry;
    const parts: ReadPart[] = [];
    for (const part of [...entry.parts]) {
      const read = await this.#readPart(part, id);
      if (typeof read === "string") return read;
      parts.push({ kind: part.kind, payload: read.payload });
    }
    const last = moreLast === undefined ? "gone" : await this.#readPart(moreLast, id);
    if (last === "later") return last;
    return readEvent(parts, moreCount, last === "gone" ? undefined : last.payload) ?? "gone";
  }

  /** Nothing is asked for any more. */
  clear(): void {
    this.#block = undefined;
  }

  async #readPart(part: Part, id: string): Promise<Answer<{ readonly payload: string }>> {
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
}

/** Reads an event at once. @throws what the system says. @returns `undefined` when it is damaged */
export function readNow({ id, parts, moreCount, moreLast }: Entry): ReadEvent | undefined {
  const read: ReadPart[] = [];
  for (const part of parts) {
    const payload = readPartNow(part, id);
    if (payload === undefined) return undefined;
    read.push({ kind: part.kind, payload });
  }
  return readEvent(read, moreCount, moreLast && readPartNow(moreLast, id));
}

function readPartNow(part: Part, id: string): string | undefined {
  const { segment, offset, length } = part;
  const file = openSync(segment.path, READ_FLAGS);
  try {
    const bytes = Buffer.allocUnsafe(length);
    if (readSync(file, bytes, 0, length, offset) < length) return undefined;
    return payloadIn({ segment, start: offset, bytes }, part, id);
  } finally {
    closeSync(file);
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
