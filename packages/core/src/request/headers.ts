import type { RequestPolicy } from "../context/scope.js";
import { isObject, read } from "../model/safe-read.js";
import { cleanText } from "../process/normalise.js";

const PLACEHOLDER = "[Filtered]";

/** More headers, or longer ones, than anything legitimate. */
const MOST_HEADERS = 100;
const LONGEST_VALUE = 2048;
const MOST_COOKIES = 50;

/**
 * The headers of a request, one text each; repeated ones joined as HTTP does.
 *
 * Secrets are left to the scrubber, which every event passes. Here goes what tells who the client is: without
 * `sendDefaultPii`, cookies and the headers in which proxies pass on addresses and users. With it, cookies stand in
 * the event's `cookies`.
 */
export function requestHeaders(headers: unknown, policy: RequestPolicy): Record<string, string> {
  const told: Record<string, string> = {};
  for (const name of namesOf(headers)) {
    const value = headerText(read(headers, name));
    if (value === undefined || name.startsWith(":")) continue;
    if (name.toLowerCase() === "cookie") {
      if (!policy.sendDefaultPii) told[name] = PLACEHOLDER;
    } else {
      told[cleanText(name, 128)] = policy.sendDefaultPii || !isIdentifying(name) ? value : PLACEHOLDER;
    }
  }
  return told;
}

/** The cookies of a request by name; `undefined` when it brought none. */
export function requestCookies(headers: unknown): Record<string, string> | undefined {
  const text = headerText(read(headers, "cookie"), 8192);
  if (text === undefined) return undefined;
  const cookies = text
    .split(";", MOST_COOKIES)
    .map((pair): [string, string] => {
      const [name = "", ...value] = pair.split("=");
      return [name.trim(), value.join("=").trim()];
    })
    .filter(([name]) => name !== "");
  return cookies.length === 0 ? undefined : Object.fromEntries(cookies);
}

function namesOf(headers: unknown): string[] {
  if (!isObject(headers)) return [];
  try {
    return Object.keys(headers).slice(0, MOST_HEADERS);
  } catch {
    return [];
  }
}

function headerText(value: unknown, longest: number = LONGEST_VALUE): string | undefined {
  if (typeof value === "string") return cleanText(value, longest);
  if (typeof value === "number") return String(value);
  if (!Array.isArray(value)) return undefined;
  const texts = value.slice(0, MOST_HEADERS).filter((item) => typeof item === "string");
  return texts.length === 0 ? undefined : cleanText(texts.join(", "), longest);
}

/** Words of a header's name that say it holds an address, or whose request it is. */
const IDENTIFYING: ReadonlySet<string> = new Set([
  ...["forwarded", "via", "remote", "ip", "clientip", "socketip", "realip", "ipaddress", "address", "addr"],
  ...["user", "username", "userid", "email", "identity"],
]);

/** Names that hold such a word, but describe the server or no one. */
const INNOCENT: RegExp =
  /^(?:user-agent|sec-fetch-user|x-forwarded-(?:host|port|proto|scheme|prefix|server))$/;

/** Where an address is, as proxies work it out: `cf-ipcountry`, `cf-iplatitude`. */
const PLACE: RegExp = /^ip(?:c|lat|lon|reg|post)/;

/** `x-forwarded-for`, `cf-connecting-ip`, `x-real-ip`, `via`, `x-remote-user`, `from`. */
function isIdentifying(name: string): boolean {
  const lower = name.toLowerCase();
  if (INNOCENT.test(lower)) return false;
  return lower === "from" || lower.split(/[-_]/).some((word) => IDENTIFYING.has(word) || PLACE.test(word));
}
