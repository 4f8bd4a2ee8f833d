/** Other versions of Node. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProject } from "./project.mjs";

/** The running Node where it is of this version, else the one from npm, which stays in a temporary folder. */
export async function nodeOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const folder = join(tmpdir(), `corvid-node-${major}`);
  const binary = join(folder, "node_modules/node/bin/node");
  if (existsSync(binary)) return binary;
  await createProject(folder, [`node@${major}`]);
  return binary;
}
