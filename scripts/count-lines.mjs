/**
 * Counts the lines of `packages/core/src`: code (no blank lines, no comments) and all, by folder, tests apart.
 *
 *     node scripts/count-lines.mjs          # the working tree
 *     node scripts/count-lines.mjs v1.0.0   # a commit
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const SOURCES = "packages/core/src";
const revision = process.argv[2];

const git = (...args) =>
  execFileSync("git", args, { cwd: ROOT, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
const listed =
  revision === undefined
    ? git("ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", SOURCES)
    : git("ls-tree", "-r", "--name-only", revision, SOURCES);
const read = (file) =>
  revision === undefined ? readFileSync(join(ROOT, file), "utf8") : git("show", `${revision}:${file}`);

const folders = new Map();
for (const file of listed.trim().split("\n")) {
  if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
  let lines;
  try {
    lines = read(file).split("\n");
  } catch {
    continue; // deleted in the working tree
  }
  const code = lines.filter((line) => line.trim() !== "" && !/^\s*(\/\/|\/\*|\*)/.test(line));
  const folder = dirname(file).slice(SOURCES.length + 1) || ".";
  const sum = folders.get(folder) ?? { files: 0, code: 0, total: 0 };
  folders.set(folder, {
    files: sum.files + 1,
    code: sum.code + code.length,
    total: sum.total + lines.length - 1,
  });
}

const all = { files: 0, code: 0, total: 0 };
for (const [, sum] of folders) for (const key of Object.keys(all)) all[key] += sum[key];
for (const [folder, sum] of [...folders].sort(([a], [b]) => a.localeCompare(b))) print(folder, sum);
print("packages/core/src", all);

function print(name, { files, code, total }) {
  console.log(
    `${String(code).padStart(6)} code ${String(total).padStart(6)} total ${String(files).padStart(4)} files  ${name}`,
  );
}
