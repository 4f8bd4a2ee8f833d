import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testFolder } from "../../../test/support/spool.js";
import { messageText } from "../../model/messages.js";
import { defaultSpoolDir } from "./default-dir.js";

let dir: string;
let remove: () => void;
let warnings: string[];
beforeEach(() => {
  ({ dir, remove } = testFolder());
  warnings = [];
  for (const name of ["home", "tmp"]) mkdirSync(join(dir, name));
});
afterEach(() => remove());

function spoolDir(options: Partial<Parameters<typeof defaultSpoolDir>[0]> = {}): string | undefined {
  return defaultSpoolDir({
    env: {},
    dsnKey: "https://key@host/1",
    platform: "linux",
    home: join(dir, "home"),
    tmp: join(dir, "tmp"),
    diagnostics: {
      debug: () => undefined,
      warn: (...message) => void warnings.push(messageText(...message)),
    },
    ...options,
  });
}

describe("defaultSpoolDir()", () => {
  test("is a private folder in the user's state directory", () => {
    const spool = spoolDir()!;
    expect(spool).toMatch(/home\/\.local\/state\/corvid\/[0-9a-f]{16}$/);
    expect(statSync(spool).mode & 0o777).toBe(0o700);
    expect(spoolDir()).toBe(spool);
  });

  test("differs between what it is for, and between users", () => {
    const uid = statSync(dir).uid;
    expect(spoolDir({ dsnKey: "https://key@host/2" })).not.toBe(spoolDir());
    expect(spoolDir({ uid: uid + 1 })).toBeUndefined();
    expect(spoolDir({ uid })).toBe(spoolDir());
  });

  test("follows the conventions of each system", () => {
    const state = join(dir, "state");
    expect(spoolDir({ env: { XDG_STATE_HOME: state } })).toMatch(/state\/corvid\/[0-9a-f]{16}$/);
    expect(spoolDir({ env: { XDG_STATE_HOME: "not/absolute" } })).toContain(".local");
    expect(spoolDir({ platform: "darwin" })).toContain(join("Library", "Application Support", "corvid"));
    expect(spoolDir({ platform: "win32", env: { LOCALAPPDATA: join(dir, "Local") } })).toContain("Local");
    expect(spoolDir({ platform: "win32" })).toContain("tmp");
  });

  test("goes to the temporary directory where there is no home, and makes none", () => {
    expect(spoolDir({ home: join(dir, "nobody") })).toMatch(/tmp\/corvid-[0-9a-f]{16}$/);
    expect(readdirSync(dir).sort()).toEqual(["home", "tmp"]);
  });

  test("goes to the temporary directory where the home cannot be written", () => {
    writeFileSync(join(dir, "home", ".local"), "a file");
    expect(spoolDir()).toMatch(/tmp\/corvid-[0-9a-f]{16}$/);
    expect(warnings).toEqual([]);
  });

  test("refuses a folder that another could have prepared", () => {
    const home = join(dir, "nobody");
    const spool = spoolDir({ home })!;
    chmodSync(spool, 0o777);
    expect(spoolDir({ home })).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining("can be written by others")]);
  });

  test("refuses a link", () => {
    const home = join(dir, "nobody");
    const spool = spoolDir({ home })!;
    rmSync(spool, { recursive: true });
    mkdirSync(join(dir, "elsewhere"));
    symlinkSync(join(dir, "elsewhere"), spool);

    expect(spoolDir({ home })).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining("another user's")]);
  });
});
