import type {
  Breadcrumb,
  Event,
  Exception,
  Frame,
  Json,
  LogEntry,
  Mechanism,
  RequestInfo,
  User,
} from "../model/event.js";
import { arrayOf, type Check, demand, expecting, pattern, shape } from "../model/option-checks.js";
import { normalise } from "./normalise.js";
import { createPolicy, type PiiOptions, PLACEHOLDER } from "./scrub/policy.js";
import { isTally, scrubTally, TALLIES } from "./scrub/tallies.js";
import { createTexts } from "./scrub/text.js";
import { createValueScrubber, mapList, mapRecord } from "./scrub/values.js";
import { cutText } from "./text.js";

/** What counts as a secret beside what Corvid knows, and what does not. */
export interface ScrubOptions {
  /**
   * Further names whose values are taken out, everywhere. A string matches whole words in a row, in any spelling
   * (`"tenant id"`: `tenantId`, `x-tenant-id`); a RegExp is tested against the name.
   */
  readonly keys?: readonly (string | RegExp)[];
  /** Further texts that are taken out wherever they stand. They run on every text: keep them linear. */
  readonly patterns?: readonly RegExp[];
  /**
   * Names and places whose values leave as they are. A string is a whole name in any spelling (`"session id"`), or, with
   * a dot, a place in an event (`"extra.cart.token"`, `"request.headers.x-forwarded-for"`); a RegExp is tested against the
   * name.
   */
  readonly allow?: readonly (string | RegExp)[];
  /** `strict` also takes out e-mail addresses, IP addresses, phone numbers, and what stands under the names of such. Default `default`. */
  readonly pii?: "strict" | "default";
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
  /** The text of a message event. What was a secret in its place in the text is none by itself: `password=%s`. */
  logEntry(entry: LogEntry): LogEntry;
  mechanism(mechanism: Mechanism): Mechanism;
  /** The own properties of an error of a type. */
  own(own: Readonly<Record<string, Json>>, type: string): Record<string, Json>;
  /** A value; with `key`, as the one that stands under that name. */
  value(value: Json, key?: string): Json;
  text(text: string): string;
  /** A text that is a name, a path or a stack: only secrets by their shape are taken out of it. */
  place(text: string): string;
}

/**
 * What the option `scrub` may be.
 *
 * @internal
 */
export const scrubCheck: Check = shape({
  keys: arrayOf(pattern),
  patterns: arrayOf(expecting("a RegExp", (value) => value instanceof RegExp)),
  allow: arrayOf(pattern),
  pii: expecting('"strict" or "default"', (value) => value === "strict" || value === "default"),
});

/**
 * Makes a scrubber.
 *
 * @param pii - what the client may send of its clients
 * @throws {OptionsError} when an option is not what it should be
 * @internal
 */
export function createScrubber(options: ScrubOptions = {}, pii: PiiOptions = {}): Scrubber {
  demand("scrub", options, scrubCheck);
  return scrubberOf(options, pii);
}

function scrubberOf(
  options: ScrubOptions,
  pii: PiiOptions,
  onTaken?: (rule: string, place: string | undefined) => void,
): Scrubber {
  const policy = createPolicy(options, pii, onTaken);
  const texts = createTexts(policy, (value) => values.value(value));
  const values = createValueScrubber(policy, texts);
  const { text, place, form } = texts;
  const { value, record, header } = values;
  const named = (entry: string, name: string, at: string): string =>
    String(value(entry, name, `${at}.${name}`));

  const cookie = (entry: string, name: string): string =>
    policy.isAllowed(name) || policy.isAllowedPlace(`request.cookies.${name}`) || entry === ""
      ? entry
      : policy.identities
        ? named(entry, name, "request.cookies")
        : policy.take(`cookie: ${name}`);
  const environment = (entry: string, name: string): string =>
    name === "REMOTE_ADDR" && !policy.identities && !policy.isAllowed(name)
      ? policy.take(`identity: ${name}`)
      : named(entry, name, "request.env");

  const request = (given: RequestInfo): RequestInfo =>
    change(given, {
      method: place,
      url: text,
      query_string: form,
      headers: (headers) => mapRecord(headers, header, place),
      cookies: (cookies) => mapRecord(cookies, cookie, place),
      data: (data) =>
        typeof data === "string" && FORM.test(data) ? form(data) : value(data, undefined, "request.data"),
      env: (env) => mapRecord(env, environment, place),
    });

  const frame = (given: Frame): Frame => {
    const shown = change(given, {
      function: place,
      module: place,
      abs_path: place,
      filename: place,
      vars: (vars) => record(vars, "vars"),
    });
    return sourceLines(shown, texts.code);
  };
  const frames = (given: Frame[]): Frame[] => mapList(given, frame);

  const mechanism = (given: Mechanism): Mechanism =>
    change(given, {
      type: place,
      source: place,
      description: text,
      help_link: text,
      data: (data) => record(data, "mechanism.data"),
    });
  const exception = (given: Exception): Exception =>
    change(given, {
      type: place,
      module: place,
      value: text,
      mechanism,
      stacktrace: (stack) => change(stack, { frames }),
    });
  const thread = (given: Record<string, Json>): Record<string, Json> => {
    const { stacktrace, ...rest } = given;
    const stack = stacktrace as unknown as { frames: Frame[] } | undefined;
    const scrubbed = record(rest, "threads");
    const shown = stack?.frames === undefined ? stack : change(stack, { frames });
    return scrubbed === rest && shown === stack
      ? given
      : { ...scrubbed, ...(shown === undefined ? {} : { stacktrace: shown as unknown as Json }) };
  };

  const logEntry = (given: LogEntry): LogEntry => {
    const scrubbed = change(given, { formatted: text, message: text });
    const { formatted } = scrubbed;
    const isTakenOut = (param: string): boolean =>
      formatted !== given.formatted && param !== "" && !formatted.includes(param);
    return change(scrubbed, {
      params: (params) =>
        mapList(params, (param) => (isTakenOut(param) ? policy.take("message: parameter") : text(param))),
    });
  };

  const breadcrumb = (crumb: Breadcrumb): Breadcrumb =>
    change(crumb, {
      message: text,
      category: place,
      type: place,
      data: (data) => record(data, "breadcrumbs.data"),
    });

  /** Who it is leaves as it was given; what else is known of the user is a value as any other. */
  const user = (given: User): User => {
    const { id, username, email, name, ip_address, ...rest } = given;
    const scrubbed = record(rest as Record<string, Json>, "user");
    return scrubbed === (rest as unknown) ? given : { ...given, ...scrubbed };
  };

  const repeats = (given: Record<string, Json>): Record<string, Json> =>
    mapRecord(given, (entry, name) =>
      TALLIES.has(name) && isTally(entry)
        ? scrubTally(entry, name === "users" ? text : place)
        : value(entry, name, `contexts.repeats.${name}`),
    );
  const own = (given: Readonly<Record<string, Json>>, type: string): Record<string, Json> => {
    const { body } = given;
    const hasBody = typeof body === "string" && body !== "" && type === "SyntaxError" && !policy.bodies;
    return record(hasBody ? { ...given, body: policy.take("body: of a parser") } : given, `contexts.${type}`);
  };
  const context = (given: Record<string, Json>, name: string): Record<string, Json> =>
    name === "repeats" ? repeats(given) : own(given, name);

  const event = (given: Event): Event =>
    change(given, {
      message: text,
      logger: place,
      transaction: place,
      tags: (tags) => mapRecord(tags, (entry, name) => cutText(named(entry, name, "tags"), 200), place),
      extra: (extra) => record(extra, "extra"),
      contexts: (contexts) => mapRecord(contexts, context, place),
      user,
      request,
      breadcrumbs: (crumbs) => mapList(crumbs, breadcrumb),
      exception: (exceptions) => change(exceptions, { values: (all) => mapList(all, exception) }),
      threads: (threads) => change(threads, { values: (all) => mapList(all, thread) }),
      fingerprint: (parts) => mapList(parts, place),
      errors: (errors) => mapList(errors, (error) => change(error, { value: text })),
    });

  return {
    event,
    breadcrumb,
    logEntry,
    mechanism,
    own,
    value: (given, key) => value(given, key),
    text,
    place,
  };
}

/** One thing that a scrubber took out. */
export interface ScrubbedValue {
  /** Where it stood in the value: `user.password`; empty for the value itself. */
  readonly place: string;
  /** Why: `name: password`, `shape: github`, `cookie: sid`. */
  readonly rule: string;
}

/** What {@link previewScrub} shows. */
export interface ScrubPreview {
  /** What would be sent. */
  readonly value: Json;
  /** What was taken out, in the order in which it was found. */
  readonly taken: readonly ScrubbedValue[];
}

/**
 * Shows what would be sent of a value, and what would be taken out by which rule: normalised, then scrubbed. For trying
 * out `scrub` options.
 *
 * @throws {OptionsError} when an option is not what it should be
 */
export function previewScrub(value: unknown, options: ScrubOptions = {}): ScrubPreview {
  demand("scrub", options, scrubCheck);
  const taken: ScrubbedValue[] = [];
  const scrubber = scrubberOf(options, {}, (rule, place) => taken.push({ place: place ?? "", rule }));
  return { value: scrubber.value(normalise(value)), taken };
}

/** A text that is a form's, whole: `a=1&b=2`, with nothing a form would encode. */
const FORM = /^[^\s=&{}"<>]+=[^\s{}"<>]*$/;

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
