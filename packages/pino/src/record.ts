import { ERROR_KEYS, findLoggedError, type LoggedError, type LogRecord } from "@corvid/core/bridge";
import { type LoggerSettings, settingsOf } from "./internals.js";

/** The few parts of a logger that are read. */
export interface PinoLike {
  readonly levels?: { readonly labels: Readonly<Record<number, string>> };
}

/** One call of a log method. */
export interface LoggedLine {
  readonly logger: PinoLike;
  /** What the method got to write. */
  readonly args: readonly unknown[];
  /** What the application gave, before a hook of its own had a hand in it. */
  readonly given: readonly unknown[];
}

type Fields = Record<string, unknown>;

/** Longest line that is taken apart, in characters; parsing takes about a millisecond then. */
const MAX_LINE = 262_144;
/** Longest bindings that are. */
const MAX_BINDINGS = 65_536;

/**
 * A call of a log method as a record.
 *
 * @param text - the line as it was written; `undefined` when none was
 */
export function recordOf({ logger, args, given }: LoggedLine, text: string | undefined): LogRecord {
  const settings = settingsOf(logger);
  const found = findError(args, settings) ?? findError(given, settings);
  const { name, bindings, message, fields } = contentOf(text, bindingsOf(logger, settings), settings);
  const { template, params } = templateOf(args, settings);
  return {
    logger: name,
    message: message ?? template,
    ...(isShownBy(message, template, params) ? { template, params } : {}),
    error: found?.error,
    errorKey: found?.errorKey,
    bindings,
    fields,
  };
}

/** What a logger adds to all its lines. */
interface Bindings {
  /** As it stands in the line. */
  readonly text: string;
  readonly name: string | undefined;
  readonly bindings: Fields;
}

/** Taken apart once per logger, while they stay the same. */
const known = new WeakMap<object, Bindings>();

function bindingsOf(logger: PinoLike, { bindings: text }: LoggerSettings): Bindings {
  const before = known.get(logger);
  if (before?.text === text) return before;
  const { pid, hostname, name, ...bindings } = parse(`{${text.slice(1)}}`, MAX_BINDINGS) ?? {};
  const read = { text, name: typeof name === "string" ? name : undefined, bindings };
  known.set(logger, read);
  return read;
}

interface Content {
  readonly name: string | undefined;
  readonly bindings: Fields;
  readonly message: string | undefined;
  readonly fields: Fields;
}

/** What a line says. Between level, time and bindings, which come first, and the message only its fields stand. */
function contentOf(text: string | undefined, of: Bindings, settings: LoggerSettings): Content {
  const { name, bindings } = of;
  if (text === undefined) return { name, bindings, message: undefined, fields: {} };
  const at = of.text === "" ? -1 : text.indexOf(of.text);
  if (at >= 0) {
    const rest = text.slice(at + of.text.length);
    return { name, bindings, ...ownPart(`{${rest.startsWith(",") ? rest.slice(1) : rest}`, settings) };
  }
  // No bindings, or a hook of the application's rewrote the line: then what it made of them counts.
  const { message, fields } = ownPart(text, settings);
  const rewritten: Fields = {};
  for (const key of Object.keys(bindings)) {
    if (fields[key] !== undefined) rewritten[key] = fields[key];
  }
  for (const key of ["level", "time", "pid", "hostname", "name", ...Object.keys(bindings)])
    delete fields[key];
  return { name, bindings: rewritten, message, fields };
}

function ownPart(
  json: string,
  { messageKey, nestedKey }: LoggerSettings,
): Pick<Content, "message" | "fields"> {
  const parsed = parse(json, MAX_LINE);
  if (parsed === undefined) return { message: undefined, fields: { line: `[${json.length} characters]` } };
  const { [messageKey]: said, ...fields } = parsed;
  const message = typeof said === "string" || said === undefined ? said : JSON.stringify(said);
  const nested = nestedKey === undefined ? undefined : fields[nestedKey];
  if (nestedKey === undefined || !isFields(nested)) return { message, fields };
  delete fields[nestedKey];
  return { message, fields: { ...fields, ...nested } };
}

function parse(json: string, longest: number): Fields | undefined {
  if (json.length > longest) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The live error of a call: the merging object itself, one of its fields, or any argument behind it. */
function findError(
  [first, ...rest]: readonly unknown[],
  { errorKey }: LoggerSettings,
): LoggedError | undefined {
  if (typeof first === "object" && isError(first)) return { error: first, errorKey };
  const found =
    typeof first === "object" && first !== null
      ? findLoggedError(first, [errorKey, ...ERROR_KEYS])
      : undefined;
  if (found !== undefined) return found;
  const error = rest.find(isError);
  return error === undefined ? undefined : { error, errorKey };
}

function isError(value: unknown): boolean {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
  } catch {
    return false;
  }
}

interface Template {
  readonly template: string | undefined;
  readonly params: readonly unknown[];
}

/** The text of a call before its values were put in, and those values. */
function templateOf([first, ...rest]: readonly unknown[], { messagePrefix }: LoggerSettings): Template {
  const [text, ...values] = typeof first === "object" || first === undefined ? rest : [first, ...rest];
  if (typeof text !== "string") return { template: undefined, params: [] };
  const marks = values.length === 0 ? [] : (text.match(/%%|%[sdfijoO]/g) ?? []);
  const places = marks.filter((mark) => mark !== "%%").length;
  return { template: messagePrefix + text, params: values.slice(0, places).map(plain) };
}

const OBJECT = "[Object]";

/** pino may have redacted what is inside of an object; the line, which is on the event too, shows what is left. */
function plain(value: unknown): unknown {
  return (typeof value === "object" && value !== null) || typeof value === "function" ? OBJECT : value;
}

/** Whether a message shows a template and its values as they are, neither redacted nor rewritten. */
function isShownBy(
  message: string | undefined,
  template: string | undefined,
  params: readonly unknown[],
): boolean {
  if (message === undefined || template === undefined || params.length === 0) return false;
  const [head = ""] = template.split("%", 1);
  return (
    message.startsWith(head) && params.every((value) => value === OBJECT || message.includes(String(value)))
  );
}
