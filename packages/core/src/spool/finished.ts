import type { Attachment, LogEntry } from "../model/event.js";
import type { Envelope } from "../transport/envelope.js";
import { fromBase64, toBase64 } from "./base64.js";

/** An envelope as one line of JSON, to wait on disk; read back with {@link readFinished}. */
export function finishedText(envelope: Envelope): string {
  const { kind, id, payload, logentry, attachments, trace, weight, bytes } = envelope;
  return JSON.stringify({
    kind,
    id,
    payload,
    logentry,
    attachments: attachments.map(written),
    trace,
    weight,
    bytes,
  });
}

/** The envelope that {@link finishedText} wrote; `undefined` for any other text. */
export function readFinished(text: string): Envelope | undefined {
  const value = parsed(text);
  if (value === undefined) return undefined;
  const { kind, id, payload, logentry, trace, weight, bytes } = value;
  const attachments = Array.isArray(value.attachments) ? value.attachments.map(read) : undefined;
  if (!isKind(kind) || typeof id !== "string" || !/^[0-9a-f]{32}$/.test(id)) return undefined;
  if (typeof payload !== "string" || !isJson(payload) || !isAmount(weight) || !isAmount(bytes))
    return undefined;
  if (attachments === undefined || !attachments.every((attachment) => attachment !== undefined))
    return undefined;
  return {
    kind,
    id,
    payload,
    ...(isLogEntry(logentry) ? { logentry } : {}),
    attachments,
    ...(isTexts(trace) ? { trace } : {}),
    weight,
    bytes,
  };
}

interface WrittenAttachment {
  readonly filename: string;
  readonly contentType?: string;
  /** One of the two: text stays text. */
  readonly text?: string;
  readonly base64?: string;
}

function written({ filename, contentType, data }: Attachment): WrittenAttachment {
  return {
    filename,
    contentType,
    ...(typeof data === "string" ? { text: data } : { base64: toBase64(data) }),
  };
}

function read(value: unknown): Attachment | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { filename, contentType, text, base64 } = value as Record<string, unknown>;
  const data = typeof text === "string" ? text : typeof base64 === "string" ? fromBase64(base64) : undefined;
  if (typeof filename !== "string" || data === undefined) return undefined;
  return { filename, data, ...(typeof contentType === "string" ? { contentType } : {}) };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isKind(value: unknown): value is Envelope["kind"] {
  return value === "event" || value === "client_report" || value === "check_in";
}

function isLogEntry(value: unknown): value is LogEntry {
  if (typeof value !== "object" || value === null) return false;
  const { formatted, message, params } = value as Record<string, unknown>;
  return (
    typeof formatted === "string" &&
    typeof message === "string" &&
    Array.isArray(params) &&
    params.every((param) => typeof param === "string")
  );
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string")
  );
}
