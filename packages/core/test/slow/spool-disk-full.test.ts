import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newId, takeAll, testFolder, testSpool } from "../support/spool.js";

/** A disk of 256 kB. Needs the right to mount one. */
let dir: string;
let remove: () => void;
beforeEach(() => {
  ({ dir, remove } = testFolder());
  mkdirSync(join(dir, "disk"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", join(dir, "disk")]);
});
afterEach(() => {
  execFileSync("umount", [join(dir, "disk")]);
  remove();
});

function keepUntilRefused(store: ReturnType<typeof testSpool>, size: number): string[] {
  const kept: string[] = [];
  for (let id = newId(); store.keep("raw", id, "x".repeat(size)); id = newId()) kept.push(id);
  return kept;
}

describe("a full disk", () => {
  test("is one warning; what was kept stays, and what is sent makes room again", async () => {
    const spool = join(dir, "disk", "spool");
    const dead = testSpool(spool);
    const first = keepUntilRefused(dead, 3000);
    expect(first.length).toBeGreaterThan(40);
    for (let event = 0; event < 1000; event++) expect(dead.keep("raw", newId(), "{}")).toBe(false);
    expect(dead.warnings).toEqual([expect.stringContaining("ENOSPC")]);
    dead.settle(first[0]!);
    dead.close();

    const store = testSpool(spool);
    await store.adopt();
    const found = await takeAll(store);
    expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(first.slice(1)));
    expect(store.losses).toEqual([]);
    for (const { id } of found) store.settle(id);
    expect(keepUntilRefused(store, 3000).length).toBeGreaterThan(40);
    store.close();
  });

  test("filled by another is no trouble once that one has gone", () => {
    const spool = join(dir, "disk", "spool");
    const other = join(dir, "disk", "other");
    const store = testSpool(spool);
    expect(store.keep("raw", newId(), "{}")).toBe(true);
    try {
      writeFileSync(other, Buffer.alloc(1024 * 1024));
    } catch {
      // As much as there was room for.
    }
    keepUntilRefused(store, 100);
    rmSync(other);
    store.clock.advance(30_000);

    expect(store.keep("raw", newId(), "x".repeat(3000))).toBe(true);
    store.close();
    expect(readdirSync(spool)).toHaveLength(1);
  });

  test("without room even for the folder is memory alone", async () => {
    try {
      writeFileSync(join(dir, "disk", "other"), Buffer.alloc(1024 * 1024));
    } catch {
      // As much as there was room for.
    }
    const store = testSpool(join(dir, "disk", "spool"));
    expect(store.keep("raw", newId(), "{}")).toBe(false);
    expect(store.warnings).toHaveLength(1);
    expect(await store.adopt()).toEqual({ events: 0, captures: 0 });
    store.close();
  });
});
