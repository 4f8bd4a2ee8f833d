import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runNode } from "./exit/node-process.js";

const dist = (file: string): string => new URL(`../dist/${file}`, import.meta.url).pathname;

/** Captures in all the ways that put code of Corvid's on the stack, and prints the functions and files of the frames. */
const PROGRAM = `
const client = corvid.init({ dsn: false, transport, attachStacktrace: true });
function appFails() { throw new Error("thrown"); }
const wrapped = corvid.wrap(corvid.wrap(corvid.wrap(appFails)));
function* appSteps() { yield 1; throw new Error("in a generator"); }
const steps = corvid.wrap(appSteps);
class AppOrder { constructor() { throw new Error("in a constructor"); } }
function appCalls() {
  corvid.captureException("a text");
  client.captureException("a text, by the client");
  corvid.captureMessage("a message");
  corvid.withScope(() => corvid.captureException({ status: 500 }));
  try { wrapped(); } catch (error) { console.error(error.stack.match(/Object\\.apply/g).length); }
  try { for (const _ of steps()); } catch {}
  try { new (corvid.wrap(AppOrder))(); } catch {}
}
function appStarts() { appCalls(); }
appStarts();
client.close().then(() => {
  for (const { exception, message, threads } of transport.events) {
    const { frames } = exception?.values.at(-1).stacktrace ?? threads.values[0].stacktrace;
    const own = frames.filter(({ abs_path }) => abs_path !== undefined && !abs_path.startsWith("node:"));
    console.log(JSON.stringify([exception?.values.at(-1).value ?? message, own.map((frame) => frame.function)]));
  }
});
`;

/** The program's own top level, and what loads it or calls it back. */
const LOADING = /^(?:\?|Object\.<anonymous>|__require\d?|Object\.\.\/.*|.*\.cjs)$/;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "corvid-frames-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const module = (kind: "esm" | "cjs"): string => {
  const [core, testing] = [dist(`${kind}/index.js`), dist(`${kind}/testing.js`)];
  const load =
    kind === "esm"
      ? `import * as corvid from ${JSON.stringify(core)};\nimport * as testing from ${JSON.stringify(testing)};`
      : `const corvid = require(${JSON.stringify(core)});\nconst testing = require(${JSON.stringify(testing)});`;
  return `${load}\nconst transport = testing.recordingTransport();\n${PROGRAM}`;
};

test.each<["esm" | "cjs", "as it is" | "bundled" | "bundled and minified"]>([
  ["esm", "as it is"],
  ["cjs", "as it is"],
  ["esm", "bundled"],
  ["cjs", "bundled"],
  ["esm", "bundled and minified"],
  ["cjs", "bundled and minified"],
])("no event shows a frame of Corvid's: %s, %s", async (kind, how) => {
  const extension = kind === "esm" ? "mjs" : "cjs";
  const source = join(folder, `app.${extension}`);
  const file = how === "as it is" ? source : join(folder, `out.${extension}`);
  writeFileSync(source, module(kind));
  if (file !== source) {
    const format = kind;
    const minify = how === "bundled and minified";
    await build({
      entryPoints: [source],
      outfile: file,
      bundle: true,
      platform: "node",
      format,
      minifyWhitespace: minify,
      minifySyntax: minify,
      logLevel: "error",
    });
  }

  const { stdout, stderr } = await runNode({ argv: [file], env: { NODE_ENV: "test" } });

  const frames = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as [string, string[]])
    .map(([title, functions]) => [title, functions.filter((name) => !LOADING.test(name))]);
  expect(frames).toEqual([
    ["a text", ["appStarts", "appCalls"]],
    ["a text, by the client", ["appStarts", "appCalls"]],
    ["a message", ["appStarts", "appCalls"]],
    ['{"status":500}', ["appStarts", "appCalls"]],
    ["thrown", ["appStarts", "appCalls", "appFails"]],
    ["in a generator", ["appStarts", "appCalls", "appSteps"]],
    ["in a constructor", ["appStarts", "appCalls", "new AppOrder"]],
  ]);
  expect(stderr.trim()).toBe("3");
});
