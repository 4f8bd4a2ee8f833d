/**
 * Makes the clients available: the peers from this folder's lockfile, and Corvid as it would be published, packed and
 * unpacked into this folder's node_modules. Nothing of this touches the workspace.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BENCH = fileURLToPath(new URL("..", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OWN = ["core", "express"];

/** @param {{ reuse: boolean }} options - `reuse`: measure the Corvid of the run before, whatever was built since */
export function installClients({ reuse }) {
  if (!areInstalled()) run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], BENCH);
  if (reuse && OWN.every((name) => existsSync(installed(name)))) return;
  if (OWN.some((name) => !existsSync(join(ROOT, "packages", name, "dist", "esm", "index.js"))))
    run("npm", ["run", "build"], ROOT);
  for (const name of OWN) unpack(name);
}

function areInstalled() {
  const installedAs = join(BENCH, "node_modules", ".package-lock.json");
  const wanted = join(BENCH, "package-lock.json");
  return existsSync(installedAs) && statSync(installedAs).mtimeMs >= statSync(wanted).mtimeMs;
}

/** Packs the package and unpacks the tarball, so that what is measured is what would be published. */
function unpack(name) {
  const folder = mkdtempSync(join(tmpdir(), "corvid-bench-"));
  try {
    const [{ filename }] = JSON.parse(
      run(
        "npm",
        ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
        join(ROOT, "packages", name),
      ),
    );
    rmSync(installed(name), { recursive: true, force: true });
    mkdirSync(installed(name), { recursive: true });
    run("tar", ["-xzf", join(folder, filename), "-C", installed(name), "--strip-components=1"], folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function installed(name) {
  return join(BENCH, "node_modules", "@corvid", name);
}

function run(command, given, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, given, {
    cwd,
    encoding: "utf8",
    timeout: 10 * 60_000,
  });
  if (status !== 0) throw new Error(`${command} ${given.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}
