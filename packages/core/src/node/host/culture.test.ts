import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cultureContext, isGregorian } from "./culture.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corvid-culture-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What the language itself says, at its price. */
function asked(): Record<string, string> {
  const { locale, timeZone, calendar } = Intl.DateTimeFormat().resolvedOptions();
  const isKnown = timeZone !== undefined && timeZone !== "Etc/Unknown";
  return { locale, ...(isKnown ? { timezone: timeZone } : {}), calendar };
}

function linkTo(target: string): string {
  const link = join(folder, "localtime");
  symlinkSync(target, link);
  return link;
}

describe("cultureContext()", () => {
  test("says what Intl says", () => {
    expect(cultureContext(process.env["TZ"])).toEqual(asked());
  });

  test.each([
    ["/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"],
    ["../usr/share/zoneinfo/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"],
    ["/var/db/timezone/zoneinfo/Etc/GMT+5", "Etc/GMT+5"],
    ["/usr/share/zoneinfo/Etc/UTC", "UTC"],
    ["/usr/share/zoneinfo/GMT", "UTC"],
  ])("takes the time zone from a link to %s", (target, timezone) => {
    expect(cultureContext(undefined, linkTo(target))["timezone"]).toBe(timezone);
    expect(cultureContext("", join(folder, "localtime"))["timezone"]).toBe(timezone);
  });

  test.each([
    "/usr/share/zoneinfo/posix/Europe/Berlin",
    "/usr/share/zoneinfo/",
    "/etc/else",
    "/usr/share/zoneinfo/Europe/../x",
  ])("asks Intl where the link leads to %s", (target) => {
    expect(cultureContext(undefined, linkTo(target))).toEqual(asked());
  });

  test("asks Intl where the system's time zone is a file, or is not there", () => {
    writeFileSync(join(folder, "localtime"), "TZif2");

    expect(cultureContext(undefined, join(folder, "localtime"))).toEqual(asked());
    expect(cultureContext(undefined, join(folder, "none"))).toEqual(asked());
  });

  test.each([
    "Mars/Olympus",
    "EST5EDT4,M3.2.0",
    ":Europe/Berlin",
    "../../etc/passwd",
    "Europe/Berlin\0",
    "europe/berlin",
  ])("asks Intl about TZ=%j", (tz) => {
    expect(cultureContext(tz, linkTo("/usr/share/zoneinfo/Asia/Tokyo"))).toEqual(asked());
  });
});

describe("isGregorian()", () => {
  test("agrees with Intl, for each language and each country", () => {
    const letters = [..."abcdefghijklmnopqrstuvwxyz"];
    const pairs = letters.flatMap((first) => letters.map((second) => first + second));
    const locales = [
      ...pairs,
      ...pairs.map((pair) => `en-${pair.toUpperCase()}`),
      "ckb",
      "lrc",
      "mzn",
      "uz-Arab",
      "ar-SA",
    ];
    const known = Intl.DateTimeFormat.supportedLocalesOf([
      ...locales,
      "en-u-ca-buddhist",
      "th-TH-u-ca-gregory",
    ]);

    const wrong = known.filter(
      (locale) =>
        isGregorian(locale) && new Intl.DateTimeFormat(locale).resolvedOptions().calendar !== "gregory",
    );

    expect(wrong).toEqual([]);
    expect(["en-US", "de-AT", "pt-BR", "ja-JP"].every(isGregorian)).toBe(true);
  });
});
