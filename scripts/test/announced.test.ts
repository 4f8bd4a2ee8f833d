import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { unannounced } from "../announced.mjs";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "corvid-announced-"));
  git("init", "--quiet", "--initial-branch=main");
  write("api/core.api.md", "old");
  write("api/core.testing.api.md", "old");
  write("api/express.api.md", "old");
  write(".changeset/waiting.md", '---\n"@corvid/core": minor\n---\n\nWaits since long.\n');
  commit();
  git("switch", "--quiet", "--create", "change");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test("unannounced() lets a branch pass that changes no report", () => {
  write("readme.md", "new");
  commit();

  expect(unannounced("main", root)).toEqual([]);
});

test("unannounced() names each report that changed without a changeset of this branch", () => {
  write("api/core.testing.api.md", "new");
  write("api/express.api.md", "new");
  commit();

  expect(unannounced("main", root)).toEqual([
    "api/core.testing.api.md changed since main, and no changeset names @corvid/core: npx pnpm changeset",
    "api/express.api.md changed since main, and no changeset names @corvid/express: npx pnpm changeset",
  ]);
});

test("unannounced() wants the changeset to name the package that changed", () => {
  write("api/core.api.md", "new");
  write("api/express.api.md", "new");
  write(".changeset/new.md", "---\n'@corvid/express': minor\n---\n\nMore.\n");

  expect(unannounced("main", root)).toEqual([
    "api/core.api.md changed since main, and no changeset names @corvid/core: npx pnpm changeset",
  ]);
});

test("unannounced() counts what is not committed yet, and what was added to a changeset", () => {
  write("api/core.api.md", "new");
  write(".changeset/waiting.md", '---\n"@corvid/core": minor\n---\n\nWaits since long. Now more.\n');

  expect(unannounced("main", root)).toEqual([]);
});

test("unannounced() does not blame a branch for what happened on the other one meanwhile", () => {
  git("switch", "--quiet", "main");
  write("api/core.api.md", "newer on main");
  commit();
  git("switch", "--quiet", "change");

  expect(unannounced("main", root)).toEqual([]);
});

test("unannounced() accepts a release, which turns changesets into changelogs", () => {
  write("api/core.api.md", "new");
  rmSync(join(root, ".changeset/waiting.md"));
  write("packages/core/CHANGELOG.md", "## 1.0.0\n");
  commit();

  expect(unannounced("main", root)).toEqual([]);
});

test("unannounced() has nothing to say where there were no reports to compare with", () => {
  git("checkout", "--quiet", "--orphan", "elsewhere");
  rmSync(join(root, "api"), { recursive: true });
  commit();
  git("switch", "--quiet", "--create", "first-reports");
  write("api/core.api.md", "new");
  commit();

  expect(unannounced("elsewhere", root)).toEqual([]);
});

test("unannounced() throws for a commit that git does not know", () => {
  expect(() => unannounced("nowhere", root)).toThrow("nowhere");
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function commit(): void {
  git("add", "--all");
  git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "change");
}

function git(...args: readonly string[]): void {
  execFileSync("git", args, { cwd: root, stdio: "ignore" });
}
