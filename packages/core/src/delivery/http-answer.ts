import type { SendResult } from "../transport/transport.js";
import { rateLimitsOf, retryAfterMs } from "./rate-limits.js";

/** The parts of an HTTP answer that decide. */
export interface HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  /** As received: repeated lines are a list. */
  readonly retryAfter?: string | readonly string[];
  /** `X-Sentry-Rate-Limits`. */
  readonly rateLimits?: string | readonly string[];
  /** Where a redirect points; nobody follows it. */
  readonly location?: string | readonly string[];
  /** For people, only in debug mode: the beginning of the body. */
  readonly excerpt?: string;
}

/**
 * What an answer means for the envelope, on purpose kinder than the protocol, which discards: what may be the
 * server's trouble (408, 429, 5xx but 501) is kept, what is too large (413) gets a second chance, all else is refused,
 * redirects too. Limits count with any status.
 *
 * @param now - milliseconds since the Unix epoch
 */
export function resultOfAnswer(answer: HttpAnswer, now: number): SendResult {
  const { status, statusText, excerpt } = answer;
  const limits = rateLimitsOf(answer, now);
  if (status >= 200 && status < 300) return { kind: "accepted", limits };

  const detail = `${`${status} ${statusText}`.trim()}${excerpt ? `: ${excerpt}` : ""}`;
  if (status === 429) return { kind: "retry", reason: "ratelimit_backoff", limits, detail };
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
