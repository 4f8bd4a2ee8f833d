/**
 * Installs the packed packages into an empty project, as a user would, and captures an error with them: as ES module and
 * as CommonJS, on each version of Node, with a real server at the other end.
 *
 *     node scripts/smoke.mjs [--node 20,22,24,26]
 *
 * Other versions of Node come from npm. Needs the packages built.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({ options: { node: { type: "string", default: "20,22,24,26" } } });
const PACKAGES = [
  "packages/core",
  "packages/express",
  "packages/koa",
  "packages/pino",
  "packages/decorators",
  "test-server",
];
const FRAMEWORKS = ["express@5", "koa@3", "pino@10"];
/** What a user has on disk for reporting errors. */
const MOST_CORE_BYTES = 1.5 * 1024 * 1024;

const PROGRAM = `
  const server = await startTestServer();
  init({ dsn: server.dsn });
  try {
    JSON.parse("{");
  } catch (error) {
    captureException(error);
  }
  const isDone = await close();
  const [{ event }] = await server.waitForEvents(1);
  const names = [handler, requestHandler, errorHandler, koaHandler, captureExceptions].map((fn) => typeof fn);
  await server.close();
  console.log(JSON.stringify({
    isDone,
    type: event.exception.values[0].type,
    line: event.exception.values[0].stacktrace.frames.findLast((frame) => frame.in_app)?.context_line?.trim(),
    problems: server.problems(),
    names: [...new Set(names)],
  }));
`;

const IMPORTS = [
  ["@corvid/core", "captureException, close, init"],
  ["@corvid/test-server", "startTestServer"],
  ["@corvid/pino", "handler"],
  ["@corvid/express", "errorHandler, requestHandler"],
  ["@corvid/koa", "requestHandler: koaHandler"],
  ["@corvid/decorators", "captureExceptions"],
];

const EXPECTED = JSON.stringify({
  isDone: true,
  type: "SyntaxError",
  line: 'JSON.parse("{");',
  problems: [],
  names: ["function"],
});

const folder = mkdtempSync(join(tmpdir(), "corvid-smoke-"));
try {
  const project = install();
  for (const major of values.node.split(",")) {
    const node = nodeOf(major);
    for (const file of ["app.mjs", "app.cjs"]) run(node, project, file, major);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** An empty project with the tarballs and the frameworks they are for. */
function install() {
  const tarballs = PACKAGES.map((path) => {
    execFileSync("npx", ["--yes", "pnpm@10.34.9", "pack", "--pack-destination", folder], {
      cwd: join(root, path),
      stdio: "pipe",
    });
    const name = path.replace("packages/", "").replace(/^/, "corvid-");
    return join(
      folder,
      readdirSync(folder).find((file) => file.startsWith(`${name}-`) && file.endsWith(".tgz")),
    );
  });
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "empty", "private": true }\n');
  npm(project, ["install", "--no-audit", "--no-fund", ...tarballs, ...FRAMEWORKS]);

  const esm = IMPORTS.map(([from, names]) => `import { ${names.replace(":", " as")} } from "${from}";`);
  const cjs = IMPORTS.map(([from, names]) => `const { ${names} } = require("${from}");`);
  writeFileSync(join(project, "app.mjs"), `${esm.join("\n")}\n${PROGRAM}`);
  writeFileSync(join(project, "app.cjs"), `${cjs.join("\n")}\n(async () => {${PROGRAM}})();\n`);

  const core = join(project, "node_modules/@corvid/core");
  const bytes = sizeOf(core);
  check(
    "@corvid/core installs as one package",
    readdirSync(core).includes("node_modules") ? "more" : "one",
    "one",
  );
  check(`@corvid/core is small enough (${Math.round(bytes / 1024)} KiB)`, bytes <= MOST_CORE_BYTES, true);
  const { version } = JSON.parse(readFileSync(join(core, "package.json"), "utf8"));
  const said = execFileSync("npx", ["corvid", "--version"], { cwd: project, encoding: "utf8" });
  check("npx corvid runs", said, `${version}\n`);
  return project;
}

function run(node, project, file, major) {
  const out = execFileSync(node, [file], { cwd: project, encoding: "utf8", timeout: 60_000 });
  check(`Node ${major}, ${file}`, out.trim(), EXPECTED);
}

/** The running Node where it is of this version, else the one from npm. */
function nodeOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const prefix = join(folder, `node-${major}`);
  mkdirSync(prefix);
  writeFileSync(join(prefix, "package.json"), '{ "private": true }\n');
  npm(prefix, ["install", "--no-audit", "--no-fund", "--loglevel=error", `node@${major}`]);
  return join(prefix, "node_modules/node/bin/node");
}

function npm(cwd, args) {
  execFileSync("npm", args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
}

function sizeOf(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function check(what, received, expected) {
  if (received !== expected) throw new Error(`${what}: expected ${expected}, received ${received}`);
  process.stdout.write(`✓ ${what}\n`);
}
