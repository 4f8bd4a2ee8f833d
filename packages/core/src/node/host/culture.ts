import { readlinkSync } from "node:fs";
import type { Json } from "../../model/event.js";
import { isThere } from "./folders.js";

/**
 * Locale, calendar and, where it is known, time zone of this process: what `Intl.DateTimeFormat` says, mostly without asking it, because the
 * first formatter of a process costs it more than ten milliseconds.
 *
 * @param tz - the environment's `TZ`
 * @param localtime - the link by which the system names its time zone
 */
export function cultureContext(
  tz: string | undefined,
  localtime: string = "/etc/localtime",
): Record<string, Json> {
  const { locale } = new Intl.PluralRules().resolvedOptions();
  const timezone = tz ? namedZone(tz) : linkedZone(localtime);
  if (timezone !== undefined && isGregorian(locale)) return { locale, timezone, calendar: "gregory" };
  const known = Intl.DateTimeFormat().resolvedOptions();
  // Of a `TZ` that names no zone the language says nothing, or that it does not know.
  const isKnown = typeof known.timeZone === "string" && known.timeZone !== "Etc/Unknown";
  return { locale: known.locale, ...(isKnown ? { timezone: known.timeZone } : {}), calendar: known.calendar };
}

/** `false` for a locale that has another calendar, or names one: nearly all have this one. */
export function isGregorian(locale: string): boolean {
  return !/^(?:th|fa|ps|ckb|lrc|mzn|uz-Arab)\b|-(?:TH|IR|AF|SA|u)\b/.test(locale);
}

/** A zone by its name in the database, and nothing else that `TZ` may say: offsets, rules, files, mistakes. */
function namedZone(name: string): string | undefined {
  return ZONE.test(name) && isThere(`/usr/share/zoneinfo/${name}`) ? canonical(name) : undefined;
}

/** The zone that a link into the database names. */
function linkedZone(link: string): string | undefined {
  try {
    const name = readlinkSync(link).split("/zoneinfo/")[1];
    return name !== undefined && ZONE.test(name) ? canonical(name) : undefined;
  } catch {
    return undefined;
  }
}

/** With a capital: the database's other folders and files have none. */
const ZONE = /^[A-Z][\w+-]+(?:\/[A-Z][\w+-]+)*$/;

function canonical(name: string): string {
  return /^(?:Etc\/)?(?:UTC|UCT|Zulu|Universal|GMT|GMT[+-]?0|Greenwich)$/.test(name) ? "UTC" : name;
}
