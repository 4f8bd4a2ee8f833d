import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { OptionsError, resolveOptions } from "../../packages/core/src/client/options.js";
import { DEFAULT_MAX_AGE_MS, DEFAULT_MAX_BYTES } from "../../packages/core/src/node/spool/store.js";
import { ROOT } from "../check/pages.js";

const page = readFileSync(`${ROOT}docs/options.md`, "utf8");
const source = readFileSync(`${ROOT}packages/core/src/client/options.ts`, "utf8");
const resolved = resolveOptions({}, {});
/** Those of the request stand together, once resolved. */
const defaults: Readonly<Record<string, unknown>> = { ...resolved, ...resolved.request };

interface Section {
  readonly name: string;
  readonly type: string;
  /** The text behind "Default:"; code where the default is a value. */
  readonly default: string;
  readonly text: string;
}

const sections = page.split(/^### /m).slice(1).map(readSection);

function readSection(text: string): Section {
  const [, name = ""] = /^`(\w+)`/.exec(text) ?? [];
  const [, type = "", stated = ""] = /^Type: `([^`]+)`\. Default: ([\s\S]+?)\.$/m.exec(text) ?? [];
  return { name, type, default: stated, text };
}

/** The options that `init` knows, as it names them itself. */
function knownOptions(): string[] {
  try {
    resolveOptions({ nonsense: true } as object, {});
  } catch (error) {
    if (error instanceof OptionsError)
      return /one of ([\w, ]+), received/.exec(error.message)![1]!.split(", ");
  }
  throw new Error("init takes an option that is none");
}

test("options.md has a section for each option, and for nothing else", () => {
  expect(sections.map(({ name }) => name).sort()).toEqual(knownOptions().sort());
});

test.each(sections)("options.md says of $name what type it has", ({ name, type }) => {
  const declared = new RegExp(`^  readonly ${name}\\?:\\s([^;]+);`, "m").exec(source)?.[1];

  // Every option may be undefined, which the page says once.
  const said = declared
    ?.replace(/\s+/g, " ")
    .replace(/^ ?\| /, "")
    .replace(/ \| undefined$/, "");
  expect(type).toBe(said?.replace(/^\((\(.*)\)$/, "$1"));
});

test.each(sections)("options.md says of $name what its default is", ({ name, default: stated }) => {
  const code = /^`([^`]+)`$/.exec(stated)?.[1];
  const isValue = code !== undefined && !/^[A-Z_]+$/.test(code);

  // What depends on the machine, or is nothing, is said in words.
  if (isValue) expect(runInNewContext(`(${code})`)).toEqual(defaults[name]);
  else expect([undefined, "production"]).toContain(defaults[name]);
});

test.each(sections)("options.md shows $name in code", ({ name, text }) => {
  expect(text).toMatch(new RegExp(`\`\`\`\\w+\\n[\\s\\S]*\\b${name}\\b[\\s\\S]*\`\`\``));
});

test("options.md lists the keys of `fileSpool` with their defaults", () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| (.+?) \|/gm)].filter(([, name]) => name !== "dir");

  expect(
    Object.fromEntries(rows.map(([, name, code]) => [name, runInNewContext(code!.replaceAll("`", ""))])),
  ).toEqual({ maxBytes: DEFAULT_MAX_BYTES, maxAgeMs: DEFAULT_MAX_AGE_MS, fsync: false });
});

test("the README of @corvid/core names each option", () => {
  const readme = readFileSync(`${ROOT}packages/core/README.md`, "utf8");

  expect(knownOptions().filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
