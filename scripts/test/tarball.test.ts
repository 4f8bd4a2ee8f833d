import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inspect } from "../tarball.mjs";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corvid-tarball-test-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const MANIFEST = {
  name: "@corvid/made-up",
  version: "1.2.3",
  type: "module",
  sideEffects: ["./dist/esm/register.js"] as unknown,
  exports: {
    ".": entry("index"),
    "./register": entry("register"),
    "./package.json": "./package.json",
  },
  files: ["dist", "README.md", "LICENSE"],
  peerDependencies: { "@corvid/core": "^1.2.3" } as Record<string, string>,
};

const FILES: Record<string, string> = {
  "README.md": "# made up",
  LICENSE: "MIT",
  "dist/esm/index.js": 'globalThis.isMadeUp = true; export const name = "made up";',
  "dist/esm/index.d.ts": "export declare const name: string;",
  "dist/esm/register.js": "process.isMadeUp = true;",
  "dist/esm/register.d.ts": "export {};",
  "dist/cjs/index.js": 'exports.name = "made up";',
  "dist/cjs/index.d.ts": "export declare const name: string;",
  "dist/cjs/register.js": "process.isMadeUp = true;",
  "dist/cjs/register.d.ts": "export {};",
  "dist/cjs/package.json": '{ "type": "commonjs" }',
};

test("inspect() tells what a good tarball weighs", async () => {
  const { problems, files, bytes, packed } = await inspected({});

  expect(problems).toEqual([]);
  expect(files).toBe(Object.keys(FILES).length + 1);
  expect(bytes).toBeGreaterThan(packed);
});

test.each([
  ["a source map", "dist/esm/index.js.map"],
  ["a source", "src/index.ts"],
  ["a test's declaration", "dist/esm/index.test.d.ts"],
  ["a fixture", "dist/esm/fixtures.json"],
])("inspect() finds %s that has no place in a package", async (_what, file) => {
  const { problems } = await inspected({ files: { ...FILES, [file]: "{}" } });

  expect(problems).toEqual([`${file} has no place in a package`]);
});

test("inspect() finds what the manifest leads to and the tarball has not", async () => {
  const { "dist/cjs/index.d.ts": _types, LICENSE: _licence, ...files } = FILES;
  const { problems } = await inspected({ files });

  expect(problems).toEqual(["LICENSE is missing", "dist/cjs/index.d.ts is missing"]);
});

test("inspect() finds paths of the machine that built it", async () => {
  const files = { ...FILES, "dist/cjs/index.js": `exports.at = "${homedir()}/made-up.js";` };
  const { problems } = await inspected({ files });

  expect(problems).toContain(`dist/cjs/index.js names ${homedir()}/`);
});

test.each([
  [{ dependencies: { ajv: "^8.0.0" } }, "@corvid/made-up has dependencies: ajv"],
  [{ peerDependencies: { "@corvid/core": "workspace:^" } }, "@corvid/core@workspace:^ leads nowhere"],
  [{ peerDependencies: { "@corvid/core": "^1.2.2" } }, "@corvid/core should be ^1.2.3, is ^1.2.2"],
  [{ scripts: { postinstall: "node x.js" } }, "the script postinstall is nobody's to run"],
])("inspect() finds %j unfit for a published manifest", async (change, problem) => {
  const { problems } = await inspected({ manifest: { ...MANIFEST, ...change } });

  expect(problems).toContain(problem);
});

test("inspect() finds a package that grew too large", async () => {
  const { problems } = await inspected({ files: { ...FILES, "README.md": "x".repeat(2_000_000) } });

  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/^\d+ KiB installed are more than \d+$/);
});

test.each([
  [false, "sideEffects is wrong for ./dist/esm/register.js: a bundler leaves it out"],
  [true, "sideEffects is wrong for ./dist/esm/index.js: a bundler keeps it"],
])("inspect() finds that bundlers are misled by sideEffects: %j", async (sideEffects, problem) => {
  const { problems } = await inspected({ manifest: { ...MANIFEST, sideEffects } });

  expect(problems).toEqual([problem]);
});

function entry(name: string): object {
  return {
    import: { types: `./dist/esm/${name}.d.ts`, default: `./dist/esm/${name}.js` },
    require: { types: `./dist/cjs/${name}.d.ts`, default: `./dist/cjs/${name}.js` },
  };
}

function inspected({ manifest = MANIFEST, files = FILES }: { manifest?: object; files?: typeof FILES }) {
  for (const [path, text] of Object.entries({ ...files, "package.json": JSON.stringify(manifest) })) {
    mkdirSync(dirname(join(folder, "package", path)), { recursive: true });
    writeFileSync(join(folder, "package", path), text);
  }
  const tarball = join(folder, "made-up.tgz");
  execFileSync("tar", ["-czf", tarball, "-C", folder, "package"]);
  return inspect(tarball);
}
