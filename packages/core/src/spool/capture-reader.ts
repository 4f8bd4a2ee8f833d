import { type CaptureContext, type HintData, type Snapshot, snapshotOf } from "../capture/snapshot.js";
import type { HeldAttachment } from "../context/attachments.js";
import { trailOf } from "../context/breadcrumbs.js";
import { recalledData } from "../context/scope.js";
import { recalledLink } from "../trace/tracer.js";
import { fromBase64 } from "./base64.js";
import type { WrittenAttachment, WrittenCapture, WrittenSurroundings } from "./capture-writer.js";

/**
 * A capture as it was written, to be made into an event as if it had just been taken. The live error is gone.
 *
 * @throws {SyntaxError | TypeError} when the text is none of ours
 */
export function readCapture(id: string, text: string): Snapshot {
  const written = JSON.parse(text) as WrittenCapture;
  const { at, stacks, exceptions, message, event } = written;
  const site = stacks[exceptions.length];
  return snapshotOf(
    id,
    at,
    {
      exceptions: exceptions.map((node, index) => ({ ...node, stack: { lines: stacks[index]! } })),
      message,
      event,
      site: site && { lines: site },
    },
    surroundingsOf(written),
    undefined,
  );
}

/**
 * A later sighting as it was written.
 *
 * @throws {SyntaxError | TypeError} when the text is none of ours
 */
export function readSighting(text: string): CaptureContext {
  return surroundingsOf(JSON.parse(text) as WrittenSurroundings);
}

function surroundingsOf(written: WrittenSurroundings): CaptureContext {
  const { crumbs, layers, hint, request, transaction, link } = written;
  return {
    trails: [trailOf(crumbs)],
    layers: layers.map(({ attachments, ...data }) =>
      recalledData({ ...data, attachments: attachments?.map(attachmentOf) ?? [] }),
    ),
    hint: hintOf(hint),
    request,
    transaction,
    trace: recalledLink(link),
  };
}

function hintOf({ attachments, ...given }: NonNullable<WrittenSurroundings["hint"]> = {}): HintData {
  return { tags: {}, extra: {}, contexts: {}, ...given, attachments: attachments?.map(attachmentOf) ?? [] };
}

function attachmentOf({ filename, contentType, base64, leftBytes }: WrittenAttachment): HeldAttachment {
  const described = { filename, ...(contentType === undefined ? {} : { contentType }) };
  return leftBytes === undefined
    ? { ...described, data: fromBase64(base64 ?? "") }
    : { ...described, data: "", leftBytes };
}
