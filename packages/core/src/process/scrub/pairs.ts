import { CUT } from "../text.js";
import { isIdentifyingHeader } from "./headers.js";
import type { Secrecy } from "./keys.js";
import { PLACEHOLDER, type Policy } from "./policy.js";
import { looksLikeValue, looksSecret } from "./shapes.js";

/**
 * Secrets that the name in front of them tells: `password=…`, `"password": "…"`, `api_key: …`, in URLs, JSON (whole, cut
 * or escaped), query strings, connection strings, headers and dumps of objects; and those in the first parts of URLs.
 *
 * The search goes from sign to sign and looks back for a name, at most {@link NAME_LENGTH} units, and ahead for a value,
 * which it then jumps over: linear whatever the text. In a place that holds a name (a path, a fingerprint, a type) a
 * colon belongs to the name.
 */
export function scrubPairs(text: string, policy: Policy, isPlace: boolean): string {
  let result = "";
  let done = 0;
  let waiting: Waiting | undefined;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit !== EQUALS && unit !== COLON && !(unit === PERCENT && isEncodedSign(text, i))) continue;
    if (unit === COLON && text.startsWith("//", i + 1)) {
      const url = urlSpan(text, i, policy, isPlace);
      if (url.replacement !== undefined) {
        result += text.slice(done, url.start) + url.replacement;
        done = url.end;
      }
      i = url.end - 1;
      continue;
    }
    const isColon = unit === COLON || (unit === PERCENT && /a/i.test(text[i + 2]!));
    if (unit === PERCENT && isColon && /^%2f%2f/i.test(text.slice(i + 3, i + 9))) {
      const span = encodedUserInfo(text, i + 9, policy);
      if (span !== undefined) {
        result += text.slice(done, span.start) + span.replacement;
        done = span.end;
        i = span.end - 1;
      }
      continue;
    }
    if (isColon && (isPlace || text[i + 1] === ":" || text[i - 1] === ":")) continue;
    if (!isColon && unit === EQUALS && isComparison(text, i)) continue;
    const name = nameBefore(text, i, done);
    if (name === undefined) continue;
    const sign: Sign = { at: i, end: i + (unit === PERCENT ? 3 : 1), isColon, isEncoded: unit === PERCENT };
    const secrecy = secrecyOf(name, text, sign, policy, waiting);
    if (waiting !== undefined && i - waiting.at > 400) waiting = undefined;
    if (secrecy === "innocent") {
      waiting = namedBy(name, text, sign, policy) ?? waiting;
      continue;
    }
    if (VALUE_NAMES.test(name.text)) waiting = undefined;
    if (secrecy !== "certain" && name.quote !== "" && isPlainRecord(text, sign.end)) {
      waiting = { at: i, secrecy, isOpen: true };
      continue;
    }
    const span = valueBehind(text, sign, name, secrecy, policy);
    if (span === undefined) continue;
    result += text.slice(done, span.start) + span.replacement;
    done = span.end;
    i = Math.max(span.end, i + 1) - 1;
  }
  return done === 0 ? text : result + text.slice(done);
}

const EQUALS = 61;
const COLON = 58;
const PERCENT = 37;
const NAME_LENGTH = 128;

/** A sign between name and value. */
interface Sign {
  readonly at: number;
  readonly end: number;
  readonly isColon: boolean;
  readonly isEncoded: boolean;
}

/** A value to take out: from `start` to `end`, with the text that replaces it. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** A secret's name that stood as a value (`"name": "password"`): the value follows under another name. */
interface Waiting {
  readonly at: number;
  readonly secrecy: Secrecy;
  /** Within the braces of a likely secret: `"session": {"id": …`. */
  readonly isOpen?: boolean;
}

/** Whether an object of some size starts here that holds nothing random: `"auth": { "type": "oidc" }`. */
function isPlainRecord(text: string, from: number): boolean {
  const ahead = text.slice(from, from + 2000);
  const start = /^\s{0,8}(?=\{)/.exec(ahead)?.[0].length;
  if (start === undefined) return false;
  const end = bracketEnd(ahead, start);
  if (end >= ahead.length && !ahead.endsWith("}")) return false;
  return !(ahead.slice(start, end).match(/[\w+/=~-]{8,}/g) ?? []).some(looksLikeValue);
}

function isEncodedSign(text: string, at: number): boolean {
  return text[at + 1] === "3" && /[ad]/i.test(text[at + 2] ?? "");
}

/** `==`, `!=`, `<=`, `>=`; `=>` only behind a bare name. */
function isComparison(text: string, at: number): boolean {
  const before = text[at - 1] ?? "";
  const after = text[at + 1];
  return /[=!<>]/.test(before) || after === "=" || (after === ">" && !/["'`\s]/.test(before));
}

/** A name in front of a sign. */
interface Name {
  readonly text: string;
  /** The word before it, for names in two words: `API key: …`. */
  readonly before: string;
  /** The quote around it with its backslashes, empty for none. */
  readonly quote: string;
  readonly start: number;
}

function nameBefore(text: string, signAt: number, from: number): Name | undefined {
  let end = signAt;
  const lowest = Math.max(from, signAt - NAME_LENGTH);
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
  return { text: text.slice(start, end), before: text.slice(wordStart, wordEnd), quote: "", start };
}

function quotedName(text: string, end: number, lowest: number): Name | undefined {
  const mark = text[end - 1]!;
  let nameEnd = end - 1;
  while (nameEnd > lowest && text[nameEnd - 1] === "\\") nameEnd--;
  const start = text.lastIndexOf(mark, nameEnd - 1);
  if (start < lowest || nameEnd <= lowest) return undefined;
  const name = unescapeName(text.slice(start + 1, nameEnd));
  return { text: name, before: "", quote: text.slice(nameEnd, end), start: start + 1 };
}

function unescapeName(name: string): string {
  return name.includes("\\u")
    ? name.replace(/\\+u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : name;
}

/** Last words that mean something only together with the word before. */
const SECOND_WORD = /^(?:keys?|codes?|number|no|phrase|id|string|pass|passe|cookie|birth|khẩu|المرور|السر)$/i;

function secrecyOf(
  name: Name,
  text: string,
  sign: Sign,
  policy: Policy,
  waiting: Waiting | undefined,
): Secrecy {
  const word = name.text.includes("%") ? decode(name.text) : name.text;
  if (waiting !== undefined && (VALUE_NAMES.test(word) || (waiting.isOpen && /^(?:id|raw|hash)$/.test(word))))
    return waiting.secrecy;
  if (waiting === undefined && sign.isColon && name.quote === "" && /^value$/i.test(word)) {
    const beside = /([\w.$]{2,64})["'`]?\s{0,2}(?:with|has|[(,])?\s{0,2}$/.exec(
      text.slice(Math.max(name.start - 80, 0), name.start),
    )?.[1];
    if (beside !== undefined) return policy.judge(beside);
  }
  const secrecy = policy.judge(word);
  if (secrecy !== "innocent") return secrecy;
  if (name.before !== "" && SECOND_WORD.test(word)) return policy.judge(`${name.before} ${word}`);
  if (!sign.isColon && name.quote === "" && isInQuery(text, name.start))
    return querySecrecy(word, text, sign, policy);
  if (
    sign.isColon &&
    name.quote === "" &&
    !policy.identities &&
    isIdentifyingHeader(word) &&
    !policy.isAllowed(word)
  )
    return "certain";
  return "innocent";
}

/** Names whose value is a secret's name. */
const NAMING_NAMES =
  /^(?:name|key|field|path|param|parameter|property|attribute|header|column|label|variable|option|k|id)$/i;
/** Names of the value beside it. */
const VALUE_NAMES =
  /^(?:value|val|v|data|content|default|input|received|actual|current|original_?value|new_?value|old_?value)$/i;

/** `name="password"`: what stands next under `value` is a secret. */
function namedBy(name: Name, text: string, sign: Sign, policy: Policy): Waiting | undefined {
  if (!NAMING_NAMES.test(name.text)) return undefined;
  const told = /^\s{0,4}\[?\s{0,4}\\{0,4}["'`]?([\w.$-]{1,64})/.exec(
    text.slice(sign.end, sign.end + 80),
  )?.[1];
  if (told === undefined) return undefined;
  const secrecy = policy.judge(told);
  return secrecy === "innocent" ? undefined : { at: sign.at, secrecy };
}

function isInQuery(text: string, start: number): boolean {
  const before = text[start - 1];
  return (
    before === "?" || before === "&" || before === "#" || /%(?:26|3f|23)$/i.test(text.slice(start - 3, start))
  );
}

/** Names that are secrets in a query alone. */
function querySecrecy(name: string, text: string, { end }: Sign, policy: Policy): Secrecy {
  const lower = name.toLowerCase();
  if (policy.isAllowed(name)) return "innocent";
  if (
    /^(?:ticket|assertion|samlrequest|relaystate|otp|invite|invitation|hdnea|hdnts|login_hint|id_token_hint)$/.test(
      lower,
    )
  ) {
    const value = text.slice(end, end + 64).split(/[&#\s]/, 1)[0]!;
    return /^\d{0,8}$/.test(value) ? "innocent" : "certain";
  }
  if (lower === "code" && /[?&]state=/.test(text)) return "certain";
  if (lower === "state" && /[?&]code=/.test(text)) return "certain";
  if (!/^(?:code|key|hash|h|t|k|state|confirmation|verification|verify|reset|activation|magic)$/.test(lower))
    return "innocent";
  return looksSecret(text.slice(end, end + 256).split(/[&#\s"'<>]/, 1)[0]!) ? "certain" : "innocent";
}

/** An encoded name, in clear; of an address within an address, what stands behind its last encoded sign. */
function decode(name: string): string {
  try {
    return (
      decodeURIComponent(name)
        .split(/[^\w$.\-[\]\x80-\uffff]/)
        .filter((part) => part !== "")
        .at(-1) ?? ""
    );
  } catch {
    return name;
  }
}

/** Names of headers whose value is the rest of the line. */
const WHOLE_LINE = /^(?:proxy-)?authorization$|^(?:set-)?cookie$/i;
/** Names that describe more often than they are followed by a value. */
const DISCUSSED = /cred|authoriz|jwt|csrf|xsrf|saml|pkce|bearer|secrets$|passwords$/i;

function valueBehind(
  text: string,
  sign: Sign,
  name: Name,
  secrecy: Secrecy,
  policy: Policy,
): Span | undefined {
  let start = sign.end;
  while (text[start] === "=" || text[start] === ">") start++;
  const signEnd = start;
  const isGap = name.quote === "" ? isSpace : isBlank;
  while (start < text.length && isGap(text.charCodeAt(start)) && start - signEnd < 64) start++;
  if (/["'`]/.test(text[start] ?? "") || text[start] === "\\") {
    const quoted = quotedValue(text, start, policy, secrecy, name);
    if (quoted !== undefined) return quoted;
  }
  if (text.startsWith(PLACEHOLDER, start)) return undefined;
  if ((name.quote !== "" || sign.isColon) && (text[start] === "{" || text[start] === "[")) {
    if (name.quote === "" && !/^[{[]\s*["'\w]+\s*["']?\s*[:,\]]/.test(text.slice(start, start + 80)))
      return undefined;
    const end = bracketEnd(text, start);
    return end - start <= 2 ? undefined : replaced(start, end, name, policy);
  }
  const isLine = WHOLE_LINE.test(name.text) || (sign.isColon && isIdentifyingHeader(name.text));
  const end =
    isLine && name.quote === ""
      ? lineEnd(text, start)
      : plainEnd(text, start, name.quote !== "", sign.isEncoded);
  const value = text.slice(start, end);
  // `password={password}` is code; `;jsessionid=x?a=1` ends at the query.
  if (/^\{[\w.$]+\}?$/.test(value) && value.replace("}", "").endsWith(name.text)) return undefined;
  const query = text[name.start - 1] === ";" ? value.search(/[?#]/) : -1;
  if (query > 0) return replaced(start, start + query, name, policy);
  if (isLine && isPlainState(value)) return undefined;
  // `Connection string: Server=db;Password=x` goes on with names of its own.
  if (sign.isColon && name.quote === "" && !isLine && /^[A-Za-z]\w*=/.test(value)) return undefined;
  if (tellsNothing(value) || (secrecy === "counted" && /^\d+$/.test(value))) return undefined;
  if (name.quote === "" && !isLine) {
    if (!sign.isColon && secrecy !== "certain" && (isPlainState(value) || /^[\d.]{1,3}$/.test(value)))
      return undefined;
    if (
      !sign.isColon &&
      start > signEnd &&
      secrecy !== "certain" &&
      /^[A-Za-z_$][\w$.]*\(?/.exec(value)?.[0] === value
    )
      return undefined;
    if (sign.isColon && !isToldByColon(text, value, end, name, start > signEnd, secrecy)) return undefined;
    if (sign.isColon && start > signEnd && PHRASE_NAMES.test(name.text))
      return replaced(start, phraseEnd(text, start), name, policy);
  }
  return replaced(start, end, name, policy);
}

function replaced(start: number, end: number, name: Name, policy: Policy): Span {
  return { start, end, replacement: name.quote + policy.take(`name: ${name.text}`) + name.quote };
}

const PHRASE_NAMES = /mnemonic|passphrase|phrase$/i;

function phraseEnd(text: string, start: number): number {
  return start + /^[\w -]*/.exec(text.slice(start, start + 400))![0].trimEnd().length;
}

/** Whether what follows `name:` is a value: a colon also ends a heading, a type, a host's name. */
function isToldByColon(
  text: string,
  value: string,
  end: number,
  name: Name,
  isApart: boolean,
  secrecy: Secrecy,
): boolean {
  const isDigits = /^\d+$/.test(value);
  const isKnownNumber =
    isDigits && secrecy === "certain"
      ? value.length >= 3
      : isDigits && value.length >= 4 && /^(?:pin|otp)/i.test(name.text);
  if (text[name.start - 1] === ":") return looksSecret(value);
  if (!isApart) {
    // `auth:8080/v1`, `auth.ts:12:3`, `token:expired`, `password:reset`
    if (/^\d{1,5}(?:$|[/:),])/.test(value)) return isKnownNumber && !/[.]/.test(name.text);
    if (/^[A-Za-z][A-Za-z_-]*$/.test(value) && secrecy !== "certain") return false;
    if (/^[a-z]+(?:[_-][a-z]+)*$/.test(value))
      return secrecy === "certain" && !isPlainState(value) && !DISCUSSED.test(name.text);
    return (
      secrecy === "certain" ||
      looksSecret(value) ||
      (value.length >= 10 &&
        /\d/.test(value) &&
        /[A-Za-z]/.test(value) &&
        !/[:/]/.test(value) &&
        !isVersionLike(value))
    );
  }
  if (isDigits) return isKnownNumber || (secrecy !== "certain" && value.length >= 6);
  const word = value.replace(/[.,;:!?)\]}]+$/, "");
  const isWord = /^[A-Za-z]+(?:['_-][A-Za-z]+)*$/.test(word);
  if (secrecy !== "certain")
    return value.length >= 24
      ? !isWord || /[a-z][A-Z]/.test(word)
      : !isWord && /\d/.test(word) && word.length >= 5 && !isVersionLike(word);
  if (PHRASE_NAMES.test(name.text)) return !isPlainState(word) && !PROSE.test(text.slice(end, end + 24));
  if (!isWord) return /[\dA-Za-z]/.test(word);
  if (isPlainState(word)) return false;
  if (/^[ \t]+[\w(`'"]/.test(text.slice(end, end + 8))) return /[a-z][A-Z]/.test(word) && word.length >= 12;
  return !DISCUSSED.test(name.text) || word.length >= 24;
}

function isVersionLike(word: string): boolean {
  return /^v?\d+(?:\.\d+)+$|^\d{1,5}$|^[a-z]+\d{1,3}$/i.test(word);
}

const PROSE =
  /^\s*(?:is|was|must|should|not|too|has|had|are|cannot|does|did|for|in|of|to|the|a|an|at|least|and|or)\b/i;

/** Values that stand under secrets' names and say what is wrong with them. */
const STATES: ReadonlySet<string> = new Set(
  `yes no none null nil undefined true false on off ok required optional invalid missing empty blank expired revoked
   unknown unset set default disabled enabled valid active inactive pending failed failure success succeeded denied
   forbidden unauthorized unauthenticated authenticated authorized incorrect wrong mismatch mismatched malformed
   changed updated rotated reset refreshed deleted removed created closed open opened started stopped lost found
   unavailable timeout refused rejected accepted allowed redacted hidden masked omitted encrypted hashed filtered
   string number boolean object array any bearer basic digest negotiate ntlm apikey jwt oauth oauth2 saml ldap oidc
   local cookie session token anonymous guest internal external public private verify verified unverified login logout
   refresh renew rotate revoke create update delete validate issue issued expire lookup cleanup prune punc name num
   number_expected not_found invalid_grant invalid_token invalid_client access_denied too_short too_long lax strict`
    .trim()
    .split(/\s+/),
);

/** Whether a value says a state, as `expired` does, rather than a secret. */
export function isPlainState(value: string): boolean {
  const word = value.replace(/^["'([{]+|["')\].,;:!?}]+$/g, "").toLowerCase();
  return (
    STATES.has(word) || /^(?:invalid|missing|expired|not|no|bad|wrong|is|has)[_ -][a-z_ -]{2,40}$/.test(word)
  );
}

/** Empty, a yes or no, or a place in which a value will stand: `?`, `$1`, `:name`, `${NAME}`, `{{name}}`, `<name>`, `***`. */
export function tellsNothing(value: string): boolean {
  return (
    value === "" ||
    /^(?:true|false|null|undefined|none|nil|yes|no|\?+|\$\d+|[:@]\w+|\$\{[^}]*\}?|\$[A-Z_]{2,}|\{\{.*|<[\w -]+>?|[*•x]{3,}|\[(?:redacted|filtered|hidden|masked|removed|object|array|undefined|null|getter|function)\b[^\]]*\]?|…)[,;)\]}.]*$/i.test(
      value,
    )
  );
}

/** A value in quotes, which may themselves be escaped, as in JSON within JSON; to the end where it was cut. */
function quotedValue(
  text: string,
  at: number,
  policy: Policy,
  secrecy: Secrecy,
  name: Name,
): Span | undefined {
  let open = at;
  while (text[open] === "\\" && open - at < 16) open++;
  const mark = text[open];
  if (mark === undefined || !isQuote(text.charCodeAt(open))) return undefined;
  const start = open + 1;
  const end = quoteEnd(text, start, mark, open - at);
  const value = text.slice(start, end);
  const isKept =
    tellsNothing(value) ||
    value === PLACEHOLDER ||
    isPlainState(value) ||
    (secrecy === "counted" && /^\d+$/.test(value));
  return { start, end, replacement: isKept ? value : policy.take(`name: ${name.text}`) };
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
export function bracketEnd(text: string, start: number): number {
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
  const hasParameters = /^(?:digest|oauth|signature|aws4|hawk|negotiate)/i.test(
    text.slice(start, start + 12),
  );
  const mark = hasParameters ? /[\r\n]/g : /[\r\n"'`]|\\[rn"]/g;
  mark.lastIndex = start;
  return mark.exec(text)?.index ?? text.length;
}

/** A scheme of authentication that stands in front of the secret. */
const SCHEME_AHEAD = /(?:bearer|basic|digest|token|apikey|negotiate) {1,4}/iy;
/** What ends a value without quotes: a space or quote; `,` `;` `&` when a space, the end or another name follows. */
const PLAIN_END =
  /[\s"'`<>]|%26|[,;&](?=$|[\s"'`])|[,;&|](?=[\w.%[\]-]{1,64}[=:])|;(?=[A-Za-z][\w .-]{0,40}=)|[)}\]](?=$|[\s,;.)}\](])/gi;
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

/** Parts of a path behind which a secret stands. */
const PATH_NAMES =
  /^(?:reset|resets|passwords?|passwd|(?:password|pwd|passwd)[-_]?reset|reset[-_]?(?:password|pwd)|forgot[-_]?password|set[-_]?password|tokens?|invites?|invitations?|accept[-_]?invite|join|verify|verification|verify[-_]?email|email[-_]?verification|confirm|confirmation|confirm[-_]?email|activate|activation|magic|magic[-_]?link|unsubscribe|secrets?|otp|sessions?|api[-_]?keys?|login|auth|signup|register|share|callback|k|hooks?|webhooks?|(?:api[-_]?|access[-_]?)?keys?)$/i;

/** Whether the part of a path that starts at `start` stands behind one that is followed by a secret. */
export function isBehindPathName(text: string, start: number): boolean {
  if (text[start - 1] !== "/") return false;
  const from = Math.max(start - 42, 0);
  const before = text.slice(from, start - 1);
  return PATH_NAMES.test(before.slice(Math.max(before.lastIndexOf("/"), before.lastIndexOf(" ")) + 1));
}

const AUTHORITY_END = /[/?#\s"'<>`|\\^]/g;

/** The authority of a URL, whose `:` is at `colon`, without user and password. A password may hold `/`, `?` or `#` that should be encoded. */
function urlSpan(
  text: string,
  colon: number,
  policy: Policy,
  isPlace: boolean,
): { start: number; end: number; replacement?: string } {
  const start = colon + 3;
  AUTHORITY_END.lastIndex = start;
  const end = AUTHORITY_END.exec(text)?.index ?? text.length;
  const authority = text.slice(start, end);
  let at = authority.lastIndexOf("@");
  if (at < 0 && authority.includes(";")) return { start, end: start + authority.indexOf(";") };
  if (at < 0 && !isPlace && /^[^:,]*:(?!\d*$)[^,]*$/.test(authority) && !authority.startsWith("[")) {
    const ahead = text.slice(end, end + 256);
    const stop = end + (/[\s"'<>`]/.exec(ahead)?.index ?? ahead.length);
    const rest = text.slice(start, stop);
    const next = rest.indexOf("://");
    at = (next < 0 ? rest : rest.slice(0, next)).indexOf("@", authority.length);
    if (at < 0 && text.startsWith(CUT, stop - 1))
      return { start, end: stop - 1, replacement: policy.take("shape: user info") };
  }
  if (at <= 0) return { start, end };
  const userInfo = text.slice(start, start + at);
  if (userInfo.startsWith(PLACEHOLDER) || /^(?:git|hg|svn|\$\{\w+\}|\{\w+\}|<\w+>)$/.test(userInfo))
    return { start, end };
  const taken = policy.take("shape: user info");
  return { start, end: start + at, replacement: userInfo.includes(":") ? `${taken}:${taken}` : taken };
}

/** The same for `%3A%2F%2Fuser%3Apassword%40host`; `start` is behind the slashes. */
function encodedUserInfo(text: string, start: number, policy: Policy): Span | undefined {
  const rest = text.slice(start, start + 512).split(/[\s"'<>`&]/, 1)[0]!;
  const at = rest.search(/%40|@/i);
  const userInfo = rest.slice(0, at);
  if (at < 0 || /%(?:2f|3f|23)|[/?#]/i.test(userInfo)) return undefined;
  const taken = policy.take("shape: user info");
  return { start, end: start + at, replacement: /%3a|:/i.test(userInfo) ? `${taken}:${taken}` : taken };
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
  return unit > 127 || NAME_UNITS[unit] === 1;
}

const NAME_UNITS = new Uint8Array(128);
for (const unit of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.$%[]")
  NAME_UNITS[unit.charCodeAt(0)] = 1;
