import type { Attachment } from "../model/event.js";
import { isList, isObject, read, readText } from "../model/safe-read.js";
import { cleanText } from "../process/normalise.js";
import { byteLength } from "../process/text.js";

/** One file, and all files of an event together with it, in bytes: no server that is known takes more. */
export const MAX_ATTACHMENT_BYTES: number = 20 * 1024 * 1024;
/** Files of one event; servers refuse an event with more. */
const MAX_ATTACHMENTS = 30;
/** Files of one call that are looked at. */
const MOST_READ = 1000;

/** A file as it waits: with its data, or only with what it weighed, when it is not going to leave. */
export interface HeldAttachment extends Attachment {
  /** Bytes of the data that were left behind. */
  readonly leftBytes?: number;
}

/** Copies the files a call was given, so that what becomes of them later does not show. What is no file is left out. */
export function copyAttachments(files: unknown): HeldAttachment[] {
  if (!isList(files)) return [];
  const copies: HeldAttachment[] = [];
  const count = Math.min(Number(read(files, "length")) || 0, MOST_READ);
  for (let index = 0; index < count; index++) {
    const copy = copyAttachment(read(files, index));
    if (copy !== undefined) copies.push(copies.length < MAX_ATTACHMENTS ? copy : withoutData(copy));
  }
  return copies;
}

/** Copies one file; `undefined` for anything else. */
export function copyAttachment(file: unknown): HeldAttachment | undefined {
  if (!isObject(file)) return undefined;
  const filename = readText(file, "filename");
  const data = read(file, "data");
  if (filename === undefined || !isData(data)) return undefined;
  const contentType = readText(file, "contentType");
  const described = {
    filename: cleanText(filename.slice(-1024).replace(/^.*[\\/]/s, ""), 255) || "attachment",
    ...(contentType === undefined ? {} : { contentType: cleanText(contentType, 128) }),
  };
  if (data.length > MAX_ATTACHMENT_BYTES) return withoutData({ ...described, data });
  return { ...described, data: typeof data === "string" ? data : new Uint8Array(data) };
}

/** The same file without its data. */
export function withoutData(file: HeldAttachment): HeldAttachment {
  return { ...file, data: "", leftBytes: (file.leftBytes ?? 0) + sizeOf(file) };
}

/**
 * Which files leave with an event: the first ones that fit. The others never cost the event.
 *
 * @param maxBytes - of one file
 * @param payloadBytes - of the event itself
 * @returns the files, and what the others weighed
 */
export function chooseAttachments(
  files: readonly HeldAttachment[],
  maxBytes: number,
  payloadBytes: number,
): { readonly attachments: readonly Attachment[]; readonly leftBytes: number } {
  const attachments: Attachment[] = [];
  let room = MAX_ATTACHMENT_BYTES - payloadBytes;
  let leftBytes = 0;
  for (const file of files) {
    const bytes = sizeOf(file);
    if (file.leftBytes !== undefined) {
      leftBytes += file.leftBytes;
    } else if (bytes <= Math.min(maxBytes, room) && attachments.length < MAX_ATTACHMENTS) {
      attachments.push(file);
      room -= bytes;
    } else {
      leftBytes += bytes;
    }
  }
  return { attachments, leftBytes };
}

function isData(data: unknown): data is string | Uint8Array {
  return typeof data === "string" || (ArrayBuffer.isView(data) && data instanceof Uint8Array);
}

/** Bytes of a file. A text is measured only as long as its length leaves a doubt. */
function sizeOf({ data }: Attachment): number {
  return typeof data === "string" && data.length <= MAX_ATTACHMENT_BYTES ? byteLength(data) : data.length;
}
