/** Something that goes wrong on demand. Faults meet ingest requests only, never the page and its API. */
export type Fault =
  /** Answers with this status. `accept: true` keeps the event all the same. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
      readonly body?: string;
      readonly accept?: boolean;
    }
  /** Never answers. */
  | { readonly kind: "hang" }
  /** Cuts the connection. `accept: true` keeps the event first: a lost answer (with `after-read` and `mid-answer`). */
  | {
      readonly kind: "cut";
      readonly when: "before-read" | "mid-body" | "after-read" | "mid-answer";
      readonly accept?: boolean;
    }
  /** Answers as usual, but later. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** Points elsewhere, with 307. */
  | { readonly kind: "redirect"; readonly location: string };

/** How {@link rateLimited} says it. */
export interface RateLimitedOptions {
  /** Value of `Retry-After`: seconds, or an HTTP date as text. */
  readonly retryAfter?: number | string;
  /** Value of `X-Sentry-Rate-Limits`; several make several header lines. Example: `60:error:key`. */
  readonly limits?: string | readonly string[];
  /** Default 429; the header may come with any status. */
  readonly status?: number;
  /** Keeps the event all the same. Default false. */
  readonly accept?: boolean;
}

/**
 * The fault of a rate limit; without options a bare 429.
 *
 * @see https://develop.sentry.dev/sdk/foundations/transport/rate-limiting/
 */
export function rateLimited(options: RateLimitedOptions = {}): Fault {
  const { retryAfter, limits, status = 429, accept } = options;
  const headers = {
    ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
    ...(limits === undefined ? {} : { "x-sentry-rate-limits": limits }),
  };
  return { kind: "status", status, headers, ...(accept === undefined ? {} : { accept }) };
}

const CUTS: readonly unknown[] = ["before-read", "mid-body", "after-read", "mid-answer"];

/**
 * Reads a fault that came as JSON or from untyped code.
 *
 * @throws {TypeError} saying what was expected and what came
 */
export function checkedFault(value: unknown): Fault {
  const fault = value as Record<string, unknown> | null;
  const fail = (expected: string): never => {
    throw new TypeError(`Invalid fault: expected ${expected}, received ${JSON.stringify(value)}`);
  };
  switch (fault?.["kind"]) {
    case "hang":
      break;
    case "status":
      if (!isBetween(fault["status"], 200, 599) || !Number.isInteger(fault["status"]))
        fail("a status from 200 to 599");
      if (!isHeaders(fault["headers"])) fail("headers of text or lists of text, without line breaks");
      if (fault["body"] !== undefined && typeof fault["body"] !== "string") fail("a body of text");
      break;
    case "cut":
      if (!CUTS.includes(fault["when"])) fail(`when to be one of ${CUTS.join(", ")}`);
      break;
    case "slow":
      if (!isBetween(fault["delayMs"], 0, 2 ** 31 - 1)) fail("delayMs from 0 to 2147483647");
      break;
    case "redirect":
      if (typeof fault["location"] !== "string" || !HEADER_VALUE.test(fault["location"])) fail("a location");
      break;
    default:
      fail("kind to be status, hang, cut, slow or redirect");
  }
  return value as Fault;
}

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

function isBetween(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value <= most;
}

function isHeaders(headers: unknown): boolean {
  if (headers === undefined) return true;
  if (typeof headers !== "object" || headers === null) return false;
  return Object.entries(headers).every(
    ([name, value]) =>
      HEADER_NAME.test(name) &&
      [value].flat().every((line) => typeof line === "string" && HEADER_VALUE.test(line)),
  );
}

/** Which fault meets the next request: the pushed ones first, one each; then the standing one. */
export interface FaultPlan {
  set(fault: Fault | undefined): void;
  push(...faults: readonly Fault[]): void;
  next(): Fault | undefined;
  /** What stands now, for people to see. */
  describe(): { readonly standing?: Fault; readonly next: readonly Fault[] };
  clear(): void;
}

/** Makes an empty plan. */
export function createFaultPlan(): FaultPlan {
  let standing: Fault | undefined;
  let queue: Fault[] = [];
  return {
    set: (fault) => {
      standing = fault === undefined ? undefined : checkedFault(fault);
    },
    push: (...faults) => {
      queue.push(...faults.map(checkedFault));
    },
    next: () => queue.shift() ?? standing,
    describe: () => ({ ...(standing ? { standing } : {}), next: [...queue] }),
    clear: () => {
      standing = undefined;
      queue = [];
    },
  };
}
