import { isErrorLike } from "../capture/exception-text.js";
import type { CaptureHint, TagValue } from "../capture/hint.js";
import { addBreadcrumb, captureException, captureMessage } from "../context/api.js";
import { listeningClient } from "../context/current.js";
import { mergeDefined } from "../context/scope.js";
import type { Level } from "../model/event.js";
import { levelOf, severityFrom } from "../model/levels.js";
import { describe, OptionsError } from "../model/option-checks.js";
import { read } from "../model/safe-read.js";
import { isUnobserved, unobserved } from "../process/hook-guard.js";
import { cleanText, normaliseRecord } from "../process/normalise.js";
import { createKeyJudge } from "../process/scrub/keys.js";

/**
 * One rule for every log bridge: what becomes of a record.
 *
 * - From `captureLevel` up it is an **event**: `captureException` when the record holds an error, else
 *   `captureMessage`. Below, from `breadcrumbLevel` up, it is a **breadcrumb**. Everything else is left alone.
 * - The line itself is on the event as `contexts.log`: `logger`, `level`, `message`.
 * - **Bindings** (what a child logger adds to all its records) become tags when they are short and plain: a text of
 *   one line and at most 64 characters, a number or a boolean, under a name that is a legal tag and does not sound
 *   secret. Other bindings, and all **fields** of the record itself, become extra.
 * - A request's id (`reqId`, `requestId`, `req.id`, …) becomes the tag `request_id`. Of `req` and `res` nothing else is taken:
 *   they hold headers and addresses, and the framework's middleware describes the request better.
 * - Nothing is written into a scope but breadcrumbs, so no record's data shows up on another's event.
 * - While a hook of the application runs for Corvid (`beforeSend`, a processor), records are left alone.
 */
export interface LogRule {
  /** What becomes of a record of this severity, here and now. Cheap: ask before reading the record. */
  fate(severity: number): LogFate;
  /**
   * Reports a record by this rule. Never throws.
   *
   * @param read - makes the record, called only when it becomes something; may throw
   * @returns the id of its event; `undefined` when it became none
   */
  report(severity: number, read: () => LogRecord): string | undefined;
}

/** What becomes of a record. */
export type LogFate = "event" | "breadcrumb" | "ignore";

/** The names of severities that every logger knows. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

/** Which records become what. */
export interface LogRuleOptions {
  /** Records from here up become events; `false`: none. A number is on pino's scale (50 is `error`). Default `error`. */
  readonly captureLevel?: LogLevel | number | false;
  /** Records from here up become breadcrumbs; `false`: none. Default: every record that the logger writes. */
  readonly breadcrumbLevel?: LogLevel | number | false;
}

/** One record, as a bridge reads it from its logger. */
export interface LogRecord {
  /** The logger's own word for it, to be shown. */
  readonly level?: string | undefined;
  /** The text of the line. */
  readonly message?: string | undefined;
  /** The text with its `%s` still in place, and their values: such messages group by their template. */
  readonly template?: string | undefined;
  readonly params?: readonly unknown[] | undefined;
  /** Name of the logger. */
  readonly logger?: string | undefined;
  /** The live error; without, it is looked for among the fields (see {@link findLoggedError}). */
  readonly error?: unknown;
  /** The field that holds the error: it is not repeated among the others. */
  readonly errorKey?: string | undefined;
  /** What the child logger adds to all its records. */
  readonly bindings?: Readonly<Record<string, unknown>> | undefined;
  /** The record's own values. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
  /** When it was logged, in milliseconds since the Unix epoch. Default: now. */
  readonly time?: number | undefined;
}

/** An error found in a record, and the field it stood in. */
export interface LoggedError {
  readonly error: unknown;
  readonly errorKey: string;
}

/** The fields in which applications put errors. */
export const ERROR_KEYS: readonly string[] = ["err", "error", "exception"];

/**
 * The error of a record: the first of `keys` that holds one, or whose value has one as its `cause`. Objects that
 * carry a message as errors do count too, such as errors from another process.
 */
export function findLoggedError(
  fields: unknown,
  keys: readonly string[] = ERROR_KEYS,
): LoggedError | undefined {
  if (typeof fields !== "object" || fields === null) return undefined;
  for (const errorKey of keys) {
    const value = read(fields, errorKey);
    if (isErrorLike(value)) return { error: value, errorKey };
    const cause = typeof value === "object" && value !== null ? read(value, "cause") : undefined;
    if (isErrorLike(cause)) return { error: cause, errorKey };
  }
  return undefined;
}

/**
 * Makes the rule of one bridge.
 *
 * @param origin - name of the logging library; events carry `auto.log.<origin>` as their mechanism
 * @throws {OptionsError} for a level that is none
 */
export function createLogRule(origin: string, options: LogRuleOptions = {}): LogRule {
  const captureFrom = threshold("captureLevel", options.captureLevel ?? "error");
  const breadcrumbFrom = threshold("breadcrumbLevel", options.breadcrumbLevel ?? 0);

  const fate = (severity: number): LogFate => {
    if (listeningClient() === undefined || isUnobserved()) return "ignore";
    if (severity >= captureFrom) return "event";
    return severity >= breadcrumbFrom ? "breadcrumb" : "ignore";
  };

  return {
    fate,
    report(severity, readRecord) {
      const decided = fate(severity);
      if (decided === "ignore") return undefined;
      const level = levelOf(severity);
      try {
        return unobserved(() =>
          decided === "event" ? capture(origin, level, readRecord()) : leaveCrumb(level, readRecord()),
        );
      } catch {
        // Whatever a record is made of, the line that was logged matters more.
        return undefined;
      }
    },
  };
}

function threshold(option: string, level: LogLevel | number | false): number {
  if (level === false) return Number.POSITIVE_INFINITY;
  const severity = typeof level === "number" ? level : severityFrom(level);
  if (severity === undefined || Number.isNaN(severity))
    throw new OptionsError(
      option,
      "trace, debug, info, warn, error, fatal, a number or false",
      describe(level),
    );
  return severity;
}

function capture(origin: string, level: Level, record: LogRecord): string {
  const found = errorOf(record);
  const { message, template, params } = record;
  const hint: CaptureHint = {
    level,
    ...facts(record, found?.errorKey),
    contexts: { log: lineOf(record) },
    ...(record.logger === undefined ? {} : { logger: record.logger }),
    mechanism: { type: `auto.log.${origin}`, handled: true },
  };
  if (found !== undefined) return captureException(found.error, hint);
  return template === undefined
    ? captureMessage(message ?? NO_MESSAGE, hint)
    : captureMessage(template, { ...hint, params: params ?? [] });
}

/** The line itself, as far as it is known. */
function lineOf({ logger, level, message }: LogRecord): Record<string, unknown> {
  return mergeDefined({}, { logger, level, message }, (text) => text);
}

const NO_MESSAGE = "(no message)";

function leaveCrumb(level: Level, record: LogRecord): undefined {
  const found = errorOf(record);
  const data: Record<string, unknown> = {};
  for (const [key, value] of entriesOf(record.fields)) {
    if (key !== found?.errorKey && !isOfRequest(key)) data[key] = value;
  }
  if (found !== undefined) data["error"] = shortError(found.error);
  addBreadcrumb({
    category: record.logger ?? "log",
    level,
    ...(record.message === undefined ? {} : { message: record.message }),
    ...(record.time === undefined ? {} : { timestamp: record.time / 1000 }),
    // The scope makes a bounded copy.
    ...(Object.keys(data).length === 0 ? {} : { data: data as never }),
  });
}

function errorOf(
  record: LogRecord,
): { readonly error: unknown; readonly errorKey?: string | undefined } | undefined {
  return record.error === undefined || record.error === null
    ? findLoggedError(record.fields)
    : { error: record.error, errorKey: record.errorKey };
}

function shortError(error: unknown): string {
  const name = read(error, "name");
  return `${typeof name === "string" ? cleanText(name, 128) : "Error"}: ${cleanText(read(error, "message") ?? "", 1024)}`;
}

/** Tags and extra of a record, copied: together they are bounded as one value is. */
function facts(
  { bindings, fields }: LogRecord,
  errorKey: string | undefined,
): Required<Pick<CaptureHint, "tags" | "extra">> {
  const tags: Record<string, TagValue> = {};
  const extra: Record<string, unknown> = {};
  for (const [key, value] of entriesOf(bindings)) {
    if (isOfRequest(key)) continue;
    if (isTag(key, value)) tags[key] = value;
    else extra[key] = value;
  }
  for (const [key, value] of entriesOf(fields)) {
    if (key !== errorKey && !isOfRequest(key)) extra[key] = value;
  }
  const requestId = requestIdOf(fields) ?? requestIdOf(bindings);
  if (requestId !== undefined) tags["request_id"] = requestId;
  return { tags, extra: normaliseRecord(extra) };
}

const MAX_FIELDS = 100;

/** The entries of a record that can be read; a throwing getter costs its own. */
function* entriesOf(fields: Readonly<Record<string, unknown>> | undefined): Generator<[string, unknown]> {
  if (typeof fields !== "object" || fields === null) return;
  let count = 0;
  for (const key of Object.keys(fields)) {
    if (count++ >= MAX_FIELDS) return;
    const value = read(fields, key);
    if (value !== undefined) yield [key, value];
  }
}

const TAG_NAME = /^[a-zA-Z_][\w.:-]{0,31}$/;
const TAG_LENGTH = 64;
const secrecyOf = createKeyJudge();

function isTag(key: string, value: unknown): value is TagValue {
  if (!TAG_NAME.test(key) || secrecyOf(key) !== "innocent") return false;
  if (typeof value === "string") return value !== "" && value.length <= TAG_LENGTH && !/[\r\n]/.test(value);
  return typeof value === "boolean" || Number.isFinite(value);
}

const REQUEST_ID_KEYS: readonly string[] = ["reqId", "requestId", "req_id", "request_id", "x-request-id"];
const REQUEST_KEYS: ReadonlySet<string> = new Set(["req", "res", ...REQUEST_ID_KEYS]);

function isOfRequest(key: string): boolean {
  return REQUEST_KEYS.has(key);
}

function requestIdOf(fields: Readonly<Record<string, unknown>> | undefined): string | number | undefined {
  if (typeof fields !== "object" || fields === null) return undefined;
  for (const key of REQUEST_ID_KEYS) {
    const id = read(fields, key);
    if (isId(id)) return id;
  }
  const request = read(fields, "req");
  const id = typeof request === "object" && request !== null ? read(request, "id") : undefined;
  return isId(id) ? id : undefined;
}

function isId(value: unknown): value is string | number {
  return typeof value === "number" || (typeof value === "string" && value !== "");
}
