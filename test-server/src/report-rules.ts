import { isObject } from "./payload.js";
import { show } from "./payload-rules.js";

const REASONS: readonly unknown[] = [
  "queue_overflow",
  "cache_overflow",
  "buffer_overflow",
  "ratelimit_backoff",
  "network_error",
  "send_error",
  "sample_rate",
  "before_send",
  "event_processor",
  "internal_sdk_error",
  "insufficient_data",
  "backpressure",
  "ignored",
  "invalid",
];

/** One line of a client report. */
export interface Discarded {
  readonly reason: string;
  readonly category: string;
  readonly quantity: number;
}

/**
 * Reads a client report.
 *
 * @returns the lines that can be understood, and what is wrong with the others
 * @see https://develop.sentry.dev/sdk/telemetry/client-reports/
 */
export function problemsOfReport(report: unknown): { problems: string[]; discarded: Discarded[] } {
  const lines = isObject(report) ? report["discarded_events"] : undefined;
  if (!Array.isArray(lines)) return { problems: ["discarded_events must be a list"], discarded: [] };
  const problems: string[] = [];
  const discarded: Discarded[] = [];
  for (const line of lines as unknown[]) {
    const { reason, category, quantity } = (isObject(line) ? line : {}) as Record<string, unknown>;
    if (typeof reason !== "string" || typeof category !== "string" || typeof quantity !== "number") {
      problems.push(`a line must be { reason, category, quantity }, is ${show(line)}`);
      continue;
    }
    if (!REASONS.includes(reason)) problems.push(`reason ${show(reason)} is not in the protocol's list`);
    if (!(Number.isInteger(quantity) && quantity > 0))
      problems.push(`quantity must be from 1, is ${quantity}`);
    discarded.push({ reason, category, quantity });
  }
  return { problems, discarded };
}
