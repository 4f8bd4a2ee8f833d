import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { detectRelease, findRelease } from "./release.js";

const COMMIT = "9fceb02d0ae598e95dc970b74767f19372d61af8";
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "corvid-release-"));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe("detectRelease()", () => {
  test("knows nothing in an empty folder", () => {
    expect(detectRelease(root, {})).toBeUndefined();
  });

  test("prefers the platform's commit variable, if it says something", () => {
    write(".git/HEAD", COMMIT);

    expect(detectRelease(root, { GITHUB_SHA: " ", RENDER_GIT_COMMIT: "abc123" })).toBe("abc123");
    expect(detectRelease(root, { GITHUB_SHA: " " })).toBe(COMMIT);
  });

  test("finds the commit of a branch, also above the folder", () => {
    write(".git/HEAD", "ref: refs/heads/main\n");
    write(".git/refs/heads/main", `${COMMIT}\n`);
    mkdirSync(join(root, "apps/api"), { recursive: true });

    expect(detectRelease(join(root, "apps/api"), {})).toBe(COMMIT);
  });

  test("finds the commit where references are packed", () => {
    write(".git/HEAD", "ref: refs/heads/main\n");
    write(
      ".git/packed-refs",
      `# pack-refs with: peeled\n${"0".repeat(40)} refs/heads/other-main\n${COMMIT} refs/heads/main\n`,
    );

    expect(detectRelease(root, {})).toBe(COMMIT);
  });

  test("finds the commit in a worktree", () => {
    write("main/.git/worktrees/side/HEAD", "ref: refs/heads/side\n");
    write("main/.git/worktrees/side/commondir", "../..\n");
    write("main/.git/refs/heads/side", COMMIT);
    write("side/.git", "gitdir: ../main/.git/worktrees/side\n");

    expect(detectRelease(join(root, "side"), {})).toBe(COMMIT);
  });

  test("falls back to package.json, in a form servers accept", () => {
    write("package.json", '{"name":"@acme/api","version":"1.2.3"}');
    expect(detectRelease(root, {})).toBe("acme-api@1.2.3");

    write("package.json", "not json");
    expect(detectRelease(root, {})).toBeUndefined();
  });
});

describe("findRelease()", () => {
  test("names what told of it", () => {
    expect(findRelease(root, {})).toBeUndefined();

    write("package.json", '{"name":"api","version":"1.2.3"}');
    expect(findRelease(root, {})).toEqual({ release: "api@1.2.3", source: "package.json" });

    write(".git/HEAD", COMMIT);
    expect(findRelease(root, {})).toEqual({ release: COMMIT, source: ".git" });
    expect(findRelease(root, { CI_COMMIT_SHA: "abc" })).toEqual({ release: "abc", source: "CI_COMMIT_SHA" });
  });
});
