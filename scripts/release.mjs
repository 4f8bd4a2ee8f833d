/**
 * Packs and publishes all public packages, after `pnpm release:version` has given them their common version.
 *
 *     node scripts/release.mjs pack                  writes artifacts/*.tgz, checked; needs the packages built
 *     node scripts/release.mjs publish --dry-run     asks npm what publishing them would do
 *     node scripts/release.mjs publish               publishes what the registry does not have yet
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pack, publicPackages, ROOT } from "./packages.mjs";
import { inspect } from "./tarball.mjs";

const ARTIFACTS = join(ROOT, "artifacts");

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: { "dry-run": { type: "boolean", default: false } },
});
const verbs = { pack: packAll, publish: publishAll };
const verb = verbs[positionals[0]];
if (verb === undefined)
  throw new Error(`Expected ${Object.keys(verbs).join(" or ")}, received ${positionals[0]}`);
await verb();

async function packAll() {
  const version = commonVersion();
  rmSync(ARTIFACTS, { recursive: true, force: true });
  const tarballs = pack(
    publicPackages().map(({ name }) => name),
    ARTIFACTS,
  );
  const inspected = await Promise.all([...tarballs.values()].map(inspect));
  console.table(
    Object.fromEntries(
      inspected.map(({ name, files, packed, bytes }) => [
        name,
        { version, files, "packed KiB": inKib(packed), "installed KiB": inKib(bytes) },
      ]),
    ),
  );
  for (const { name, problems } of inspected) for (const problem of problems) refuse(`${name}: ${problem}`);
}

/** What wrappers need is published before them, so that none can be installed without it. */
function publishAll() {
  const version = commonVersion();
  const packages = publicPackages().sort((one, other) => rank(one) - rank(other));
  for (const { name } of packages) {
    const tarball = tarballOf(name, version);
    if (isPublished(name, version)) {
      process.stdout.write(`${name}@${version} is published\n`);
      continue;
    }
    const dry = flags["dry-run"] ? ["--dry-run"] : [];
    execFileSync("npm", ["publish", tarball, "--access", "public", ...dry], { cwd: ROOT, stdio: "inherit" });
  }
}

function rank({ manifest }) {
  return Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).filter((name) =>
    name.startsWith("@corvid/"),
  ).length;
}

function tarballOf(name, version) {
  const file = join(ARTIFACTS, `${name.slice(1).replace("/", "-")}-${version}.tgz`);
  if (existsSync(file)) return file;
  const found = existsSync(ARTIFACTS) ? readdirSync(ARTIFACTS).join(", ") : "no folder";
  throw new Error(`Expected ${file}, found ${found}: pnpm release:pack`);
}

function isPublished(name, version) {
  const { status, stdout } = spawnSync("npm", ["view", `${name}@${version}`, "version"], {
    encoding: "utf8",
  });
  return status === 0 && stdout.trim() === version;
}

function commonVersion() {
  const versions = new Set(publicPackages().map(({ manifest }) => manifest.version));
  if (versions.size === 1) return [...versions][0];
  throw new Error(`Expected one version for all packages, found ${[...versions].join(", ")}`);
}

function refuse(problem) {
  process.stderr.write(`✗ ${problem}\n`);
  process.exitCode = 1;
}

function inKib(bytes) {
  return Math.ceil(bytes / 1024);
}
