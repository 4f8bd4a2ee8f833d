/** The packages that are published, and the way into their tarballs. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Each published package: its name, its folder from the root, its manifest. */
export function publicPackages(root = ROOT) {
  const folders = readdirSync(join(root, "packages")).map((name) => `packages/${name}`);
  return [...folders, "test-server"]
    .map((folder) => ({ folder, manifest: manifestIn(join(root, folder)) }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ folder, manifest }) => ({ name: manifest.name, folder, manifest }));
}

/**
 * Packs packages as they would be published: `workspace:` and `catalog:` replaced by versions.
 *
 * @param names - of the packages; must be built
 * @param destination - folder for the tarballs, made if it is missing
 * @returns the tarball of each, by name
 */
export function pack(names, destination, root = ROOT) {
  mkdirSync(destination, { recursive: true });
  const chosen = names.flatMap((name) => ["--filter", name]);
  const told = JSON.parse(
    pnpm([...chosen, "pack", "--json", "--pack-destination", resolve(destination)], { cwd: root }),
  );
  return new Map([told].flat().map(({ name, filename }) => [name, filename]));
}

/** Runs the pnpm that runs us, or else the one that package.json pins; returns what it printed. */
export function pnpm(args, options) {
  const running = process.env.npm_execpath ?? "";
  const [command, first] = /pnpm\.[cm]?js$/.test(running)
    ? [process.execPath, [running]]
    : ["npx", ["--yes", manifestIn(ROOT).packageManager]];
  return execFileSync(command, [...first, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
}

/** The package.json in a folder. */
export function manifestIn(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}
