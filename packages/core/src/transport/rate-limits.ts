import type { RateLimit } from "./transport.js";

/** The parts of an HTTP answer that set rate limits: status and two headers, as received. */
export interface LimitingAnswer {
  readonly status: number;
  readonly retryAfter?: string | readonly string[];
  readonly rateLimits?: string | readonly string[];
}

const DEFAULT_LIMIT_MS = 60_000;
/** A proxy's `Retry-After: 1e9` must not silence a process for ever. */
const LONGEST_LIMIT_MS = 24 * 60 * 60_000;

/** Our events travel as `error`; a limit for `default` holds them as well. A set, because unknown names are ignored. */
const CATEGORIES: ReadonlySet<string> = new Set(
  (
    "default error transaction monitor span log_item log_byte security attachment session profile profile_chunk replay " +
    "feedback trace_metric trace_metric_byte internal"
  ).split(" "),
);

/**
 * Reads the rate limits of an answer. `X-Sentry-Rate-Limits` counts with any status and, when present, alone; else a
 * 429 limits everything for `Retry-After`, or for 60 seconds.
 *
 * @param now - milliseconds since the Unix epoch, for a `Retry-After` that is a date
 * @see https://develop.sentry.dev/sdk/foundations/transport/rate-limiting/
 */
export function rateLimitsOf(answer: LimitingAnswer, now: number): readonly RateLimit[] {
  const header = joined(answer.rateLimits);
  if (header !== undefined) return parseRateLimits(header);
  if (answer.status !== 429) return [];
  return [{ category: "all", durationMs: retryAfterMs(answer.retryAfter, now) ?? DEFAULT_LIMIT_MS }];
}

/**
 * The time a `Retry-After` header asks for: seconds, whole or not, or an HTTP date.
 *
 * @returns milliseconds from 0 to a day; `undefined` when the header is absent or says nothing readable
 */
export function retryAfterMs(
  header: string | readonly string[] | undefined,
  now: number,
): number | undefined {
  const text = (typeof header === "string" ? header : header?.[0])?.trim();
  if (text === undefined || text === "") return undefined;
  const seconds = parseSeconds(text);
  if (seconds !== undefined) return clamp(seconds * 1000);
  // Date.parse reads bare numbers as years: text without a letter is no date.
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : clamp(date - now);
}

function parseRateLimits(header: string): RateLimit[] {
  const limits: RateLimit[] = [];
  // A longer header does not come from an ingest server.
  for (const part of header.slice(0, 8192).split(",")) {
    const [delay = "", names = ""] = part.split(":");
    const seconds = parseSeconds(delay.trim());
    if (seconds === undefined || !part.includes(":")) continue;
    for (const category of categoriesIn(names)) limits.push({ category, durationMs: clamp(seconds * 1000) });
  }
  return limits;
}

/** No name at all means everything; names we do not know are ignored and never turn into everything. */
function categoriesIn(names: string): readonly string[] {
  const listed = names
    .split(";")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  return listed.length === 0 ? ["all"] : listed.filter((name) => CATEGORIES.has(name));
}

function parseSeconds(text: string): number | undefined {
  return /^\+?\d+(?:\.\d*)?(?:e\d+)?$/i.test(text) ? Number(text) : undefined;
}

function clamp(durationMs: number): number {
  return Math.min(Math.max(durationMs, 0), LONGEST_LIMIT_MS);
}

/** Repeated header lines arrive as a list, and mean the same as one line with commas. */
function joined(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === "string" ? header : header?.join(",");
  return text === undefined || text.trim() === "" ? undefined : text;
}

/** The categories a destination takes nothing of, and until when. Times are monotonic milliseconds. */
export class RateLimits {
  readonly #until = new Map<string, number>();

  /** A later end wins: a shorter limit never shortens a longer one. */
  add(limits: readonly RateLimit[], now: number): void {
    for (const { category, durationMs } of limits) {
      if (category !== "all" && !CATEGORIES.has(category)) continue;
      const until = now + (Number.isFinite(durationMs) ? clamp(durationMs) : DEFAULT_LIMIT_MS);
      if (until > (this.#until.get(category) ?? 0)) this.#until.set(category, until);
    }
  }

  /** When all of `categories` are free again; 0 when they are free at `now`. */
  blockedUntil(categories: readonly string[], now: number): number {
    let latest = this.#until.get("all") ?? 0;
    for (const category of categories) latest = Math.max(latest, this.#until.get(category) ?? 0);
    return latest > now ? latest : 0;
  }
}
