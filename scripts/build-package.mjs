/**
 * Builds the package in the current folder into its published shape: each entry one bundled ES module with the
 * cold features split off as chunks, the same files again as CommonJS, and types for both.
 *
 * Entries are the `corvid-source` paths of package.json's `exports`, and those listed in its `corvid.entries`:
 * commands, which nobody imports, and which are therefore built as ES modules alone. Run-time dependencies and peers
 * stay outside; development dependencies that the sources import are bundled in, and their licences collected. Pages
 * of the repository, in the folders that `corvid.pages` lists, come along.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { sealedModule } from "./sealed-module.mjs";
import { umdAsModule } from "./umd-as-module.mjs";

const TARGET = "node20.19";
const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const sources = Object.values(manifest.exports)
  .map((target) => target["corvid-source"])
  .filter((source) => source !== undefined);
const commands = manifest.corvid?.entries ?? [];
const external = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).flatMap((name) => [
  name,
  `${name}/*`,
]);

rmSync("dist", { recursive: true, force: true });
const bundled = await bundleEsm();
await transposeToCjs(bundled.outputs);
emitTypes();
collectLicences(Object.keys(bundled.inputs));
for (const folder of manifest.corvid?.pages ?? [])
  copyPages(join(root, folder), join("dist", basename(folder)));
if (!existsSync("LICENSE")) cpSync(join(root, "LICENSE"), "LICENSE");

async function bundleEsm() {
  const { metafile } = await build({
    entryPoints: [...sources, ...commands],
    outdir: "dist/esm",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: TARGET,
    external: ["node:*", ...external],
    define: { __CORVID_VERSION__: JSON.stringify(manifest.version) },
    chunkNames: "chunk-[hash]",
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    plugins: [umdAsModule],
  });
  for (const path of importable(metafile.outputs))
    writeFileSync(path, sealedModule(readFileSync(path, "utf8")));
  await minifyRest(metafile.outputs);
  return metafile;
}

/** Made small: commands, and chunks that are mostly other people's code. What stacks lead into stays readable. */
async function minifyRest(outputs) {
  for (const [path, output] of Object.entries(outputs)) {
    if (!isOneOf(commands, output.entryPoint) && !isForeign(output)) continue;
    const { code } = await transform(readFileSync(path, "utf8"), {
      minify: true,
      format: "esm",
      target: TARGET,
    });
    writeFileSync(path, code);
  }
}

function isForeign({ inputs, bytes }) {
  const foreign = Object.entries(inputs).filter(([input]) => input.includes("node_modules/"));
  return foreign.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0) >= bytes / 2;
}

/**
 * The CommonJS build has the same files: the ES modules, translated one by one, so that entries share their chunks;
 * minified, because a package holds both. The names of functions stay: applications see those of handlers.
 */
async function transposeToCjs(outputs) {
  await build({
    entryPoints: importable(outputs),
    outdir: "dist/cjs",
    format: "cjs",
    minify: true,
    keepNames: manifest.name !== "@corvid/core",
    platform: "node",
    target: TARGET,
    supported: { "dynamic-import": false },
    logLevel: "warning",
  });
  writeFileSync("dist/cjs/package.json", '{ "type": "commonjs" }\n');
}

/** The files that someone who imports the package can come to, by whatever way. */
function importable(outputs) {
  const reached = new Set(Object.keys(outputs).filter((path) => isOneOf(sources, outputs[path].entryPoint)));
  for (const path of reached)
    for (const { path: next } of outputs[path].imports) if (next in outputs) reached.add(next);
  return [...reached];
}

/** The pages of a folder. What they link to beside it is not in the package, and becomes text. */
function copyPages(folder, destination) {
  mkdirSync(destination, { recursive: true });
  for (const page of readdirSync(folder).filter((name) => name.endsWith(".md"))) {
    const text = readFileSync(join(folder, page), "utf8");
    writeFileSync(join(destination, page), text.replace(/\[([^\]]+)\]\(\.\.\/[^)]*\)/g, "$1"));
  }
}

function isOneOf(listed, entryPoint) {
  return listed.some((source) => join(source) === entryPoint);
}

function emitTypes() {
  const bin = join(root, "node_modules", ".bin", "tsc");
  const emitted = spawnSync(
    bin,
    [
      "-p",
      "tsconfig.build.json",
      "--noEmit",
      "false",
      "--emitDeclarationOnly",
      "--rootDir",
      "src",
      "--outDir",
      "dist/esm",
    ],
    { stdio: "inherit" },
  );
  if (emitted.status !== 0) process.exit(emitted.status ?? 1);
  const wanted = importableTypes();
  for (const file of readdirSync("dist/esm", { recursive: true })) {
    if (!file.endsWith(".d.ts")) continue;
    if (!wanted.has(join("dist/esm", file))) {
      rmSync(join("dist/esm", file));
      continue;
    }
    mkdirSync(dirname(join("dist/cjs", file)), { recursive: true });
    cpSync(join("dist/esm", file), join("dist/cjs", file));
  }
}

/** The declarations that an entry's own ones lead to: a package holds them twice, and nobody reads the others. */
function importableTypes() {
  const entries = sources.map((source) =>
    join("dist/esm", source.replace(/^\.\/src\//, "").replace(/ts$/, "d.ts")),
  );
  const reached = new Set(entries);
  for (const file of reached)
    for (const [, path] of readFileSync(file, "utf8").matchAll(/(?:from |import |import\()"(\.[^"]+)\.js"/g))
      reached.add(join(dirname(file), `${path}.d.ts`));
  return reached;
}

function collectLicences(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) folders.add(match[1]);
  }
  if (folders.size === 0) return;
  const notices = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? readFileSync(join(folder, file), "utf8").trim() : `Licence: ${license}`;
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  writeFileSync(
    "THIRD-PARTY-LICENSES",
    `This package contains code of the following projects.\n\n${notices.join(`\n${"-".repeat(72)}\n\n`)}`,
  );
}
