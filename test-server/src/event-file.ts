import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { isObject } from "./payload.js";
import type { ReceivedAttachment, ReceivedEvent } from "./store.js";

/** The events of earlier runs, one JSON line each, and the place for new ones. */
export interface EventFile {
  /** Lines that could not be read: torn by a crash, or damaged. */
  readonly skipped: number;
  /** @returns `false` when the file is full or closed */
  append(event: ReceivedEvent): boolean;
  /** Forgets everything. */
  clear(): void;
  close(): void;
}

const NEWLINE = 0x0a;
const CHUNK_BYTES = 64 * 1024;
/** A line longer than any event may be is skipped without holding it. */
const LINE_BYTES = 256 * 1024 * 1024;

/**
 * Opens a file of events and hands over what it holds, line by line.
 *
 * The file is only ever appended to. A last line that was torn is left where it is and skipped.
 *
 * @throws {Error} when the file cannot be opened, or holds lines and not one of them is an event: it is someone else's
 */
export function openEventFile(
  path: string,
  maxBytes: number,
  onEvent: (event: ReceivedEvent, bytes: number) => void,
): EventFile {
  const fd = openSync(path, "a+", 0o600);
  let skipped = 0;
  let read = 0;
  let size = fstatSync(fd).size;
  let open = true;
  try {
    for (const line of lines(fd)) {
      const event = line === undefined ? undefined : eventFromLine(line);
      if (event === undefined) skipped++;
      else {
        read++;
        onEvent(event, line!.length);
      }
    }
    if (read === 0 && skipped > 0) throw new Error(`${path} holds no events: is it the right file?`);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  const write = (text: string): void => {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    size += bytes.length;
  };
  if (size > 0 && !endsInNewline(fd, size)) write("\n");

  return {
    skipped,
    append(event) {
      if (!open || size >= maxBytes) return false;
      write(`${lineFromEvent(event)}\n`);
      return true;
    },
    clear() {
      if (!open) return;
      ftruncateSync(fd, 0);
      size = 0;
    },
    close() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

function lineFromEvent({ requestIndex: _, attachments, ...rest }: ReceivedEvent): string {
  return JSON.stringify({
    ...rest,
    attachments: attachments.map((attachment) => ({
      ...attachment,
      data: attachment.data.toString("base64"),
    })),
  });
}

function eventFromLine(line: Buffer): ReceivedEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line.toString("utf8"));
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { id, event, project, envelopeHeader, via, receivedAt, attachments } = value;
  if (typeof id !== "string" || typeof project !== "string" || typeof receivedAt !== "number")
    return undefined;
  if (!isObject(event) || !isObject(envelopeHeader) || !Array.isArray(attachments)) return undefined;
  return {
    id,
    event,
    project,
    envelopeHeader,
    attachments: attachments.filter(isObject).map(attachmentFrom),
    via: via === "store" ? "store" : "envelope",
    receivedAt,
    requestIndex: -1,
  };
}

function attachmentFrom(value: Readonly<Record<string, unknown>>): ReceivedAttachment {
  return {
    filename: String(value["filename"]),
    contentType: String(value["contentType"]),
    attachmentType: String(value["attachmentType"]),
    data: Buffer.from(String(value["data"]), "base64"),
  };
}

/** The lines of a file from its start, without empty ones; `undefined` stands for one that is too long. */
function* lines(fd: number): Generator<Buffer | undefined> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let parts: Buffer[] = [];
  let held = 0;
  let position = 0;
  const finished = (): Buffer | undefined => {
    const line = held > LINE_BYTES ? undefined : Buffer.concat(parts, held);
    parts = [];
    held = 0;
    return line;
  };
  for (let count = readSync(fd, chunk, 0, CHUNK_BYTES, position); count > 0; ) {
    position += count;
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1 && end < count; end = chunk.indexOf(NEWLINE, from)) {
      hold(chunk.subarray(from, end));
      from = end + 1;
      if (held > 0) yield finished();
    }
    hold(chunk.subarray(from, count));
    count = readSync(fd, chunk, 0, CHUNK_BYTES, position);
  }
  if (held > 0) yield finished();

  function hold(bytes: Buffer): void {
    held += bytes.length;
    if (held > LINE_BYTES) parts = [];
    else if (bytes.length > 0) parts.push(Buffer.from(bytes));
  }
}

function endsInNewline(fd: number, size: number): boolean {
  const last = Buffer.alloc(1);
  readSync(fd, last, 0, 1, size - 1);
  return last[0] === NEWLINE;
}
