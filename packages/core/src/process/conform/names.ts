import { cleanText } from "../normalise.js";
import { cutBytes } from "../text.js";
import { field, isNothing, isReadable, namesOf, type Read } from "./fields.js";

/** What a release or an environment may not be called. */
const RESERVED_RELEASES: readonly string[] = [".", "..", "latest"];
const RESERVED_ENVIRONMENTS: readonly string[] = [".", "..", "none"];

/** A legal release: at most 200 bytes, no white space; a scoped package name loses its scope's `@` and `/` (`acme-api@1.2.0`). */
export const release: Read<string> = (value) => legalName(value, 200, RESERVED_RELEASES, /[/\\\s]+/g);

/** A legal environment: at most 64 bytes. */
export const environment: Read<string> = (value) =>
  legalName(value, 64, RESERVED_ENVIRONMENTS, /[/\r\n\t\f]+/g);

function legalName(
  value: unknown,
  maxBytes: number,
  reserved: readonly string[],
  illegal: RegExp,
): string | undefined {
  if (isNothing(value)) return undefined;
  const text = cleanText(value, maxBytes * 2)
    .trim()
    .replace(/^@(?=[^@]*\/)/, "")
    .replace(illegal, "-");
  const name = cutBytes(text, maxBytes).trim();
  return name === "" || reserved.includes(name.toLowerCase()) ? undefined : name;
}

/** A legal distribution: at most 64 of `a-z A-Z 0-9 _ . -`. */
export const dist: Read<string> = (value) => {
  if (isNothing(value)) return undefined;
  const name = cleanText(value, 128)
    .trim()
    .replace(/[^a-zA-Z0-9_.-]+/g, "-")
    .slice(0, 64);
  return name === "" ? undefined : name;
};

/** 32 lower-case hex digits; a UUID with dashes or capitals is taken. */
export const eventId: Read<string> = (value) => {
  if (typeof value !== "string" || value.length > 36) return undefined;
  const id = value.replaceAll("-", "").toLowerCase();
  return /^[0-9a-f]{32}$/.test(id) ? id : undefined;
};

/** Seconds since the Unix epoch; milliseconds (from 1973 on), a Date or the text of one are taken. */
export const timestamp: Read<number> = (value) => {
  const number = typeof value === "string" && /^\d{1,16}(?:\.\d+)?$/.test(value) ? Number(value) : value;
  const seconds =
    typeof number !== "number"
      ? millisecondsOf(number) / 1000
      : number < FIRST_MILLISECOND
        ? number
        : number / 1000;
  return Number.isFinite(seconds) && seconds >= 0 && seconds < FIRST_MILLISECOND ? seconds : undefined;
};

/** No time in seconds is as large: it would lie beyond the year 5000. */
const FIRST_MILLISECOND = 1e11;

function millisecondsOf(value: unknown): number {
  if (typeof value === "string") return Date.parse(value.slice(0, 64));
  try {
    return Date.prototype.getTime.call(value);
  } catch {
    return Number.NaN;
  }
}

/** How many tags the strictest server takes, and how long their parts may be. */
const MAX_TAGS = 100;
const TAG_KEY_LENGTH = 32;
const TAG_VALUE_LENGTH = 200;

/**
 * Legal tags: an over-long or illegal part is cut or replaced, because a server would drop the tag. A list of pairs
 * is taken too; of two tags with the same name the first wins.
 */
export const tags: Read<Record<string, string>> = (value) => {
  if (!isReadable(value)) return undefined;
  const result: Record<string, string> = {};
  for (const [key, entry] of pairsOf(value)) {
    if (isNothing(entry)) continue;
    const name = cleanText(key, TAG_VALUE_LENGTH)
      .trim()
      .replace(/[^a-zA-Z0-9_.:-]/g, "-")
      .slice(0, TAG_KEY_LENGTH);
    const text = cleanText(entry, TAG_VALUE_LENGTH)
      .replace(/[\r\n]+/g, " ")
      .trim();
    if (name !== "" && text !== "" && name !== "__proto__" && !Object.hasOwn(result, name))
      result[name] = text;
  }
  return Object.keys(result).length === 0 ? undefined : result;
};

function pairsOf(value: object): [unknown, unknown][] {
  if (!Array.isArray(value)) {
    return namesOf(value)
      .slice(0, MAX_TAGS)
      .map((key) => [key, field(value, key)]);
  }
  const pairs = Array.from({ length: Math.min(value.length, MAX_TAGS) }, (_, index) => field(value, index));
  return pairs.flatMap((pair): [unknown, unknown][] =>
    isReadable(pair) && Array.isArray(pair) ? [[field(pair, 0), field(pair, 1)]] : [],
  );
}
