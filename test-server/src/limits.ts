import type { EnvelopeItem } from "./envelope-reader.js";
import { Refusal } from "./refusal.js";

/** Sizes beyond which a request is refused with 413, the whole of it. The defaults are the strictest of known servers. */
export interface Limits {
  /** A body as sent. Default 20 MiB. */
  readonly bodyBytes: number;
  /** An envelope, decompressed. Default 100 MiB. */
  readonly envelopeBytes: number;
  /** An event's JSON. Default 1 MiB. */
  readonly eventBytes: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const DEFAULT_LIMITS: Limits = { bodyBytes: 20 * MIB, envelopeBytes: 100 * MIB, eventBytes: MIB };

/** Item types of the protocol. Others are accepted and ignored, for the sake of newer clients. */
export const KNOWN_ITEMS: ReadonlySet<string> = new Set([
  "event",
  "transaction",
  "attachment",
  "session",
  "sessions",
  "check_in",
  "feedback",
  "user_report",
  "client_report",
  "log",
  "trace_metric",
  "statsd",
  "metric_buckets",
  "span",
  "profile",
  "profile_chunk",
  "replay_event",
  "replay_recording",
  "replay_video",
]);

/** How many items of a type one envelope may hold; types in one line share the places. */
const COUNTS: readonly { readonly types: readonly string[]; readonly most: number }[] = [
  { types: ["event", "transaction", "feedback"], most: 1 },
  { types: ["attachment"], most: 30 },
  { types: ["client_report"], most: 100 },
  { types: ["session", "sessions"], most: 100 },
  { types: ["check_in"], most: 1 },
  { types: ["user_report"], most: 1 },
  { types: ["log"], most: 1 },
  { types: ["trace_metric"], most: 1 },
];

const BYTES: Readonly<Record<string, number>> = {
  client_report: 100 * KIB,
  check_in: 100 * KIB,
  log: 12 * MIB,
  trace_metric: 12 * MIB,
};

/** Clients are asked to stay below this, though servers take more. */
const CLIENT_REPORT_ADVISED = 4 * KIB;

/** @throws {Refusal} 413 when there are more items of a type than an envelope may hold */
export function checkItemCounts(items: readonly EnvelopeItem[]): void {
  for (const { types, most } of COUNTS) {
    const found = items.filter(({ type }) => types.includes(type));
    if (found.length > most) {
      throw new Refusal(
        413,
        `${found.length} items of type ${types.join("/")}, at most ${most} per envelope`,
      );
    }
  }
}

/**
 * @returns what is allowed but larger than advised
 * @throws {Refusal} 413 when an item is too large
 */
export function checkItemSizes(items: readonly EnvelopeItem[], limits: Limits): string[] {
  const notes: string[] = [];
  for (const { type, payload } of items) {
    const most =
      type === "event" || type === "transaction" || type === "feedback" ? limits.eventBytes : BYTES[type];
    if (most !== undefined && payload.length > most) {
      throw new Refusal(413, `item ${type} is ${payload.length} bytes long, more than ${most}`);
    }
    if (type === "client_report" && payload.length > CLIENT_REPORT_ADVISED) {
      notes.push(`a client report of ${payload.length} bytes, more than ${CLIENT_REPORT_ADVISED}`);
    }
  }
  return notes;
}
