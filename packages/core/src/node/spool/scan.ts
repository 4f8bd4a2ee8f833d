import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Entries, type Segment } from "./entries.js";
import { codeOf, FORMAT_VERSION, isPassing, READ_FLAGS, segmentName, segmentNumbers } from "./layout.js";
import { type Line, LONGEST_PAYLOAD_BYTES, NOBODY, PREFIX_BYTES, readLine } from "./line.js";

/** What the files of one instance hold. */
export interface Scan {
  readonly entries: Entries;
  readonly segments: Segment[];
  /** Lines that could not be read, whatever they were, and nobody has counted yet; and those somebody has. */
  readonly unreadable: number;
  readonly toldBefore: number;
  /** Files that are none: links, pipes, folders. They were left alone. */
  readonly refused: number;
}

/** What the first line of a segment says. */
export interface SegmentHead {
  /** Milliseconds since the Unix epoch. */
  readonly begunAt: number;
  /** What the writer said of itself; JSON. */
  readonly head: string;
}

/** What is read between two turns of the loop. */
const CHUNK_BYTES = 64 * 1024;
const LONGEST_LINE_BYTES = PREFIX_BYTES + LONGEST_PAYLOAD_BYTES;
const LONGEST_HEAD_BYTES = 512 * 1024;
/** No segment of ours comes near it; what is behind it in a larger file is not read. */
const LARGEST_SEGMENT_BYTES = 32 * 1024 * 1024;

/** The payload of a head. */
export function headText({ begunAt, head }: SegmentHead): string {
  return JSON.stringify({ v: FORMAT_VERSION, begun: begunAt, head });
}

/**
 * Reads the segments of an instance, in pieces, so that the loop is never held for long. Damage costs the lines it is
 * in, and nothing else.
 *
 * @param now - milliseconds since the Unix epoch: nothing was begun later
 * @throws what the system says when a file cannot be opened or read now; another time it may
 */
export async function scanFolder(
  folder: string,
  destinations: readonly string[] | undefined,
  now: number,
  onLine?: (line: Line, bytes: Buffer) => void,
): Promise<Scan> {
  const entries = new Entries(destinations, { isReading: true });
  const scan = { entries, segments: [] as Segment[], unreadable: 0, toldBefore: 0, refused: 0 };
  const lookAt = (line: Line, bytes: Buffer): void => {
    if (line.kind === "count" && line.id === NOBODY) scan.toldBefore = Number(payloadOf(line, bytes)) || 0;
    onLine?.(line, bytes);
  };
  for (const number of segmentNumbers(await readdir(folder))) {
    const path = join(folder, segmentName(number));
    const file = await openSegment(path);
    if (file === "refused") scan.refused++;
    else if (file !== undefined)
      scan.unreadable += await scanFile(file, { number, path }, scan, now, lookAt).finally(() =>
        file.close(),
      );
  }
  entries.seal();
  return { ...scan, unreadable: Math.max(0, scan.unreadable - scan.toldBefore) };
}

/** Whether a later Corvid wrote the folder, in a way this one does not know. */
export async function isNewer(folder: string): Promise<boolean> {
  for (const number of segmentNumbers(await readdir(folder))) {
    const file = await openSegment(join(folder, segmentName(number)));
    if (file === undefined || file === "refused") continue;
    const version = await versionOf(file).finally(() => file.close());
    if (version > FORMAT_VERSION) return true;
  }
  return false;
}

export function payloadOf(line: Line, bytes: Buffer): string {
  return bytes.toString("utf8", line.payloadStart, line.end);
}

/** @returns 0 when it cannot be read: then its lines, if there are any, are tried as ours */
async function versionOf(file: FileHandle): Promise<number> {
  const bytes = Buffer.allocUnsafe(LONGEST_HEAD_BYTES);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0).catch(() => ({ bytesRead: 0 }));
  const newline = bytes.subarray(0, bytesRead).indexOf(NEWLINE);
  let version = 0;
  readLine(bytes, 0, newline < 0 ? bytesRead : newline, (line) => {
    if (line.kind === "head") version = Math.max(version, versionIn(payloadOf(line, bytes)));
  });
  return version;
}

async function openSegment(path: string): Promise<FileHandle | "refused" | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, READ_FLAGS);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return undefined;
    if (isPassing(error)) throw error;
    // What O_NOFOLLOW says of a link, a socket of being opened, and a broken disk of anything.
    return "refused";
  }
  const isFile = await file.stat().then(
    (stat) => stat.isFile(),
    () => false,
  );
  if (isFile) return file;
  await file.close();
  return "refused";
}

/** @returns unreadable lines */
async function scanFile(
  file: FileHandle,
  { number, path }: { readonly number: number; readonly path: string },
  { entries, segments }: Scan,
  now: number,
  onLine: (line: Line, bytes: Buffer) => void,
): Promise<number> {
  const { mtimeMs, size } = await file.stat();
  const before = segments.at(-1);
  let segment: Segment | undefined;
  let unreadable = 0;

  const begin = (head: SegmentHead | undefined, headBytes: number): Segment => ({
    number,
    path,
    begunAt: Math.min(head?.begunAt ?? before?.begunAt ?? mtimeMs, now),
    head: head?.head ?? before?.head ?? "{}",
    headBytes,
    bytes: size,
    liveBytes: 0,
  });

  await readLines(file, {
    line(bytes, start, end, offset) {
      if (start === end) return;
      const isDamaged = readLine(bytes, start, end, (line) => {
        const payload = (): string => payloadOf(line, bytes);
        segment ??= begin(line.kind === "head" ? headIn(payload()) : undefined, line.end - line.start + 1);
        entries.apply({
          kind: line.kind,
          id: line.id,
          segment,
          offset: offset + line.start,
          length: line.end - line.start,
          payload,
        });
        onLine(line, bytes);
      });
      if (isDamaged) unreadable++;
    },
    tooLong: () => void unreadable++,
  }).catch((error) => {
    if (isPassing(error)) throw error;
    unreadable++;
  });
  segments.push(segment ?? begin(undefined, 0));
  return unreadable;
}

interface LineReader {
  /** `offset`: of `bytes` in the file. */
  line(bytes: Buffer, start: number, end: number, offset: number): void;
  tooLong(): void;
}

/** Cuts a file into lines; the last needs no newline. */
async function readLines(file: FileHandle, reader: LineReader): Promise<void> {
  let bytes = Buffer.allocUnsafe(CHUNK_BYTES);
  let filled = 0;
  let offset = 0;
  let isSkipping = false;

  for (;;) {
    const room = Math.min(bytes.length - filled, LARGEST_SEGMENT_BYTES - offset - filled);
    const { bytesRead } = room > 0 ? await file.read(bytes, filled, room, offset + filled) : { bytesRead: 0 };
    if (bytesRead === 0) break;
    let start = 0;
    let searchFrom = filled;
    filled += bytesRead;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, searchFrom);
      if (newline < 0 || newline >= filled) break;
      if (isSkipping) reader.tooLong();
      else reader.line(bytes, start, newline, offset);
      isSkipping = false;
      start = newline + 1;
      searchFrom = start;
    }
    if (isSkipping) start = filled;
    bytes.copyWithin(0, start, filled);
    filled -= start;
    offset += start;
    if (filled < bytes.length) continue;
    if (bytes.length > LONGEST_LINE_BYTES) {
      isSkipping = true;
      offset += filled;
      filled = 0;
    } else {
      bytes = Buffer.concat([bytes], bytes.length * 2);
    }
  }
  if (isSkipping) reader.tooLong();
  else reader.line(bytes, 0, filled, offset);
}

const NEWLINE = 0x0a;

function headIn(payload: string): SegmentHead | undefined {
  const { begun, head } = parsed(payload);
  return typeof begun === "number" && typeof head === "string" ? { begunAt: begun, head } : undefined;
}

function versionIn(payload: string): number {
  const { v } = parsed(payload);
  return typeof v === "number" ? v : 0;
}

function parsed(payload: string): {
  readonly v?: unknown;
  readonly begun?: unknown;
  readonly head?: unknown;
} {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
