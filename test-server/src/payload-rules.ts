import { isObject } from "./payload.js";
import type { Problem } from "./store.js";

type Found = Pick<Problem, "kind" | "detail">;
type Bag = Readonly<Record<string, unknown>>;

/** Readers in Rust stop at this depth. */
const MOST_LEVELS = 128;
const YEAR_SECONDS = 366 * 86_400;
/** Told of one event: a hostile one could have a problem in every byte. */
const MOST_PROBLEMS = 50;

/** What is known of an event besides its payload. */
interface Context {
  /** Id of the envelope's header; `undefined` for the legacy endpoint. */
  readonly headerId: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly arrivedAt: number;
}

/** Whether a value is nested deeper than receivers read. Walks without recursion: the value may be hostile. */
export function tooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_LEVELS) return true;
    level = level.flatMap((entry) =>
      typeof entry === "object" && entry !== null ? Object.values(entry) : [],
    );
  }
  return false;
}

/**
 * What in an event breaks, or is cut or thrown away by, one of the known servers.
 *
 * @param text - the event as it came: one line of JSON
 * @returns at most 50 problems
 * @see https://develop.sentry.dev/sdk/foundations/transport/event-payloads/
 */
export function problemsOfEvent(event: Bag, text: string, context: Context): Found[] {
  const found: Found[] = [];
  for (const next of allProblems(event, text, context)) {
    if (found.push(next) === MOST_PROBLEMS) break;
  }
  return found;
}

function* allProblems(event: Bag, text: string, context: Context): Generator<Found> {
  yield* topLevelProblems(event, context);
  yield* tagProblems(event["tags"]);
  yield* exceptionProblems(event["exception"]);
  yield* partProblems(event);
  yield* textProblems(event, text);
}

function* textProblems(event: Bag, text: string): Generator<Found> {
  for (const [char, name] of LINE_ENDS) {
    if (text.includes(char))
      yield problem("text", `${name} stands raw in the JSON: readers exist that split lines there`);
  }
  for (const [path, value] of strings(event)) {
    if (value.includes("\0")) yield problem("text", `${path} holds a NUL`);
    if (/\p{Surrogate}/u.test(value)) yield problem("text", `${path} holds half of a surrogate pair`);
  }
}

const LINE_ENDS: readonly (readonly [string, string])[] = [
  ["\u0085", "U+0085"],
  ["\u2028", "U+2028"],
  ["\u2029", "U+2029"],
];

/** Every text of a value, keys too, with the path to it. */
function* strings(root: unknown): Generator<readonly [string, string]> {
  const open: (readonly [string, unknown])[] = [["event", root]];
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const [path, value] = entry;
    if (typeof value === "string") yield [path, value];
    if (typeof value !== "object" || value === null) continue;
    for (const [key, child] of Object.entries(value)) {
      if (!Array.isArray(value)) yield [`a key of ${path}`, key];
      open.push([`${path}.${key}`, child]);
    }
  }
}

function* topLevelProblems(event: Bag, context: Context): Generator<Found> {
  const id = event["event_id"];
  if (typeof id !== "string" || !/^[0-9a-f]{32}$/.test(id)) {
    yield problem("field", `event_id must be 32 lower-case hex digits, is ${show(id)}`);
  } else if (context.headerId !== undefined && id !== context.headerId) {
    yield problem("field", `event_id is ${id}, the envelope header says ${context.headerId}`);
  }
  yield* timeProblems(event["timestamp"], context.arrivedAt / 1000);
  if (typeof event["platform"] !== "string") yield problem("field", "platform is missing");
  if (event["level"] !== undefined && !LEVELS.includes(event["level"])) {
    yield problem("field", `level must be one of ${LEVELS.join(", ")}, is ${show(event["level"])}`);
  }
  for (const key of NOT_TO_SEND) {
    if (event[key] !== undefined) yield problem("field", `${key} is not for clients to send`);
  }
  for (const [key, value] of Object.entries(event)) {
    if (value === null) yield problem("field", `${key} is null: leave the key out`);
  }
  yield* versionProblems("release", event["release"], 200, ["latest"]);
  yield* versionProblems("environment", event["environment"], 64, ["none"]);
  const dist = event["dist"];
  if (dist !== undefined && (typeof dist !== "string" || !/^[\w.-]{1,64}$/.test(dist))) {
    yield problem("field", `dist must be 1 to 64 of a-z A-Z 0-9 _ . -, is ${show(dist)}`);
  }
  for (const [key, most] of [
    ["logger", 64],
    ["transaction", 200],
    ["server_name", 256],
  ] as const) {
    const value = event[key];
    if (typeof value === "string" && value.length > most)
      yield problem("field", `${key} is longer than ${most}`);
  }
}

const LEVELS: readonly unknown[] = ["fatal", "error", "warning", "info", "debug"];
const NOT_TO_SEND: readonly string[] = [
  "type",
  "culprit",
  "site",
  "stacktrace",
  "message",
  "version",
  "received",
];

function* timeProblems(timestamp: unknown, nowSeconds: number): Generator<Found> {
  const seconds = typeof timestamp === "string" ? Date.parse(timestamp) / 1000 : timestamp;
  if (typeof seconds !== "number" || Number.isNaN(seconds)) {
    yield problem(
      "field",
      `timestamp must be seconds since the Unix epoch or RFC 3339, is ${show(timestamp)}`,
    );
  } else if (Math.abs(seconds - nowSeconds) > YEAR_SECONDS) {
    yield problem("field", `timestamp is more than a year from now: ${show(timestamp)}; is it in seconds?`);
  }
}

function* versionProblems(
  key: string,
  value: unknown,
  mostBytes: number,
  reserved: readonly string[],
): Generator<Found> {
  if (value === undefined || value === null) return;
  if (typeof value !== "string") yield problem("field", `${key} must be text, is ${show(value)}`);
  else if (
    value.trim() === "" ||
    /[/\r\n\t\f]/.test(value) ||
    [".", "..", ...reserved].includes(value.toLowerCase())
  ) {
    yield problem(
      "field",
      `${key} ${show(value)} is discarded by servers (slash, white space or a reserved word)`,
    );
  } else if (Buffer.byteLength(value) > mostBytes)
    yield problem("field", `${key} is longer than ${mostBytes} bytes`);
}

function* tagProblems(tags: unknown): Generator<Found> {
  if (tags === undefined || tags === null) return;
  if (!isObject(tags)) {
    yield problem("tag", "tags must be an object");
    return;
  }
  if (Object.keys(tags).length > 100) yield problem("tag", "more than 100 tags");
  for (const [key, value] of Object.entries(tags)) {
    if (!/^[\w.:-]+$/.test(key)) yield problem("tag", `tag ${show(key)}: keys are a-z A-Z 0-9 _ . : -`);
    if (key.length > 32) yield problem("tag", `tag ${show(key)}: the key is longer than 32`);
    if (SERVER_TAGS.includes(key))
      yield problem("tag", `tag ${show(key)} belongs to the server and is thrown away`);
    if (typeof value !== "string")
      yield problem("tag", `tag ${show(key)}: the value must be text, is ${show(value)}`);
    else if (value === "" || value.length > 200 || value.includes("\n")) {
      yield problem("tag", `tag ${show(key)}: the value must have 1 to 200 characters on one line`);
    }
  }
}

const SERVER_TAGS: readonly string[] = ["release", "dist", "user", "filename", "function"];

function* exceptionProblems(exception: unknown): Generator<Found> {
  if (exception === undefined || exception === null) return;
  const values = isObject(exception) ? exception["values"] : undefined;
  if (!Array.isArray(values) || values.length === 0) {
    yield problem("exception", "exception must be { values: [at least one] }");
    return;
  }
  yield* treeProblems(values);
  for (const [index, value] of values.entries()) {
    if (!isObject(value)) {
      yield problem("exception", `exception ${index} is no object`);
      continue;
    }
    if (!value["type"] && !value["value"])
      yield problem("exception", `exception ${index} has neither type nor value`);
    if (mechanismOf(value)["synthetic"] === true)
      yield problem(
        "exception",
        `exception ${index}: a synthetic mechanism hides type and value from titles`,
      );
    if (isObject(value["mechanism"]) && typeof value["mechanism"]["type"] !== "string") {
      yield problem("exception", `exception ${index}: its mechanism has no type`);
    }
    for (const [key, most] of [
      ["type", 256],
      ["value", 8192],
      ["module", 256],
    ] as const) {
      const text = value[key];
      if (typeof text === "string" && text.length > most) {
        yield problem("exception", `exception ${index}: ${key} is longer than ${most}`);
      }
    }
    yield* frameProblems(value["stacktrace"], `exception ${index}`);
  }
}

/** The root is number 0 and stands last; everything else hangs below something that is there. */
function* treeProblems(values: readonly unknown[]): Generator<Found> {
  const mechanisms = values.map(mechanismOf);
  const ids: readonly unknown[] = mechanisms
    .map((mechanism) => mechanism["exception_id"])
    .filter((id) => id !== undefined);
  if (ids.length === 0) return;
  if (new Set(ids).size !== ids.length)
    yield problem("exception", "two exceptions have the same exception_id");
  if (mechanisms.at(-1)?.["exception_id"] !== 0)
    yield problem("exception", "the last exception must have exception_id 0");
  for (const { exception_id: id, parent_id: parent } of mechanisms) {
    if (id === undefined || (id === 0 && parent === undefined)) continue;
    if (id === 0) yield problem("exception", "exception_id 0 is the root and has no parent_id");
    else if (!ids.includes(parent))
      yield problem("exception", `exception_id ${show(id)} has no parent among the others`);
  }
}

function mechanismOf(value: unknown): Bag {
  return isObject(value) && isObject(value["mechanism"]) ? value["mechanism"] : {};
}

function* frameProblems(stacktrace: unknown, where: string): Generator<Found> {
  if (stacktrace === undefined) return;
  const frames = isObject(stacktrace) ? stacktrace["frames"] : undefined;
  if (!Array.isArray(frames) || frames.length === 0) {
    yield problem("frame", `${where}: a stacktrace must have frames, else be left out`);
    return;
  }
  if (frames.length > 50) yield problem("frame", `${where}: ${frames.length} frames, 50 are wanted at most`);
  for (const [index, frame] of frames.entries()) {
    const at = `${where}, frame ${index}`;
    if (!isObject(frame)) {
      yield problem("frame", `${at} is no object`);
      continue;
    }
    if (!frame["filename"] && !frame["function"])
      yield problem("frame", `${at} has neither filename nor function`);
    for (const key of ["lineno", "colno"]) {
      const value = frame[key];
      if (value !== undefined && !(Number.isInteger(value) && (value as number) >= 1)) {
        yield problem("frame", `${at}: ${key} must be a whole number from 1, is ${show(value)}`);
      }
    }
    if (
      frame["context_line"] === undefined &&
      (frame["pre_context"] !== undefined || frame["post_context"] !== undefined)
    ) {
      yield problem("frame", `${at} has lines around a context_line that is missing`);
    }
  }
}

function* partProblems(event: Bag): Generator<Found> {
  const { logentry, breadcrumbs, exception, user, request, platform } = event;
  if (logentry !== undefined && !isObject(logentry)) yield problem("field", "logentry must be an object");
  if (
    exception === undefined &&
    (logentry === undefined || (isObject(logentry) && isBlank(textOf(logentry))))
  )
    yield problem("field", "an event needs an exception or a text: servers show no title");
  if (Array.isArray(breadcrumbs)) yield problem("field", "breadcrumbs must be { values: [...] }");
  yield* emptyRows(breadcrumbs);
  if (isObject(user)) {
    if (!["id", "username", "email", "ip_address"].some((key) => user[key])) {
      yield problem("field", "user has none of id, username, email, ip_address");
    }
    if (user["ip_address"] === "{{auto}}" && platform === "node") {
      yield problem("field", "user.ip_address {{auto}} is the address of the server that reports");
    }
  }
  if (
    isObject(request) &&
    typeof request["url"] === "string" &&
    /^[a-z]+:\/\/[^/@]*:[^/@]*@/i.test(request["url"])
  ) {
    yield problem("field", "request.url holds credentials");
  }
}

/** Servers show a row's message, or what `data` says of a request. */
function* emptyRows(breadcrumbs: unknown): Generator<Found> {
  const values = isObject(breadcrumbs) ? breadcrumbs["values"] : undefined;
  if (!Array.isArray(values)) return;
  for (const [index, crumb] of values.entries()) {
    const data = isObject(crumb) && isObject(crumb["data"]) ? crumb["data"] : {};
    const isRequest = data["url"] !== undefined && data["method"] !== undefined;
    if (
      isObject(crumb) &&
      isBlank(crumb["message"]) &&
      (crumb["type"] === "http" ? !isRequest : isEmpty(data))
    )
      yield problem(
        "field",
        `breadcrumb ${index} is an empty row: it has no message and no data that is shown`,
      );
  }
}

function textOf(logentry: Bag): unknown {
  return logentry["formatted"] ?? logentry["message"];
}

function isBlank(text: unknown): boolean {
  return typeof text !== "string" || text.trim() === "";
}

function isEmpty(data: Bag): boolean {
  return Object.keys(data).length === 0;
}

function problem(kind: Found["kind"], detail: string): Found {
  return { kind, detail };
}

/** A value in a few words, for a detail. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
