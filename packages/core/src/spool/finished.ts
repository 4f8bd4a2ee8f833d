import type { Envelope } from "../envelope.js";
import type { Attachment } from "../event.js";
import { fromBase64, toBase64 } from "./base64.js";

interface Written extends Omit<Envelope, "attachments"> {
  readonly attachments: readonly (Omit<Attachment, "data"> & { readonly base64: string })[];
}

/** A finished event as one line of text. */
export function finishedText(envelope: Envelope): string {
  const attachments = envelope.attachments.map(({ data, ...described }) => ({
    ...described,
    base64: toBase64(data),
  }));
  return JSON.stringify({ ...envelope, attachments });
}

/** The finished event again; `undefined` when the text is none of ours. */
export function readFinished(text: string): Envelope | undefined {
  try {
    const { attachments, ...written } = JSON.parse(text) as Written;
    return {
      ...written,
      attachments: attachments.map(({ base64, ...described }) => ({
        ...described,
        data: fromBase64(base64),
      })),
    };
  } catch {
    return undefined;
  }
}
