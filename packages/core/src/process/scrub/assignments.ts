import type { KeyJudge, Secrecy } from "./keys.js";
import { looksRandom } from "./tokens.js";

/**
 * Secrets that are told by the name in front of them: `password=…`, `"password": "…"`, `api_key: …`, `--token …`,
 * `<password>…</password>`, in prose, JSON (whole, cut or escaped), query strings, connection strings, headers and
 * command lines.
 *
 * The search goes from separator to separator and looks back for a name, at most {@link NAME_LENGTH} characters, and
 * ahead for a value, which it then jumps over: linear whatever the text.
 */
export function scrubAssignments(text: string, judge: KeyJudge, placeholder: string): string {
  let result = withoutPairs(text, judge, placeholder);
  if (result.includes(" -u") || result.includes(" --user")) result = withoutUser(result, placeholder);
  if (result.includes("--")) result = withoutArguments(result, judge, placeholder);
  if (result.includes("</")) result = withoutElements(result, judge, placeholder);
  return result;
}

const NAME_LENGTH = 128;

/** A value to take out: from `start` to `end`, with the text that replaces it. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

function withoutPairs(text: string, judge: KeyJudge, placeholder: string): string {
  const separator = /[=:]|%3[da]/gi;
  let result = "";
  let done = 0;
  for (let match = separator.exec(text); match !== null; match = separator.exec(text)) {
    const name = nameBefore(text, match.index, done);
    if (name === undefined) continue;
    const secrecy = judgeName(name, judge);
    if (secrecy === "innocent") continue;
    const span = valueBehind(text, match, name, secrecy, placeholder);
    if (span === undefined) continue;
    result += text.slice(done, span.start) + span.replacement;
    done = span.end;
    separator.lastIndex = Math.max(span.end, match.index + 1);
  }
  return done === 0 ? text : result + text.slice(done);
}

/** A name in front of a separator. */
interface Name {
  readonly text: string;
  /** The word before it, for names in two words: `API key: …`. */
  readonly before: string;
  /** The quote around it with its backslashes, empty for none. */
  readonly quote: string;
}

function nameBefore(text: string, separatorAt: number, from: number): Name | undefined {
  let end = separatorAt;
  const lowest = Math.max(from, separatorAt - NAME_LENGTH);
  while (end > lowest && isBlank(text.charCodeAt(end - 1))) end--;
  if (end === lowest) return undefined;
  if (isQuote(text.charCodeAt(end - 1))) return quotedName(text, end, lowest);

  let start = end;
  while (start > lowest && isNameUnit(text.charCodeAt(start - 1))) start--;
  if (start === end) return undefined;
  let wordEnd = start;
  while (wordEnd > lowest && text[wordEnd - 1] === " ") wordEnd--;
  let wordStart = wordEnd;
  while (wordStart > lowest && isNameUnit(text.charCodeAt(wordStart - 1))) wordStart--;
  return { text: text.slice(start, end), before: text.slice(wordStart, wordEnd), quote: "" };
}

function quotedName(text: string, end: number, lowest: number): Name | undefined {
  const mark = text[end - 1]!;
  let nameEnd = end - 1;
  while (nameEnd > lowest && text[nameEnd - 1] === "\\") nameEnd--;
  const start = text.lastIndexOf(mark, nameEnd - 1);
  if (start < lowest || nameEnd <= lowest) return undefined;
  return { text: unescapeName(text.slice(start + 1, nameEnd)), before: "", quote: text.slice(nameEnd, end) };
}

function unescapeName(name: string): string {
  return name.includes("\\u")
    ? name.replace(/\\+u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : name;
}

/** Last words that mean something only together with the word before. */
const SECOND_WORD = /^(?:keys?|codes?|number|phrase|id|string|pass|cookie)$/i;

function judgeName(name: Name, judge: KeyJudge): Secrecy {
  const text = name.text.includes("%") ? decode(name.text) : name.text;
  const secrecy = judge(text);
  return secrecy === "innocent" && name.before !== "" && SECOND_WORD.test(text)
    ? judge(`${name.before} ${text}`)
    : secrecy;
}

/** An encoded name, in clear; of an address within an address, what stands behind its last encoded sign. */
function decode(name: string): string {
  try {
    return decodeURIComponent(name)
      .split(/[^\w$.\-[\]\x80-\uffff]/)
      .at(-1)!;
  } catch {
    return name;
  }
}

/** Names of headers whose value is the rest of the line. */
const WHOLE_LINE = /^(?:proxy-)?authorization$|^(?:set-)?cookie$/i;

function valueBehind(
  text: string,
  separator: RegExpExecArray,
  name: Name,
  secrecy: Secrecy,
  placeholder: string,
): Span | undefined {
  const sign = separator[0];
  let start = separator.index + sign.length;
  if (
    sign === ":" &&
    (text[start] === ":" || text[separator.index - 1] === ":" || text.startsWith("//", start))
  )
    return undefined;
  while (text[start] === "=" || text[start] === ">") start++;
  const signEnd = start;
  const isGap = name.quote === "" ? isSpace : isBlank;
  while (start < text.length && isGap(text.charCodeAt(start)) && start - signEnd < 64) start++;

  const quoted = quotedValue(text, start, placeholder);
  if (quoted !== undefined) return quoted;
  if (text.startsWith(placeholder, start)) return undefined;
  if ((name.quote !== "" || sign === ":") && (text[start] === "{" || text[start] === "[")) {
    const end = bracketEnd(text, start);
    return end - start <= 2 ? undefined : { start, end, replacement: name.quote + placeholder + name.quote };
  }
  const end =
    WHOLE_LINE.test(name.text) && name.quote === ""
      ? lineEnd(text, start)
      : plainEnd(text, start, name.quote !== "", sign.length > 1);
  const value = text.slice(start, end);
  if (value === "" || /^(?:true|false|null|undefined)$/i.test(value)) return undefined;
  if (secrecy === "counted" && /^\d+$/.test(value)) return undefined;
  const isProse = sign === ":" && start > signEnd && name.quote === "";
  if (isProse && secrecy !== "certain" && !(value.length >= 6 && looksRandom(value)) && value.length < 24)
    return undefined;
  return { start, end, replacement: name.quote + placeholder + name.quote };
}

/** A value in quotes, which may themselves be escaped, as in JSON within JSON; to the end where it was cut. */
function quotedValue(text: string, at: number, placeholder: string): Span | undefined {
  let open = at;
  while (text[open] === "\\" && open - at < 16) open++;
  const mark = text[open];
  if (mark === undefined || !isQuote(text.charCodeAt(open))) return undefined;
  const start = open + 1;
  const end = quoteEnd(text, start, mark, open - at);
  return end === start || text.slice(start, end) === placeholder
    ? { start, end, replacement: text.slice(start, end) }
    : { start, end, replacement: placeholder };
}

/** Where a quoted text ends, before the quote and its `depth` backslashes. */
function quoteEnd(text: string, from: number, mark: string, depth: number): number {
  for (let at = text.indexOf(mark, from); at >= 0; at = text.indexOf(mark, at + 1)) {
    let slashes = 0;
    while (at - slashes > from && text[at - slashes - 1] === "\\") slashes++;
    if (depth === 0 ? slashes % 2 === 0 : slashes <= depth) return at - Math.min(slashes, depth);
  }
  return text.length;
}

/** Behind the bracket that closes the one at `start`; the end of the text where there is none. */
function bracketEnd(text: string, start: number): number {
  const mark = /["'{}[\]]/g;
  mark.lastIndex = start;
  let depth = 0;
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    const sign = match[0];
    if (sign === "{" || sign === "[") depth++;
    else if (sign === "}" || sign === "]") depth--;
    else if (sign === '"') {
      let slashes = 0;
      while (text[match.index - slashes - 1] === "\\") slashes++;
      mark.lastIndex = quoteEnd(text, match.index + 1, sign, slashes) + slashes + 1;
    }
    if (depth === 0) return match.index + 1;
  }
  return text.length;
}

function lineEnd(text: string, start: number): number {
  const at = text.slice(start).search(/[\r\n"'`]|\\[rn"]/);
  return at < 0 ? text.length : start + at;
}

/** A scheme of authentication that stands in front of the secret. */
const SCHEME_AHEAD = /(?:bearer|basic|digest|token|apikey|negotiate) {1,4}/iy;
/** What ends a value without quotes: a space or quote; `,` `;` `&` when a space, the end or another name follows. */
const PLAIN_END = /[\s"'`<>]|%26|[,;&](?=$|[\s"'`])|[,;&](?=[\w.%[\]-]{1,64}[=:])/gi;
const JSON_END = /[\s,}\]]/g;

function plainEnd(text: string, start: number, isJson: boolean, isEncoded: boolean): number {
  SCHEME_AHEAD.lastIndex = start;
  const from = SCHEME_AHEAD.test(text) ? SCHEME_AHEAD.lastIndex : start;
  const expression = isJson ? JSON_END : PLAIN_END;
  expression.lastIndex = from;
  for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
    if (match[0].length > 1 && !isEncoded) continue; // an encoded `&` within a plain value is part of it
    if (isQuote(match[0].charCodeAt(0)) && isNameUnit(text.charCodeAt(match.index + 1))) continue; // it's
    return match.index;
  }
  return text.length;
}

/** `-u user:password`, as curl takes it. */
function withoutUser(text: string, placeholder: string): string {
  return text.replace(
    /(\s(?:-u|--user)[ =]{1,4}["']?)([^\s:@"']{1,64}):([^\s"']+)/g,
    `$1${placeholder}:${placeholder}`,
  );
}

/** `--password x`: a name with dashes, a space, a value. */
function withoutArguments(text: string, judge: KeyJudge, placeholder: string): string {
  return text.replace(
    /--([A-Za-z][\w-]{0,63})( +)(?!-)(\S+)/g,
    (whole, name: string, space: string, value: string) =>
      judge(name) === "innocent" || value.includes(placeholder) ? whole : `--${name}${space}${placeholder}`,
  );
}

/** `<password>x</password>` */
function withoutElements(text: string, judge: KeyJudge, placeholder: string): string {
  return text.replace(
    /<([A-Za-z][\w:.-]{0,63}(?=[\s>]))([^<>]*)>([^<]+)/g,
    (whole, name: string, attributes: string, value: string) =>
      judge(name) === "innocent" || value.trim() === "" ? whole : `<${name}${attributes}>${placeholder}`,
  );
}

function isSpace(unit: number): boolean {
  return unit === 32 || unit === 9;
}

/** A space or the end of a line. */
function isBlank(unit: number): boolean {
  return isSpace(unit) || unit === 10 || unit === 13;
}

function isQuote(unit: number): boolean {
  return unit === 34 || unit === 39 || unit === 96;
}

/** Letters, digits, `_ - . $ % [ ]` and all beyond ASCII. */
function isNameUnit(unit: number): boolean {
  return (
    (unit >= 97 && unit <= 122) ||
    (unit >= 65 && unit <= 90) ||
    (unit >= 48 && unit <= 57) ||
    unit === 95 ||
    unit === 45 ||
    unit === 46 ||
    unit === 36 ||
    unit === 37 ||
    unit === 91 ||
    unit === 93 ||
    unit > 127
  );
}
