/** Whether a change of the public surface comes with a changeset. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./packages.mjs";

/**
 * What changed in `api/` since this branch left another one, without a changeset that names the package. Changes that
 * are not committed yet count.
 *
 * @param ref - the branch, or any commit
 * @returns one sentence for each
 * @throws when git does not know the commit
 */
export function unannounced(ref, root = ROOT) {
  const base = git(root, "merge-base", ref, "HEAD").trim();
  const hadReports = git(root, "ls-tree", "--name-only", base, "api/") !== "";
  if (!hadReports) return [];
  const changed = changedSince(base, root);
  const notes = changed.filter((file) => /^\.changeset\/(?!README)[^/]+\.md$/.test(file));
  const named = new Set(notes.flatMap((file) => packagesNamedBy(join(root, file))));
  return changed
    .filter((file) => /^api\/.+\.api\.md$/.test(file))
    .filter((file) => !named.has(packageOf(file)))
    .filter((file) => !wasReleased(packageOf(file), changed))
    .map(
      (file) => `${file} changed since ${ref}, and no changeset names ${packageOf(file)}: npx pnpm changeset`,
    );
}

function changedSince(base, root) {
  const tracked = git(root, "diff", "--name-only", base).split("\n");
  const untracked = git(root, "ls-files", "--others", "--exclude-standard").split("\n");
  return [...tracked, ...untracked].filter((file) => file !== "");
}

/** `"@corvid/core": minor`, in the head of a changeset; none in one that was taken away. */
function packagesNamedBy(file) {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  const head = /^---\n([\s\S]*?)\n---/.exec(text)?.[1] ?? "";
  return [...head.matchAll(/^\s*["']?(@[^"':]+)["']?\s*:/gm)].map(([, name]) => name);
}

/** `api/core.testing.api.md` is of `@corvid/core`. */
function packageOf(file) {
  return `@corvid/${file.slice("api/".length).split(".")[0]}`;
}

/** A release turns changesets into changelogs. */
function wasReleased(name, changed) {
  const folder = name.slice("@corvid/".length);
  return changed.some(
    (file) => file === `packages/${folder}/CHANGELOG.md` || file === `${folder}/CHANGELOG.md`,
  );
}

function git(root, ...args) {
  return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
