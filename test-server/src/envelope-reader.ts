import { isObject } from "./payload.js";
import { Refusal } from "./refusal.js";

/** One item of an envelope, its payload untouched. */
export interface EnvelopeItem {
  readonly type: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Buffer;
}

/** An envelope taken apart. */
export interface ReadEnvelope {
  readonly header: Readonly<Record<string, unknown>>;
  readonly items: readonly EnvelopeItem[];
  /** What is allowed but breaks some receivers. */
  readonly notes: readonly string[];
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** Longer header lines are refused by one of the known servers. */
const HEADER_LINE_BYTES = 8192;

/**
 * Takes an envelope apart: `headers "\n" { item-headers "\n" payload "\n" }`, to the byte.
 *
 * @throws {Refusal} 400 with the byte at which the grammar is broken
 * @see https://develop.sentry.dev/sdk/foundations/transport/envelopes/
 */
export function readEnvelope(bytes: Buffer): ReadEnvelope {
  const notes: string[] = [];
  const first = readHeaderLine(bytes, 0, "the envelope header", notes);
  const items: EnvelopeItem[] = [];
  let offset = first.next;
  while (offset < bytes.length) {
    const { item, next } = readItem(bytes, offset, items.length + 1, notes);
    items.push(item);
    offset = next;
  }
  return { header: first.header, items, notes };
}

function readItem(
  bytes: Buffer,
  start: number,
  number: number,
  notes: string[],
): { item: EnvelopeItem; next: number } {
  const { header, next: from } = readHeaderLine(bytes, start, `the header of item ${number}`, notes);
  const { type, length } = header;
  if (typeof type !== "string" || type === "") {
    throw broken(start, `the header of item ${number} has no "type"`);
  }
  const end = length === undefined ? lineEnd(bytes, from) : from + checkedLength(length, start, number);
  if (end > bytes.length) {
    const present = Math.max(0, bytes.length - from);
    throw broken(
      from,
      `item ${number} (${type}) says length ${end - from}, but only ${present} ${present === 1 ? "byte follows" : "bytes follow"}`,
    );
  }
  if (end < bytes.length && bytes[end] !== NEWLINE) {
    const found = `0x${bytes[end]!.toString(16).padStart(2, "0")}`;
    throw broken(
      end,
      `a newline must follow item ${number} (${type}), found ${found}: is "length" in bytes?`,
    );
  }
  if (length === undefined && type === "attachment") {
    notes.push(`item ${number} (attachment) has no "length": a newline in its bytes would end it`);
  }
  return { item: { type, header, payload: bytes.subarray(from, end) }, next: end + 1 };
}

function readHeaderLine(
  bytes: Buffer,
  start: number,
  what: string,
  notes: string[],
): { header: Record<string, unknown>; next: number } {
  const end = lineEnd(bytes, start);
  if (end === start)
    throw broken(start, `expected ${what}, found ${end < bytes.length ? "an empty line" : "the end"}`);
  if (end - start > HEADER_LINE_BYTES) {
    notes.push(`${what} is ${end - start} bytes long; some receivers take ${HEADER_LINE_BYTES}`);
  }
  if (bytes[end - 1] === CARRIAGE_RETURN)
    notes.push(`${what} ends in CR LF; the protocol's newline is LF alone`);
  const header = parseJson(decodeUtf8(bytes.subarray(start, end), start, what), start, what);
  if (!isObject(header)) throw broken(start, `${what} must be a JSON object`);
  return { header, next: end + 1 };
}

function checkedLength(length: unknown, start: number, number: number): number {
  if (typeof length === "number" && Number.isSafeInteger(length) && length >= 0) return length;
  throw broken(
    start,
    `"length" of item ${number} must be a whole number from 0, not ${JSON.stringify(length)}`,
  );
}

function lineEnd(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(NEWLINE, from);
  return end === -1 ? Math.max(from, bytes.length) : end;
}

// A byte order mark is kept, so that it is refused: receivers exist that choke on it.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @throws {Refusal} 400 when the bytes are no UTF-8 */
export function decodeUtf8(bytes: Buffer, offset: number, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw broken(offset, `${what} is not valid UTF-8`);
  }
}

/** @throws {Refusal} 400 when the text is no JSON */
export function parseJson(text: string, offset: number, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw broken(offset, `${what} is not valid JSON: ${(error as Error).message}`);
  }
}

function broken(offset: number, detail: string): Refusal {
  return new Refusal(400, `byte ${offset}: ${detail}`);
}
