/** What an application installs with a client: packages, and bytes on disk. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MODULES = fileURLToPath(new URL("../node_modules", import.meta.url));

/**
 * Follows the dependencies of `names` the way Node finds them, from the folder that asks upwards.
 *
 * @param {readonly string[]} names - as in package.json
 * @returns {{ packages: number, bytes: number }} `bytes`: the files' sizes, each package once
 */
export function footprint(names) {
  const folders = new Set();
  const open = names.map((name) => join(MODULES, name));
  while (open.length > 0) {
    const folder = open.pop();
    if (folders.has(folder)) continue;
    folders.add(folder);
    const { dependencies = {}, optionalDependencies = {} } = manifestOf(folder);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = resolve(folder, name);
      if (found !== undefined) open.push(found);
    }
  }
  return { packages: folders.size, bytes: [...folders].reduce((sum, folder) => sum + bytesIn(folder), 0) };
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

function resolve(from, name) {
  for (let folder = from; folder.startsWith(MODULES); folder = join(folder, "..")) {
    const candidate = folder === MODULES ? join(MODULES, name) : join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
  }
  return undefined;
}

/** A package's own files: those of packages nested in it are counted where they are depended on. */
function bytesIn(folder) {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? bytesIn(path) : statSync(path).size;
  }
  return bytes;
}
