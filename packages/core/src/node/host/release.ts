import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { release as legalRelease } from "../../process/conform/names.js";

/** Commit variables of the usual platforms, the most specific first. */
const COMMIT_VARIABLES = [
  "HEROKU_SLUG_COMMIT",
  "HEROKU_BUILD_COMMIT",
  "RENDER_GIT_COMMIT",
  "RAILWAY_GIT_COMMIT_SHA",
  "VERCEL_GIT_COMMIT_SHA",
  "CF_PAGES_COMMIT_SHA",
  "COMMIT_REF",
  "KOYEB_GIT_SHA",
  "ZEABUR_GIT_COMMIT_SHA",
  "GITHUB_SHA",
  "CI_COMMIT_SHA",
  "CIRCLE_SHA1",
  "TRAVIS_COMMIT",
  "BUILDKITE_COMMIT",
  "DRONE_COMMIT_SHA",
  "SEMAPHORE_GIT_SHA",
  "BITBUCKET_COMMIT",
  "BUILD_SOURCEVERSION",
  "CODEBUILD_RESOLVED_SOURCE_VERSION",
  "GIT_COMMIT",
  "SOURCE_VERSION",
  "K_REVISION",
] as const;

/** A release, and its source. */
export interface FoundRelease {
  /** Text a server accepts. */
  readonly release: string;
  /** Name of an environment variable, `.git` or `package.json`. */
  readonly source: string;
}

/**
 * The deployed release, as far as the host knows it: a commit variable of the platform, the commit of `.git`, or
 * `name@version` of package.json.
 *
 * @param root - absolute path of the application's folder
 * @returns text a server accepts as a release; `undefined` when nothing is known
 */
export function detectRelease(
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return findRelease(root, env)?.release;
}

/** {@link detectRelease}, with the place where it was found. */
export function findRelease(
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): FoundRelease | undefined {
  const [source, text] = candidate(root, env);
  const release = legalRelease(text);
  return release === undefined ? undefined : { release, source };
}

function candidate(
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): [source: string, text: string | undefined] {
  const variable = COMMIT_VARIABLES.find((name) => (env[name] ?? "").trim() !== "");
  if (variable !== undefined) return [variable, env[variable]];
  const commit = commitOf(root);
  return commit === undefined ? ["package.json", packageRelease(root)] : [".git", commit];
}

/** The commit that is checked out in or above a folder: also in worktrees, and where references are packed. */
function commitOf(root: string): string | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const git = gitFolder(folder);
    if (git !== undefined) return headCommit(git);
    if (dirname(folder) === folder) return undefined;
  }
}

/** `.git` is a folder, or in worktrees and submodules a file that names one. */
function gitFolder(folder: string): string | undefined {
  const path = join(folder, ".git");
  try {
    if (statSync(path).isDirectory()) return path;
  } catch {
    return undefined;
  }
  const target = /^gitdir:\s*(.+)$/m.exec(readText(path) ?? "")?.[1];
  return target === undefined ? undefined : resolve(folder, target.trim());
}

function headCommit(git: string): string | undefined {
  const head = readText(join(git, "HEAD"))?.trim();
  if (head === undefined || isCommit(head)) return head;
  const reference = /^ref:\s*(\S+)$/.exec(head)?.[1];
  if (reference === undefined) return undefined;
  const common = resolve(git, readText(join(git, "commondir"))?.trim() ?? ".");
  for (const folder of [git, common]) {
    const commit = readText(join(folder, reference))?.trim();
    if (commit !== undefined && isCommit(commit)) return commit;
  }
  const packed = readText(join(common, "packed-refs"))
    ?.split("\n")
    .find((line) => line.endsWith(` ${reference}`));
  const commit = packed?.split(" ", 1)[0];
  return commit !== undefined && isCommit(commit) ? commit : undefined;
}

function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(text);
}

function packageRelease(root: string): string | undefined {
  try {
    const { name, version } = JSON.parse(readText(join(root, "package.json")) ?? "{}") as {
      name?: unknown;
      version?: unknown;
    };
    return typeof version === "string" && version !== ""
      ? `${typeof name === "string" ? `${name}@` : ""}${version}`
      : undefined;
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
