import type { Attachment, Event, LogEntry } from "../model/event.js";
import type { DiscardedEvents, DropReason } from "./drops.js";

/** `check_in` is reserved for cron monitoring. */
export type EnvelopeKind = "event" | "client_report" | "check_in";

/**
 * The value that leaves: one event with its attachments, or a report of what could not leave.
 *
 * The event is kept as JSON text, because text is what a bounded queue can weigh honestly; {@link eventOf} reads it
 * back for destinations that speak another format.
 */
export interface Envelope {
  readonly kind: EnvelopeKind;
  /** The event's id; for a report a random one. 32 lower-case hex digits. */
  readonly id: string;
  /** One line of JSON, well-formed Unicode without NUL, U+0085, U+2028 or U+2029. */
  readonly payload: string;
  /** Template and values of the event's message, which servers group by. */
  readonly logentry?: LogEntry;
  readonly attachments: readonly Attachment[];
  /** Dynamic sampling context for the envelope's header: links the events of one trace. */
  readonly trace?: Readonly<Record<string, string>>;
  /** How many captures this event stands for, itself included; 0 for a report. */
  readonly weight: number;
  /** Its event has level `fatal`: at the end of the process it goes first. */
  readonly isFatal?: boolean;
  /** Its weight in a queue: bytes of payload and attachments, about. */
  readonly bytes: number;
}

/** The SDK that made an envelope, for its header. */
export interface SdkInfo {
  readonly name: string;
  readonly version: string;
}

/** Wraps a finished event. `payload` is made by {@link toPayload}. */
export function eventEnvelope(parts: {
  id: string;
  payload: string;
  logentry?: LogEntry;
  attachments?: readonly Attachment[];
  trace?: Readonly<Record<string, string>>;
  weight?: number;
  isFatal?: boolean;
}): Envelope {
  const attachments = parts.attachments ?? [];
  const bytes = attachments.reduce((sum, { data }) => sum + data.length, parts.payload.length);
  return {
    kind: "event",
    id: parts.id,
    payload: parts.payload,
    ...(parts.logentry === undefined ? {} : { logentry: parts.logentry }),
    attachments,
    trace: parts.trace,
    weight: parts.weight ?? 1,
    ...(parts.isFatal === true ? { isFatal: true } : {}),
    bytes,
  };
}

/** Wraps the counts of what was dropped. @param timestamp - seconds since the Unix epoch */
export function reportEnvelope(
  id: string,
  timestamp: number,
  discarded: readonly DiscardedEvents[],
): Envelope {
  const payload = toPayload({ timestamp, discarded_events: discarded });
  return { kind: "client_report", id, payload, attachments: [], weight: 0, bytes: payload.length };
}

/** The event of an envelope, read back from its text; a new object at each call, `undefined` for a report. */
export function eventOf(envelope: Envelope): Event | undefined {
  return envelope.kind === "event" ? (JSON.parse(envelope.payload) as Event) : undefined;
}

/** Marks on an event that attachments did not leave with it: `contexts.attachments`. @param bytes - their size */
export function withAttachmentsLeft(envelope: Envelope, bytes: number, reason: DropReason): Envelope {
  const event = bytes > 0 ? eventOf(envelope) : undefined;
  if (event === undefined) return envelope;
  const contexts = { ...event.contexts, attachments: { bytes_left: bytes, reason } };
  const payload = toPayload({ ...event, contexts });
  return { ...envelope, payload, bytes: envelope.bytes - envelope.payload.length + payload.length };
}

/**
 * One line of JSON that every known server can read: readers exist that split lines on U+0085, U+2028 and U+2029,
 * that cannot store NUL, or that refuse lone surrogates.
 */
export function toPayload(value: unknown): string {
  const json = JSON.stringify(value);
  return UNSAFE.test(json) ? json.replace(UNSAFE_ALL, (match) => SAFE[match] ?? "\\ufffd") : json;
}

// JSON.stringify writes NUL as \u0000 and lone surrogates as \udXXX; an even number of backslashes before them is text.
const UNSAFE = /[\u0085\u2028\u2029]|\\u0000|\\ud[89a-f]/;
const UNSAFE_ALL = /\\\\|[\u0085\u2028\u2029]|\\u0000|\\ud[89a-f][0-9a-f]{2}/g;
const SAFE: Readonly<Record<string, string>> = {
  "\\\\": "\\\\",
  "\u0085": "\\u0085",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

const encoder = new TextEncoder();

/**
 * Writes one envelope in the Sentry protocol.
 *
 * @param sentAt - the moment of sending, milliseconds since the Unix epoch
 * @returns UTF-8 bytes: header line, then for each item a header line (`length` in bytes), the payload, a newline
 * @see https://develop.sentry.dev/sdk/foundations/transport/envelopes/
 */
export function encodeEnvelope(envelope: Envelope, sdk: SdkInfo, sentAt: number): Uint8Array {
  const payload = encoder.encode(
    envelope.kind === "event" ? sentryText(envelope.payload, envelope.logentry) : envelope.payload,
  );
  const header = {
    ...(envelope.kind === "event" ? { event_id: envelope.id } : {}),
    sent_at: new Date(sentAt).toISOString(),
    sdk: { name: sdk.name, version: sdk.version },
    ...(envelope.trace ? { trace: envelope.trace } : {}),
  };
  const parts: Uint8Array[] = [
    encoder.encode(
      `${toPayload(header)}\n${JSON.stringify({ type: envelope.kind, length: payload.length })}\n`,
    ),
    payload,
    NEWLINE,
  ];
  for (const attachment of envelope.attachments) {
    const data = typeof attachment.data === "string" ? encoder.encode(attachment.data) : attachment.data;
    const itemHeader = {
      type: "attachment",
      length: data.length,
      filename: attachment.filename,
      content_type: attachment.contentType ?? "application/octet-stream",
      attachment_type: "event.attachment",
    };
    parts.push(encoder.encode(`${toPayload(itemHeader)}\n`), data, NEWLINE);
  }
  return concatenate(parts);
}

/**
 * The text of an event in the protocol's words: `logentry` for the message, `breadcrumbs` as `{ values }`, both last.
 * The other members are copied as text, which takes a third of the time of reading and writing them.
 *
 * @param payload - a JSON object
 */
export function sentryText(payload: string, logentry?: LogEntry): string {
  let same = "";
  let message = "";
  let breadcrumbs = "";
  for (let start = payload.indexOf('"'); start >= 0; ) {
    const keyEnd = stringEnd(payload, start);
    const end = valueEnd(payload, keyEnd);
    const key = payload.slice(start + 1, keyEnd - 1);
    const value = payload.slice(payload.indexOf(":", keyEnd) + 1, end);
    if (key === "message") {
      const entry = { ...logentry, formatted: JSON.parse(value) as string };
      message = `,"logentry":${toPayload(entry)}`;
    } else if (key === "breadcrumbs") breadcrumbs = `,"breadcrumbs":{"values":${value}}`;
    else same += `,${payload.slice(start, end)}`;
    start = payload.charAt(end) === "," ? payload.indexOf('"', end) : -1;
  }
  return `{${(same + message + breadcrumbs).slice(1)}}`;
}

/** The index behind the string that begins at `start`. */
function stringEnd(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let first = end;
    while (json.charCodeAt(first - 1) === BACKSLASH) first--;
    if ((end - first) % 2 === 0) return end + 1;
  }
  return json.length;
}

/** The index of the comma or bracket that ends the value at or behind `start`. */
function valueEnd(json: string, start: number): number {
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(json, at) - 1;
    else if (code === OPENING_BRACE || code === OPENING_BRACKET) depth++;
    else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) {
      if (depth-- === 0) return at;
    } else if (code === COMMA && depth === 0) return at;
  }
  return json.length;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

const NEWLINE = encoder.encode("\n");

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
