/** Other versions of Node. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProject } from "./project.mjs";

/**
 * The running Node where it is of this version, else the one from npm, which stays in a temporary folder.
 *
 * @param version - a major (`22`: its newest release) or all of it (`22.1.0`)
 */
export async function nodeOf(version) {
  if (`${process.versions.node}.`.startsWith(`${version}.`)) return process.execPath;
  const folder = join(tmpdir(), `corvid-node-${version}`);
  const binary = join(folder, "node_modules/node/bin/node");
  if (existsSync(binary)) return binary;
  await createProject(folder, [`node@${version}`]);
  return binary;
}
