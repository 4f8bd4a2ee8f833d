import type {
  Breadcrumb,
  Event,
  Exception,
  Frame,
  Json,
  LogEntry,
  RequestInfo,
  User,
} from "../model/event.js";
import { arrayOf, type Check, demand, expecting, pattern, shape } from "../model/option-checks.js";
import { normalise } from "./normalise.js";
import { scrubAssignments } from "./scrub/assignments.js";
import { isCardNumber, scrubCards } from "./scrub/cards.js";
import { scrubCookies, scrubForm } from "./scrub/cookies.js";
import { createKeyJudge, type Secrecy } from "./scrub/keys.js";
import { isTally, scrubTally, TALLIES } from "./scrub/tallies.js";
import { scrubPrivateKeys, scrubTokens } from "./scrub/tokens.js";
import { cutText } from "./text.js";

/** What is a secret beside what Corvid knows. It cannot be told to keep one. */
export interface ScrubOptions {
  /**
   * Further names whose values are taken out, everywhere. A text matches whole words in a row, in any spelling
   * (`"tenant id"`: `tenantId`, `x-tenant-id`); a RegExp is tested against the name.
   */
  readonly keys?: readonly (string | RegExp)[];
  /** Further texts that are taken out wherever they stand. They run on every text: keep them linear. */
  readonly patterns?: readonly RegExp[];
}

/**
 * Takes secrets out: `[Filtered]` stands in their place.
 *
 * Nothing given is changed: every method returns the same object when there was nothing to take out, and else a
 * copy. None throws. Attachments are not looked at.
 *
 * @internal
 */
export interface Scrubber {
  event(event: Event): Event;
  breadcrumb(crumb: Breadcrumb): Breadcrumb;
  logEntry(entry: LogEntry): LogEntry;
  /** A value; with `key`, as the one that stands under that name. */
  value(value: Json, key?: string): Json;
  text(text: string): string;
}

/**
 * What the option `scrub` may be.
 *
 * @internal
 */
export const scrubCheck: Check = shape({
  keys: arrayOf(pattern),
  patterns: arrayOf(expecting("a RegExp", (value) => value instanceof RegExp)),
});

const PLACEHOLDER = "[Filtered]";

/** Deeper than anything that was normalised; what lies below is taken out unseen. */
const MAX_DEPTH = 64;

/**
 * Makes a scrubber.
 *
 * @throws {OptionsError} when an option is not what it should be
 * @internal
 */
export function createScrubber(options: ScrubOptions = {}): Scrubber {
  demand("scrub", options, scrubCheck);
  const judge = createKeyJudge(options.keys);
  const patterns = (options.patterns ?? []).map(
    (pattern) => new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, "")}g`),
  );

  /** What can be told by its shape. */
  const shapes = (text: string): string => {
    let result = scrubCards(scrubTokens(text, PLACEHOLDER), PLACEHOLDER);
    for (const pattern of patterns) result = result.replace(pattern, PLACEHOLDER);
    return result;
  };
  const text = (given: string): string => {
    if (given.length < SHORTEST_SECRET && patterns.length === 0) return given;
    // Private keys first: behind `private_key=` only their first word would pass for the value.
    const keyless = scrubPrivateKeys(given, PLACEHOLDER);
    const result = shapes(scrubAssignments(keyless, judge, PLACEHOLDER));
    return result !== given && BRACKETED.test(given) ? keepJson(given, result) : result;
  };

  /** JSON must stay JSON, yet in text `[Filtered]` may have come to stand where a number stood. */
  const keepJson = (given: string, result: string): string => {
    if (parseJson(result) !== undefined) return result;
    const parsed = parseJson(given);
    return parsed === undefined ? result : JSON.stringify(value(parsed));
  };

  const value = (given: Json, key?: string, depth = 0): Json => {
    if (key !== undefined) {
      const secrecy = judge(key);
      if (secrecy !== "innocent" && isHidden(given, secrecy)) return PLACEHOLDER;
    }
    if (typeof given === "string") return text(given);
    if (typeof given === "number") return isCardNumber(given) ? PLACEHOLDER : given;
    if (typeof given !== "object" || given === null) return given;
    if (depth >= MAX_DEPTH) return PLACEHOLDER;
    return Array.isArray(given)
      ? list(given, depth + 1)
      : mapRecord(given as Readonly<Record<string, Json>>, (entry, name) => value(entry, name, depth + 1));
  };

  /** A list may be a command line in pieces: `["--password", "x"]`. */
  const list = (given: readonly Json[], depth: number): readonly Json[] =>
    mapList(given, (item, i) => {
      const before = given[i - 1];
      const name =
        typeof before === "string" && typeof item === "string"
          ? /^--?([A-Za-z][\w-]{0,63})$/.exec(before)?.[1]
          : undefined;
      return value(item, name, depth);
    });

  const record = <T extends Readonly<Record<string, Json>>>(given: T): T =>
    mapRecord(given, (entry, name) => value(entry, name, 1)) as T;
  const textRecord = (given: Record<string, string>): Record<string, string> =>
    mapRecord(given, (entry, name) => String(value(entry, name)));
  const form = (given: string): string => scrubForm(given, judge, text, PLACEHOLDER);
  const header = (entry: string, name: string): string =>
    /^(?:set-)?cookie$/i.test(name)
      ? scrubCookies(entry, judge, text, PLACEHOLDER)
      : String(value(entry, name));

  const request = (given: RequestInfo): RequestInfo =>
    change(given, {
      url: text,
      query_string: form,
      headers: (headers) => mapRecord(headers, header),
      cookies: textRecord,
      data: (data) => (typeof data === "string" && FORM.test(data) ? form(data) : value(data)),
      env: textRecord,
    });

  const frame = (given: Frame): Frame => {
    const named = change(given, { abs_path: text, filename: text, vars: record });
    return sourceLines(named, shapes);
  };

  const exception = (given: Exception): Exception =>
    change(given, {
      value: text,
      mechanism: (mechanism) => change(mechanism, { description: text, data: record }),
      stacktrace: (stack) => change(stack, { frames: (frames) => mapList(frames, frame) }),
    });

  /** What was a secret in its place in the message is none by itself: `password=%s`. */
  const logEntry = (given: LogEntry): LogEntry => {
    const scrubbed = change(given, { formatted: text, message: text });
    const { formatted } = scrubbed;
    const isTakenOut = (param: string): boolean =>
      formatted !== given.formatted && param !== "" && !formatted.includes(param);
    return change(scrubbed, {
      params: (params) => mapList(params, (param) => (isTakenOut(param) ? PLACEHOLDER : text(param))),
    });
  };

  const breadcrumb = (crumb: Breadcrumb): Breadcrumb =>
    change(crumb, { message: text, category: text, data: record });
  const user = (given: User): User => change(given, { data: record });

  const repeats = (given: Record<string, Json>): Record<string, Json> =>
    mapRecord(given, (entry, name) =>
      TALLIES.has(name) && isTally(entry) ? scrubTally(entry, text) : value(entry, name, 1),
    );

  const event = (given: Event): Event =>
    change(given, {
      message: text,
      transaction: text,
      tags: (tags) => mapRecord(tags, (entry, name) => cutText(String(value(entry, name)), 200)),
      extra: record,
      contexts: (contexts) =>
        mapRecord(contexts, (context, name) => (name === "repeats" ? repeats(context) : record(context))),
      user,
      request,
      breadcrumbs: (crumbs) => mapList(crumbs, breadcrumb),
      exception: (exceptions) => change(exceptions, { values: (all) => mapList(all, exception) }),
      threads: (threads) => change(threads, { values: (all) => mapList(all, record) }),
      fingerprint: (parts) => mapList(parts, text),
      errors: (errors) => mapList(errors, (error) => change(error, { value: text })),
    });

  return { event, breadcrumb, logEntry, value: (given, key) => value(given, key), text };
}

/**
 * What would be sent of a value: normalised, then scrubbed. For trying out `scrub` options.
 *
 * @throws {TypeError} when an option is not what it should be
 */
export function previewScrub(value: unknown, options?: ScrubOptions): Json {
  return createScrubber(options).value(normalise(value));
}

/** Nothing shorter can hold a name, a sign and a value. */
const SHORTEST_SECRET = 4;

const BRACKETED = /^\s*[{[]/;

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** A text that is a form's, whole: `a=1&b=2`, with nothing a form would encode. */
const FORM = /^[^\s=&{}"<>]+=[^\s{}"<>]*$/;

/** Nothing, yes and no tell nothing; a number under a plural is a count. */
function isHidden(value: Json, secrecy: Secrecy): boolean {
  if (value === null || typeof value === "boolean" || value === "") return false;
  return !(typeof value === "number" && secrecy === "counted");
}

/** Source lines are looked at as one text: a private key spans lines, and one search is cheaper than eleven. */
function sourceLines(frame: Frame, scrub: (text: string) => string): Frame {
  if (frame.context_line === undefined) return frame;
  const pre = frame.pre_context ?? [];
  const given = [...pre, frame.context_line, ...(frame.post_context ?? [])];
  const joined = given.join("\n");
  const scrubbed = scrub(joined);
  if (scrubbed === joined) return frame;
  const split = scrubbed.split("\n");
  // Lines that hold line ends, or a pattern that took some: then nobody knows which line is which.
  const lines = split.length === given.length ? split : given.map(() => PLACEHOLDER);
  return {
    ...frame,
    ...(frame.pre_context === undefined ? {} : { pre_context: lines.slice(0, pre.length) }),
    context_line: lines[pre.length]!,
    ...(frame.post_context === undefined ? {} : { post_context: lines.slice(pre.length + 1) }),
  };
}

/** A copy of `given` with some fields mapped, or `given` itself where nothing changed. */
function change<T extends object>(
  given: T,
  fields: { readonly [Key in keyof T]?: (value: NonNullable<T[Key]>) => T[Key] },
): T {
  let result = given;
  for (const key of Object.keys(fields) as (keyof T & string)[]) {
    const before = given[key];
    if (before === undefined || before === null) continue;
    const after = fields[key]!(before as NonNullable<T[typeof key]>);
    if (after === before) continue;
    if (result === given) result = { ...given };
    result[key] = after;
  }
  return result;
}

function mapList<T>(given: readonly T[], map: (item: T, index: number) => T): T[] {
  let result: T[] | undefined;
  for (let i = 0; i < given.length; i++) {
    const after = map(given[i]!, i);
    if (after === given[i]) continue;
    result ??= [...given];
    result[i] = after;
  }
  return result ?? (given as T[]);
}

function mapRecord<T>(
  given: Readonly<Record<string, T>>,
  map: (value: T, key: string) => T,
): Record<string, T> {
  let result: Record<string, T> | undefined;
  for (const key of Object.keys(given)) {
    const after = map(given[key]!, key);
    if (after === given[key]) continue;
    result ??= { ...given };
    Object.defineProperty(result, key, {
      value: after,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result ?? given;
}
