import type { Json } from "../../model/event.js";
import { remembering } from "./keys.js";
import { bracketEnd, isBehindPathName, scrubPairs } from "./pairs.js";
import { PLACEHOLDER, type Policy } from "./policy.js";
import { looksRandom, looksSecret, scrubPrivateKeys, shapeSpans } from "./shapes.js";
import { scrubStatements } from "./statements.js";

/** Scrubs texts, each as what it is. */
export interface Texts {
  /** Prose with whatever it quotes: URLs, JSON, headers, statements. */
  text(given: string): string;
  /** What is a name: a path, a position, a fingerprint, a type. Only values within that are secrets by shape go. */
  place(given: string): string;
  /** Code, in which a name is no value's. */
  code(given: string): string;
  form(given: string): string;
}

/** Nothing shorter can hold a name, a sign and a value. */
const SHORTEST_SECRET = 4;

/**
 * @param structure - scrubs a value that a text holds as JSON
 */
export function createTexts(policy: Policy, structure: (value: Json) => Json): Texts {
  const { take } = policy;

  const shapes = (given: string, isProse: boolean): string => {
    const spans = shapeSpans(
      given,
      isProse ? (start, end) => isNamedInProse(given, start, end, policy) : undefined,
    );
    let result = given;
    for (let i = spans.length - 1; i >= 0; i--) {
      const { start, end, shape } = spans[i]!;
      result = result.slice(0, start) + take(`shape: ${shape}`) + result.slice(end);
    }
    if (policy.isStrict) result = withoutPersons(result, take);
    for (const pattern of policy.patterns)
      result = result.replace(pattern, () => take(`pattern: ${pattern.source}`));
    return result;
  };

  const text = (given: string): string => {
    if (given.length < SHORTEST_SECRET && policy.patterns.length === 0) return given;
    // Private keys first: behind `private_key=` only their first word would pass for the value.
    const keyless = scrubPrivateKeys(given, take);
    const structured = STRUCTURE.test(keyless) ? withStructures(keyless) : keyless;
    const result = shapes(
      withSchemes(scrubStatements(scrubPairs(structured, policy, false), policy), take),
      true,
    );
    return result !== given && /^\s*[{[]/.test(given) ? keepJson(given, result) : result;
  };

  /** Values that stand as JSON within a text, where their structure says more than their text. */
  const withStructures = (given: string): string => {
    let result = "";
    let done = 0;
    for (const match of given.matchAll(/[[{]\s{0,40}(?=[[{"])/g)) {
      if (match.index < done) continue;
      const end = bracketEnd(given, match.index);
      const parsed = parseJson(given.slice(match.index, end));
      if (parsed === undefined) break;
      const scrubbed = structure(parsed);
      result +=
        given.slice(done, match.index) +
        (scrubbed === parsed ? given.slice(match.index, end) : JSON.stringify(scrubbed));
      done = end;
    }
    return done === 0 ? given : result + given.slice(done);
  };

  /** JSON must stay JSON, yet in text `[Filtered]` may have come to stand where a number stood. */
  const keepJson = (given: string, result: string): string => {
    if (parseJson(result) !== undefined) return result;
    const parsed = parseJson(given);
    return parsed === undefined ? result : JSON.stringify(structure(parsed));
  };

  const form = (given: string): string =>
    given
      .split("&")
      .map((pair) => {
        const at = pair.indexOf("=");
        const name = decode(pair.slice(0, Math.max(at, 0)));
        if (at < 0) return text(pair);
        const value = pair.slice(at + 1);
        const isKept = value === "" || value === PLACEHOLDER || policy.judge(name) === "innocent";
        return `${pair.slice(0, at)}=${isKept ? (policy.isAllowed(name) ? value : queryValue(pair, value)) : take(`name: ${name}`)}`;
      })
      .join("&");

  const queryValue = (pair: string, value: string): string => {
    const scrubbed = scrubPairs(`?${pair}`, policy, false);
    return scrubbed === `?${pair}` ? text(value) : scrubbed.slice(scrubbed.indexOf("=") + 1);
  };

  const place = remembering((given: string) => {
    if (given.length < SHORTEST_SECRET && policy.patterns.length === 0) return given;
    return shapes(scrubPairs(given, policy, true), false);
  });
  return {
    text,
    place: (given) =>
      given.length <= 200
        ? place(given)
        : shapes(scrubPairs(scrubPrivateKeys(given, take), policy, true), false),
    code: (given) => shapes(scrubPrivateKeys(userInfoless(given), take), false),
    form,
  };

  function userInfoless(given: string): string {
    return given.includes("://") && given.includes("@")
      ? given.replace(
          /:\/\/[^\s"'<>`/@:]{1,128}:[^\s"'<>`/@$]{1,128}@(?=[\w[])/g,
          () => `://${take("shape: user info")}:${PLACEHOLDER}@`,
        )
      : given;
  }
}

/** Texts in which a value may be named from beside it. */
const STRUCTURE =
  /[[{]\s*"(?:name|key|path|property|field|param|header|column|k|sql|query|text|statement|command|type|spawn\w*|cmd)"\s*:|\[\s*\[|\[\s*"|,\s*"(?:name|key|path|property|field|param|header|column|k)"\s*:/;

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** `Bearer …`, `Basic …`, and addresses of databases without a scheme: `user:password@tcp(host)`. */
function withSchemes(given: string, take: (rule: string) => string): string {
  let result = given;
  if (/\b[Bb](?:earer|asic)\b|\bB(?:EARER|ASIC)\b/.test(result))
    result = result.replace(
      /\b(bearer|basic)(\s{1,4}|%20)([\w.~+/=-]{6,})/gi,
      (run, scheme: string, space: string, value: string) =>
        isCredentials(scheme, value) ? `${scheme}${space}${take(`scheme: ${scheme}`)}` : run,
    );
  return result.includes("@") ? withoutUsers(result, take) : result;
}

/** Users and passwords in front of hosts where no scheme says so: `user:password@tcp(host)`, `scott/tiger@host:1521/db`. */
function withoutUsers(given: string, take: (rule: string) => string): string {
  let result = "";
  let done = 0;
  for (let at = given.indexOf("@"); at >= 0; at = given.indexOf("@", at + 1)) {
    const lowest = Math.max(at - 128, done);
    let sign = at - 1;
    while (sign >= lowest && !/[\s"'`<>@:/]/.test(given[sign]!)) sign--;
    if (sign < lowest || at - sign < 4 || (given[sign] !== ":" && given[sign] !== "/")) continue;
    let start = sign;
    while (start > lowest && /[\w.%+$#-]/.test(given[start - 1]!)) start--;
    const user = given.slice(start, sign);
    const ahead = given.slice(at + 1, at + 160);
    const isBare = user === "" && given.startsWith("//", start - 2) && /^[\w[]/.test(ahead);
    const isHost =
      given[sign] === "/"
        ? user !== "" && /^(?:\/\/|[\w.-]{1,128}:\d{2,5}[/:])/.test(ahead) && given[start - 1] !== "/"
        : user !== "" &&
          (given[start - 1] !== "/" || given.startsWith("//", start - 2)) &&
          given[start - 1] !== ":" &&
          /\d/.test(given.slice(sign, at)) &&
          /^(?:(?:tcp|unix|udp)\(|[\w.-]{1,128}(?::\d{2,5}\b|\/\w)|[A-Za-z][\w-]{0,63}\.[\w.-]{2,128})/.test(
            ahead,
          );
    if (!(isBare || isHost) || USERLESS.test(user)) continue;
    const taken = take("shape: user info");
    result += given.slice(done, start) + (user === "" ? "" : taken) + given[sign] + PLACEHOLDER;
    done = at;
  }
  return done === 0 ? given : result + given.slice(done);
}

const USERLESS = /^(?:mailto|acct|sips?|xmpp|npm|pkg|workspace|from|to|cc|bcc|e?mail|user|by)$/i;

function isCredentials(scheme: string, value: string): boolean {
  if (!/^basic$/i.test(scheme)) return (looksRandom(value) && /\d/.test(value)) || value.length >= 20;
  try {
    return /^[^\x00-\x1f:]*:/.test(atob(value));
  } catch {
    return false;
  }
}

/** Words that may stand between a name and its value. */
const FILLERS =
  /^(?:is|was|of|for|with|the|a|an|given|provided|supplied|received|got|used|using|value|equals|to|->|=>|→|expired|invalid|unknown|revoked|wrong|bad|stale|=|-|–|:)$/i;

/** Whether a word of letters and digits stands beside a word that names it: `invalid token 9f8e7d6c`, `/reset/9f8e7d6c`. */
function isNamedInProse(text: string, start: number, end: number, policy: Policy): boolean {
  const first = text.charCodeAt(start - 1);
  if (first === 47)
    return isBehindPathName(text, start) && looksSecret(text.slice(start, Math.min(end, start + 256)));
  if (start < 4 || !/[\s"'`(#<[]/.test(text[start - 1]!)) return false;
  let [word, from] = wordBefore(text, start);
  for (let skipped = 0; skipped < 3 && FILLERS.test(word); skipped++) [word, from] = wordBefore(text, from);
  if (word.length < 2) return false;
  const own = policy.judge(word);
  const isSecond = own === "innocent" && /^(?:keys?|codes?|number|phrase|string|id)$/i.test(word);
  const secrecy = isSecond ? policy.judge(`${wordBefore(text, from)[0]} ${word}`) : own;
  if (secrecy === "innocent" || policy.isAllowed(word)) return false;
  const value = text.slice(start, Math.min(end, start + 256)).replace(/[.,]+$/, "");
  return (
    looksSecret(value) ||
    (secrecy === "certain" &&
      value.length >= 6 &&
      /[A-Za-z]\d|\d[A-Za-z]/.test(value) &&
      !/^[vV]?\d|^[a-z]+\d{1,3}$/.test(value)) ||
    (/^(?:otp|pin|code|cvv|cvc)$/i.test(word) && /^\d{3,8}$/.test(value))
  );
}

/** The word before a place in a text, and where it starts; none behind the end of a sentence. */
function wordBefore(text: string, start: number): [word: string, from: number] {
  const lowest = Math.max(start - 48, 0);
  let end = start;
  while (end > lowest && GAPS.includes(text[end - 1]!)) end--;
  let from = end;
  while (from > lowest && !GAPS.includes(text[from - 1]!)) from--;
  return [text.slice(from, end).replace(/,$/, ""), from];
}

/** What may stand between words, the signs that lead to a value included. */
const GAPS = " \t\n\r\"'`([<#:=";

/** Addresses and numbers of people. */
function withoutPersons(text: string, take: (rule: string) => string): string {
  return text
    .replace(/[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.[A-Za-z]{2,24}/g, () => take("pii: email"))
    .replace(/(?<![\w.:])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])/g, (run) =>
      run.split(".").every((part) => Number(part) < 256) && !/^(?:127|0)\./.test(run)
        ? take("pii: address")
        : run,
    )
    .replace(/(?<![\w:.])(?:[\da-f]{1,4}:){3,7}(?::?[\da-f]{1,4}){1,4}(?![\w:])/gi, () =>
      take("pii: address"),
    )
    .replace(
      /(?<![\w.-])\+\d{1,3}[ -]?(?:\(\d{1,4}\)[ -]?)?\d{2,4}(?:[ -]?\d{2,4}){1,4}(?![\w-])|(?<![\w.-])\(?\d{3}\)?[ -]\d{3}-\d{4}(?![\w-])/g,
      () => take("pii: phone"),
    );
}
