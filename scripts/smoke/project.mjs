/** Projects as users have them, in folders of their own. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runWell } from "./command.mjs";

const NPM = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];

/**
 * Makes an empty project and installs into it with npm.
 *
 * @param folder - made by this
 * @param dependencies - what npm is told to install: tarballs, `name@range`
 */
export async function createProject(folder, dependencies, manifest = {}) {
  writeFiles(folder, { "package.json": JSON.stringify({ name: "project", private: true, ...manifest }) });
  await runWell("npm", [...NPM, ...dependencies], { cwd: folder });
  return folder;
}

/** Writes files into a project, by their paths in it. */
export function writeFiles(folder, files) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
