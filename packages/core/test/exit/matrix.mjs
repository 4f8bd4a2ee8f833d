/**
 * Runs the whole table of endings with every supported Node and prints it:
 *
 *     node packages/core/test/exit/matrix.mjs            prints
 *     node packages/core/test/exit/matrix.mjs --write    also renews the table in docs/exit.md
 *
 * The other Nodes come from npm and stay in a temporary folder. Takes some minutes, needs the build.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const MAJORS = [20, 22, 24, 26];
const DOCUMENT = fileURLToPath(new URL("../../../../docs/exit.md", import.meta.url));
const MARKS = /(<!-- table -->\n)[\s\S]*(<!-- \/table -->)/;

const { compare, essence, inParallel, measureWaits, PROGRAMS } = await load();
const columns = [];
for (const major of MAJORS) columns.push(await column(major, nodeOf(major)));

const table = [
  `| a program that … | arrives | ${columns.map(({ major }) => `Node ${major}`).join(" | ")} |`,
  `|---|---|${columns.map(() => "---|").join("")}`,
  ...PROGRAMS.map((program, row) => {
    const { what, events, lost } = program;
    const arrives = lost === undefined ? `${events.length} of ${events.length}` : `${events.length}: ${lost}`;
    return `| ${what} | ${arrives} | ${columns.map(({ cells }) => cells[row]).join(" | ")} |`;
  }),
].join("\n");
console.log(table);
for (const { version, waits } of columns) {
  console.log(
    `${version}: waits at the end, in ms, of ${waits.length} crashes one after the other: ${waits.join(" ")}`,
  );
}
if (process.argv.includes("--write")) {
  writeFileSync(DOCUMENT, readFileSync(DOCUMENT, "utf8").replace(MARKS, `$1${table}\n$2`));
}
const differing = columns.flatMap(({ version, details }) => details.map((detail) => `${version}: ${detail}`));
for (const detail of differing) console.error(detail);
process.exitCode = differing.length === 0 ? 0 : 1;

/** The table and what runs it, which are TypeScript. The bundle stands where `@corvid/*` can be found. */
async function load() {
  const folder = fileURLToPath(new URL("../../node_modules/.exit-matrix/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, "matrix.mjs");
  await build({
    stdin: {
      contents: `export * from "./table.js"; export * from "./run-program.js"; export * from "./node-process.js";`,
      resolveDir: import.meta.dirname,
      loader: "ts",
    },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    define: { "import.meta.url": JSON.stringify(import.meta.url) },
    logLevel: "warning",
  });
  const loaded = await import(pathToFileURL(outfile).href);
  rmSync(folder, { recursive: true });
  return loaded;
}

async function column(major, node) {
  const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  const compared = await inParallel(PROGRAMS, 3, (program) => compare(program, node));
  const details = [];
  const cells = compared.map(({ program, without, with: withCorvid, arrived, problems }) => {
    const [expected, actual] = [essence(without), essence(withCorvid)].map((one) =>
      JSON.stringify(one, null, 1),
    );
    if (expected !== actual) details.push(`${program.what}: without ${expected}, with ${actual}`);
    const isComplete =
      arrived.length === program.events.length &&
      arrived.every((text, index) => text.includes(program.events[index]));
    if (!isComplete || problems.length > 0)
      details.push(`${program.what}: arrived ${JSON.stringify(arrived)} ${problems.join()}`);
    const ending = without.signal ?? without.code;
    return expected === actual && isComplete ? `${ending}` : `**${ending}: differs**`;
  });
  return { major, version, cells, details, waits: await measureWaits(node) };
}

/** This Node, or one from npm. */
function nodeOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const folder = join(tmpdir(), `corvid-node-${major}`);
  const binary = join(folder, "node_modules", "node", "bin", "node");
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    const flags = ["--no-audit", "--no-fund", "--loglevel=error"];
    execFileSync("npm", ["install", ...flags, `node@${major}`], { cwd: folder, stdio: "inherit" });
  }
  return binary;
}
