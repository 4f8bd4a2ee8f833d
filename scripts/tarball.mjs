/** What a user finds in a tarball, and what must be true of it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { manifestIn, ROOT } from "./packages.mjs";

/** Everything a tarball may hold. */
const KINDS = [
  /^(package\.json|README\.md|LICENSE|THIRD-PARTY-LICENSES|NOTICE)$/,
  /^bin\/[\w-]+\.js$/,
  /^dist\/cjs\/package\.json$/,
  /^dist\/docs\/[\w-]+\.md$/,
  /^dist\/esm\/node\/cli\/main\.js$/,
  /^dist\/(esm|cjs)\/[\w-]+\.js$/,
  /^dist\/(esm|cjs)\/[\w/-]+\.d\.ts$/,
];

/** Where the machine that built it would show. */
const MACHINE_PATHS = [ROOT, `${homedir()}/`, "/home/", "/Users/", "file:///"];

/** Module formats other than the file's own: bundlers take such code for their own business, and replace it. */
const REMNANTS =
  /\bdefine\.amd\b|\bdefine\(|\bcreateRequire\b|\btypeof exports\b|\b__commonJS\b|\b__require\b/g;

const KIB = 1024;
/** What a package may take up when it is installed, dependencies of its own apart. */
const MOST_BYTES = { "@corvid/core": 1536 * KIB, "@corvid/test-server": 640 * KIB };
const MOST_BYTES_OF_A_WRAPPER = 96 * KIB;
/** Servers may have dependencies; what runs inside of applications brings none. */
const MAY_DEPEND = new Set(["@corvid/test-server"]);

/**
 * Unpacks a tarball and looks at all of it.
 *
 * @returns name, size and number of files, and `problems`, one sentence each
 */
export async function inspect(tarball) {
  const folder = mkdtempSync(join(tmpdir(), "corvid-tarball-"));
  try {
    execFileSync("tar", ["-xzf", tarball, "-C", folder, "--strip-components=1"]);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort();
    const manifest = manifestIn(folder);
    const bytes = sizeOf(folder);
    const content = { folder, files, manifest, bytes };
    const problems = [
      ...strangers(content),
      ...missing(content),
      ...machinePaths(content),
      ...remnants(content),
      ...unfitManifest(content),
      ...tooLarge(content),
      ...(await wrongSideEffects(content)),
    ];
    return { name: manifest.name, files: files.length, packed: statSync(tarball).size, bytes, problems };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes in all files of a folder. */
export function sizeOf(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function strangers({ files }) {
  return files
    .filter((file) => !KINDS.some((kind) => kind.test(file)))
    .map((file) => `${file} has no place in a package`);
}

function missing({ files, manifest }) {
  const named = manifest.files.filter((file) => /^[A-Z]/.test(file));
  const expected = new Set(["README.md", "LICENSE", ...named, ...targetsOf(manifest)]);
  return [...expected].filter((file) => !files.includes(file)).map((file) => `${file} is missing`);
}

/** Every file that the manifest leads to. */
function targetsOf({ exports, main, module, types, typesVersions = {}, bin = {} }) {
  const leaves = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(leaves));
  return [exports, main, module, types, typesVersions, bin]
    .filter((value) => value !== undefined)
    .flatMap(leaves)
    .map((target) => target.replace(/^\.\//, ""));
}

function machinePaths({ folder, files }) {
  return files.flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    return MACHINE_PATHS.filter((path) => text.includes(path)).map((path) => `${file} names ${path}`);
  });
}

function remnants({ folder, files }) {
  return files
    .filter((file) => /^(dist|bin)\/.*\.js$/.test(file))
    .flatMap((file) => {
      const found = readFileSync(join(folder, file), "utf8").match(REMNANTS) ?? [];
      return [...new Set(found)].map((remnant) => `${file} holds ${remnant}`);
    });
}

function unfitManifest({ manifest }) {
  const { name, version, dependencies = {}, peerDependencies = {}, scripts = {} } = manifest;
  const problems = [];
  const ranges = Object.entries({ ...dependencies, ...peerDependencies });
  for (const [other, range] of ranges) {
    if (/^(workspace|catalog|file|link):/.test(range)) problems.push(`${other}@${range} leads nowhere`);
    if (other.startsWith("@corvid/") && range !== `^${version}`)
      problems.push(`${other} should be ^${version}, is ${range}`);
  }
  if (!MAY_DEPEND.has(name) && Object.keys(dependencies).length > 0)
    problems.push(`${name} has dependencies: ${Object.keys(dependencies)}`);
  for (const script of Object.keys(scripts)) problems.push(`the script ${script} is nobody's to run`);
  if (JSON.stringify(manifest).includes("corvid-source")) problems.push("exports lead to sources");
  return problems;
}

function tooLarge({ manifest, bytes }) {
  const most = MOST_BYTES[manifest.name] ?? MOST_BYTES_OF_A_WRAPPER;
  return bytes <= most
    ? []
    : [`${Math.ceil(bytes / KIB)} KiB installed are more than ${Math.floor(most / KIB)}`];
}

/**
 * A bundler leaves out an ES module that nothing is taken from, when `sideEffects` allows it. That must happen to each
 * entry that exports something, and to none that is there for its effect. What is required is never left out.
 */
async function wrongSideEffects({ folder, manifest }) {
  const entries = Object.values(manifest.exports).filter((target) => typeof target !== "string");
  const problems = [];
  for (const file of entries.map((target) => target.import.default)) {
    const path = JSON.stringify(join(folder, file));
    const { text } = await bundle(`import ${path};`, folder);
    const { exports } = await bundle(`export * from ${path};`, folder);
    const isLeftOut = text.replace(/^\/\/.*$/gm, "").trim() === "";
    if (isLeftOut !== exports.length > 0)
      problems.push(
        `sideEffects is wrong for ${file}: a bundler ${isLeftOut ? "leaves it out" : "keeps it"}`,
      );
  }
  return problems;
}

async function bundle(contents, resolveDir) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    packages: "external",
    logLevel: "silent",
  });
  return { text: outputFiles[0].text, exports: Object.values(metafile.outputs)[0].exports };
}
