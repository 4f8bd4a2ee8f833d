import { shapeSpans } from "../process/scrub/shapes.js";

/**
 * A message without the parts that differ from one occurrence to the next: tokens of known issuers, e-mail addresses,
 * dates, IP addresses, UUIDs and other ids, numbers, values of statements, query strings. Status codes, exit codes and
 * the ports of refused connections stay. Takes time linear in the length of the message.
 *
 * @param keepsNames - text in quotes, paths and the paths of URLs stay, but for the ids within them. For failures
 * without an in-app frame, where a name may be all that separates two failures
 */
export function normaliseMessage(message: string, keepsNames = false): string {
  if (!VARYING.test(message)) return message;
  const text = withoutTokens(message).replace(PARAMETERS, "<values>").replace(EMAIL, "<email>");
  const named = (keepsNames ? text : text.replace(URL_PATH, "$1<path>"))
    .replace(QUERY, "?<text>")
    .replace(RUN, withoutRandom);
  const plain = keepsNames
    ? named.replace(QUOTED_VALUE, "$1<text>").replace(QUOTED_BEFORE, "<text>")
    : named.replace(QUOTED, "<text>").replace(PATH, "<path>");
  const short = DIGIT.test(plain)
    ? plain
        .replace(DATE, "<n>")
        .replace(ID, "<id>")
        .replace(NUMBER, (all, kept?: string) => (kept === undefined ? "<n>" : all))
    : plain;
  return short.replace(/(<(?:text|path|email|id|n)>)(?:, ?\1)+/g, "$1");
}

/** At least one of these stands in every message that changes. */
const VARYING = /[\d"'`/\\?@-]|\w{16}/;

const DIGIT = /\d|[0-9a-f]{8}-/i;

/** An apostrophe within a word is no quote: the text between two of them belongs to the message. */
const QUOTED = /"[^"\n]*"|(?<!\w)'(?:[^'\n]|'(?=\w))*'(?!\w)|`[^`\n]*`/g;

/** Text in quotes that is a value, not a name: as PostgreSQL, MySQL and `JSON.parse` introduce it. */
const QUOTED_VALUE =
  /(\b(?:entry|value|values|token|for type [\w ]{1,40}:) )(?:"[^"\n]*"|'[^'\n]*'(?!\w)|`[^`\n]*`)/gi;
const QUOTED_BEFORE = /(?<!\w)(?:"[^"\n]*"|'[^'\n]*')(?:\.\.\.)? (?=is not valid JSON)/g;

/** Values that a statement was run with: `Key (email)=(ann)`, `dup key: { email: "ann" }`, drizzle's `params:`. */
const PARAMETERS =
  /(?<=\)=\()[^()\n]*(?=\))|(?<=\bdup key: \{ ?[\w.$]{1,64}: )[^\n}]*(?=\})|(?<=^(?:params|parameters|bindings): ?)[^\n]+/gim;

const EMAIL = /(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g;

/** Scheme and host stay. */
const URL_PATH = /(?<![a-z\d])([a-z][a-z\d+.-]{0,20}:\/\/[^\s<>"'`/?#]*)[^\s<>"'`,;)]*/gi;

const PATH = /(?<![\w<>:/])(?:\/[\w.@%+<>~-]+){2,}\/?|\b[A-Z]:\\[^\s<>]+/gi;

const QUERY = /\?[\w.~%+[\]-]+=[^\s<>"'`]*/g;

/** ISO and SQL dates, `Date` texts and HTTP dates. */
const DATE = (() => {
  const month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}";
  const day = "(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? )?";
  const time = "(?:,?[ T]\\d{1,2}:\\d\\d(?::\\d\\d(?:[.,]\\d{1,9})?)?(?: ?[AP]M)?)?";
  const zone = "(?:Z| ?(?:GMT|UTC)(?:[+-]\\d{4})?(?: \\([^()\\n]{1,60}\\))?| ?[+-]\\d\\d:?\\d\\d)?";
  const date = `\\d{4}-\\d\\d-\\d\\d|${day}\\d{1,2}[ -]${month}[ -]\\d{2,4}|${day}${month} \\d{1,2},? \\d{4}`;
  return new RegExp(`(?<![\\w-])(?:${date})${time}${zone}(?![\\w-])`, "g");
})();

/** UUIDs, addresses in memory, IPv6 addresses, and hexadecimal numbers of 8 digits and more of both kinds. */
const ID =
  /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b0x[0-9a-f]+\b|(?<![\w:.])\[?(?=[a-f:]{0,8}\d)(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4}\]?(?![\w:])|(?<![0-9a-z])(?=[a-f]{0,64}\d)(?=\d{0,64}[a-f])[0-9a-f]{8,}(?![0-9a-z])/gi;

/**
 * Numbers. Kept are those that name the failure: a status, an exit code, the code of a compiler or database, the host name
 * and the port behind an `E…` code.
 */
const NUMBER = (() => {
  const code =
    "\\b(?:status(?: code)?|code|HTTP(?:\\/\\d(?:\\.\\d)?)?|errno|signal)[:=]? ?\\d{1,5}(?![\\w.,:]{0,9}\\d)";
  const vendor = "\\b(?:ORA|TNS|PLS|DPI|NJS|TS|P|E|AADSTS|SQLSTATE)[-[]?\\d{3,6}\\b";
  const name = "(?<=\\bE[A-Z_]{4,16} [a-z][a-z\\d.-]{0,100})\\d+";
  const port = "(?<=\\bE[A-Z_]{4,16} (?:(?:\\d{1,3}\\.){3}\\d{1,3}|<id>|[a-z][a-z\\d.-]{0,100})):\\d{1,5}\\b";
  const address = "(?<=\\bE[A-Z_]{4,16} )(?:\\d{1,3}\\.){3}\\d{1,3}(?=:)";
  return new RegExp(`(${code}|${vendor}|${name}|${port})|${address}|\\d+(?:[.,:]\\d+)*`, "g");
})();

/** Letters and digits with the signs that join them in base64 and in random ids. */
const RUN = /(?<![\w+=-])[A-Za-z\d_+=-][A-Za-z\d_+/=-]{15,}/g;

function withoutRandom(run: string): string {
  if (isRandom(run)) return "<id>";
  if (!run.includes("/")) return run;
  return run
    .split("/")
    .map((part) => (part.length >= 16 && isRandom(part) ? "<id>" : part))
    .join("/");
}

/** The parts of a name: words, abbreviations, numbers. */
const PART = /[A-Z]?[a-z]+|[A-Z]+|\d+/g;

/** Names are made of words; random ids change between letters, cases and digits every two characters or so. */
function isRandom(run: string): boolean {
  const parts = run.match(PART) ?? [];
  let size = 0;
  let numbers = 0;
  let singles = 0;
  for (const part of parts) {
    size += part.length;
    if (part.charCodeAt(0) < 58) numbers++;
    if (part.length === 1) singles++;
  }
  if (size < 12) return false;
  if (run.includes("/") && (run.length < 24 || !/[A-Z]/.test(run))) return false;
  const average = size / parts.length;
  if (average < (numbers >= 2 ? 2.6 : 2.2)) return true;
  if (run.length === NANOID_LENGTH && average < 3 && singles >= 2) return true;
  return numbers >= 2 && /(?:^|[_+=-])(?=[a-z]*\d+[a-z]+\d)[a-z\d]{16,}(?:$|[_+=-])/i.test(run);
}

const NANOID_LENGTH = 21;

function withoutTokens(message: string): string {
  let text = "";
  let end = 0;
  for (const span of shapeSpans(message)) {
    const token = message.slice(span.start, span.end);
    text += message.slice(end, span.start) + (/^[\d -]+$/.test(token) ? "<n>" : "<id>");
    end = span.end;
  }
  return end === 0 ? message : text + message.slice(end);
}
