import type { PartKind } from "../../spool/store.js";
import { checksum } from "./checksum.js";

/**
 * What a line of a segment says.
 *
 * - `head`: the first line of a segment; who writes, and in which version of the format.
 * - a part of an event, as {@link PartKind} says.
 * - `whole`: an event that moved on to a newer segment, all its parts so far in one line; those before are of no use.
 * - `done`: a destination is done with the event; the payload is its name as JSON, or empty for all of them.
 * - `count`: how many `more` came before a `finished` or a `whole`, whose own lines may be gone; the payload is the number. Of
 *   {@link NOBODY}: how many unreadable lines were counted already.
 */
export type LineKind = PartKind | "head" | "whole" | "done" | "count";

/** A readable line. Offsets are within the bytes that were given. */
export interface Line {
  readonly kind: LineKind;
  /** The event's; of a head, zeros and the instance's. */
  readonly id: string;
  readonly start: number;
  /** Where the payload begins and where it, and the line without its newline, ends. */
  readonly payloadStart: number;
  readonly end: number;
}

/** The id of lines that are about no event. */
export const NOBODY: string = "0".repeat(32);

/** Nothing longer is written or read. */
export const LONGEST_PAYLOAD_BYTES: number = 16 * 1024 * 1024;

/*
 * A line: checksum of the rest (8 hex digits), kind (1 letter), id (32 hex digits), bytes of the payload (8 hex digits),
 * payload, newline. A payload never holds a newline, so after damage the next line is found by looking for one.
 */
const KIND_AT = 8;
const ID_AT = 9;
const LENGTH_AT = 41;
/** Bytes of a line in front of its payload. */
export const PREFIX_BYTES = 49;
const NEWLINE = 0x0a;

const LETTERS: Readonly<Record<LineKind, string>> = {
  head: "h",
  raw: "r",
  sighting: "s",
  more: "m",
  finished: "f",
  whole: "w",
  done: "d",
  count: "c",
};
const KINDS = new Map(
  Object.entries(LETTERS).map(([kind, letter]) => [letter.charCodeAt(0), kind as LineKind]),
);

const FIRST_SCRATCH_BYTES = 32 * 1024;
const LARGEST_SCRATCH_BYTES = 256 * 1024;
const MOST_BYTES_PER_UNIT = 3;

/** Writes lines into memory of its own, which is used again for the next. */
export class LineWriter {
  #scratch = Buffer.allocUnsafeSlow(FIRST_SCRATCH_BYTES);

  /** @returns the line, newline included; good until the next call. `undefined` when the payload is too long */
  write(kind: LineKind, id: string, payload: string): Buffer | undefined {
    const text = payload.includes("\n") ? payload.replaceAll("\n", " ") : payload;
    const bytes = this.#roomFor(text);
    if (bytes === undefined) return undefined;
    const length = bytes.write(text, PREFIX_BYTES);
    const end = PREFIX_BYTES + length;
    bytes[KIND_AT] = LETTERS[kind].charCodeAt(0);
    bytes.write(id, ID_AT, "latin1");
    writeHex(bytes, LENGTH_AT, length);
    writeHex(bytes, 0, checksum(bytes.subarray(KIND_AT, end)));
    bytes[end] = NEWLINE;
    return bytes.subarray(0, end + 1);
  }

  #roomFor(text: string): Buffer | undefined {
    const atMost = PREFIX_BYTES + text.length * MOST_BYTES_PER_UNIT + 1;
    if (atMost <= this.#scratch.length) return this.#scratch;
    if (atMost <= LARGEST_SCRATCH_BYTES) {
      this.#scratch = Buffer.allocUnsafeSlow(LARGEST_SCRATCH_BYTES);
      return this.#scratch;
    }
    const length = Buffer.byteLength(text);
    return length > LONGEST_PAYLOAD_BYTES ? undefined : Buffer.allocUnsafe(PREFIX_BYTES + length + 1);
  }
}

/**
 * Reads what stands between two newlines: one record; none when it is damaged; several when only newlines between them
 * are. A record is called good only when its checksum agrees.
 *
 * @param start - where it begins in `bytes`; `end`: where it ends, without the newline
 * @returns whether something was unreadable
 */
export function readLine(bytes: Buffer, start: number, end: number, onLine: (line: Line) => void): boolean {
  let at = start;
  while (at < end) {
    // Past a good record there is a newline that no longer is one, or nothing at all.
    const line = recordAt(bytes, at, end) ?? (at > start ? recordAt(bytes, at + 1, end) : undefined);
    if (line === undefined) return at === start || end - at > 1;
    onLine(line);
    at = line.end;
  }
  return false;
}

/** The record that begins at `start` and ends at `end` or before it. */
function recordAt(bytes: Buffer, start: number, end: number): Line | undefined {
  if (end - start < PREFIX_BYTES) return undefined;
  const kind = KINDS.get(bytes[start + KIND_AT]!);
  const payloadStart = start + PREFIX_BYTES;
  const recordEnd = payloadStart + readHex(bytes, start + LENGTH_AT);
  // Written so that the NaN of an unreadable length is refused.
  if (kind === undefined || !(recordEnd <= end)) return undefined;
  if (readHex(bytes, start) !== checksum(bytes.subarray(start + KIND_AT, recordEnd))) return undefined;
  const id = bytes.toString("latin1", start + ID_AT, start + LENGTH_AT);
  return isId(id) ? { kind, id, start, payloadStart, end: recordEnd } : undefined;
}

/** Whether the text can be the id of an event: 32 lower-case hex digits. */
export function isId(id: string): boolean {
  return /^[0-9a-f]{32}$/.test(id);
}

const HEX_DIGITS = Buffer.from("0123456789abcdef");
const HEX_VALUES = new Int8Array(256).fill(-1);
HEX_DIGITS.forEach((digit, value) => {
  HEX_VALUES[digit] = value;
});

/** Eight lower-case hex digits. */
function writeHex(target: Buffer, offset: number, value: number): void {
  let rest = value;
  for (let digit = 7; digit >= 0; digit--) {
    target[offset + digit] = HEX_DIGITS[rest & 15]!;
    rest >>>= 4;
  }
}

/** @returns NaN when these are not eight lower-case hex digits */
function readHex(source: Buffer, offset: number): number {
  let value = 0;
  for (let digit = 0; digit < 8; digit++) {
    const next = HEX_VALUES[source[offset + digit]!]!;
    if (next < 0) return Number.NaN;
    value = value * 16 + next;
  }
  return value;
}
