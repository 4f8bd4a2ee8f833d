import { rateLimitsOf, retryAfterMs } from "./rate-limits.js";
import type { SendResult } from "./transport.js";

/** The answer to a POST. */
export interface HttpAnswer {
  readonly status: number;
  /** Printable ASCII. */
  readonly statusText: string;
  /** As received: repeated lines are a list. */
  readonly retryAfter?: string | readonly string[];
  /** `X-Sentry-Rate-Limits`. */
  readonly rateLimits?: string | readonly string[];
  /** `Date`: the server's clock. */
  readonly date?: string | readonly string[];
  /** Where a redirect points. Redirects are not followed. */
  readonly location?: string | readonly string[];
  /**
   * The beginning of the body, as UTF-8: 4 KiB for each envelope that a request may carry, at most 1 MiB. When the
   * process ends, only requests for several envelopes wait for it; for others it is empty then.
   */
  readonly body: string;
}

/**
 * What an answer means for the envelope, on purpose kinder than the protocol, which discards: trouble of the server
 * (408, 429, 5xx but 501) or of a proxy (407) keeps the envelope, one that is too large (413) gets a second chance, all
 * others are refused, redirects too. Limits count with any status.
 *
 * @param now - milliseconds since the Unix epoch
 */
export function resultOfAnswer(answer: HttpAnswer, now: number): SendResult {
  const { status, statusText } = answer;
  const limits = rateLimitsOf(answer, now);
  if (status >= 200 && status < 300) return { kind: "accepted", limits };

  const detail = `${status} ${statusText}`.trim();
  if (status === 429) return { kind: "retry", reason: "ratelimit_backoff", limits, detail };
  // The server itself never saw the request.
  if (status === 407) return { kind: "retry", reason: "network_error", detail };
  if (status === 408 || (status >= 500 && status !== 501)) {
    return {
      kind: "retry",
      reason: "send_error",
      afterMs: retryAfterMs(answer.retryAfter, now),
      limits,
      detail,
    };
  }
  return { kind: "refused", reason: "send_error", tooLarge: status === 413, limits, detail };
}

/** On one line, and without control characters, for terminals. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, " ");
}
