import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newId, takeAll, testFolder, testSpool } from "../../../test/support/spool.js";
import { SegmentFile } from "./segment-file.js";

let dir: string;
let remove: () => void;
beforeEach(() => {
  ({ dir, remove } = testFolder());
});
afterEach(() => remove());

describe("a spool that cannot be written", () => {
  test("says so once, costs nothing meanwhile, and is tried again after half a minute", () => {
    const spool = join(dir, "spool");
    writeFileSync(spool, "a file where a folder should be");
    const store = testSpool(spool);
    const id = newId();
    expect(store.keep("raw", id, "{}")).toBe(false);
    expect(store.keep("raw", id, "{}")).toBe(false);
    expect(store.warnings).toEqual([expect.stringContaining("events are kept in memory alone")]);

    rmSync(spool);
    store.clock.advance(29_999);
    expect(store.keep("raw", id, "{}")).toBe(false);
    store.clock.advance(1);
    expect(store.keep("raw", id, "{}")).toBe(true);
    expect(store.warnings).toHaveLength(1);
    store.close();
  });

  test("neither throws nor rejects, whatever is asked of it", async () => {
    writeFileSync(join(dir, "spool"), "");
    const store = testSpool(join(dir, "spool"));

    expect(store.folder()).toBeUndefined();
    expect(await store.adopt()).toEqual({ events: 0, captures: 0 });
    expect(await store.next()).toBeUndefined();
    expect(() => {
      store.settle(newId());
      store.handBack(newId());
      store.close();
      store.close();
    }).not.toThrow();
  });

  test("is begun anew when its folder was deleted a moment ago", () => {
    const store = testSpool(dir, { maxBytes: 800 });
    store.keep("raw", newId(), "{}");
    rmSync(store.folder()!, { recursive: true });

    // The open file takes one more; the next needs a new one.
    store.keep("raw", newId(), "{}");
    expect(store.keep("raw", newId(), "{}")).toBe(true);
    expect(store.warnings).toEqual([]);
    expect(readdirSync(dir)).toHaveLength(1);
  });

  test("knows that a file in the place of its folder keeps nothing", () => {
    const spool = join(dir, "spool");
    const store = testSpool(spool);
    store.keep("raw", newId(), "{}");
    rmSync(spool, { recursive: true });
    writeFileSync(spool, "");
    store.clock.advance(2000);

    expect(store.inHand).toBe(0);
    expect(store.keep("raw", newId(), "{}")).toBe(false);
    store.close();
    expect(store.warnings).toEqual([expect.stringContaining("events are kept in memory alone")]);
  });

  test("refuses what is no id, and what is too large, and nothing after it", () => {
    const store = testSpool(dir, { maxBytes: 4000 });
    expect(store.keep("raw", "../../etc", "{}")).toBe(false);
    expect(store.keep("raw", newId().toUpperCase(), "{}")).toBe(false);
    expect(store.keep("raw", newId(), "x".repeat(1001))).toBe(false);
    expect(store.keep("more", newId(), "later than nothing")).toBe(false);
    expect(store.keep("sighting", newId(), "{}")).toBe(false);
    expect(store.keep("raw", newId(), "{}")).toBe(true);
  });

  test("survives callbacks and a head that throw", async () => {
    const store = testSpool(dir, {
      maxBytes: 3000,
      head: () => {
        throw new Error("no head");
      },
      onLost: () => {
        throw new Error("lost");
      },
    });
    for (let event = 0; event < 40; event++) {
      const id = newId();
      expect(store.keep("raw", id, "x".repeat(100))).toBe(true);
      store.handBack(id);
    }
    expect((await store.next())?.head).toBe("{}");
  });
});

describe("SegmentFile", () => {
  test("append() after a torn line costs that line alone", () => {
    const path = join(dir, "000001.seg");
    const file = new SegmentFile(path, { isNew: true, fsync: true });
    file.append(Buffer.from("first\n"));
    expect(file.append(Buffer.from("second\n"))).toBe(6);
    file.truncate(6);
    expect(file.append(Buffer.from("third\n"))).toBe(6);
    file.close();

    expect(readFileSync(path, "utf8")).toBe("first\nthird\n");
    expect(() => new SegmentFile(path, { isNew: true, fsync: false })).toThrow("EEXIST");
  });

  test("knows when it was deleted, and not when it was moved", () => {
    const path = join(dir, "000001.seg");
    const file = new SegmentFile(path, { isNew: true, fsync: false });
    file.append(Buffer.from("a line\n"));
    expect(file.isDeleted).toBe(false);
    rmSync(path);
    expect(file.isDeleted).toBe(true);
    file.close();
  });
});

test("a segment that was cut off behind our back costs the events in it, and says so", async () => {
  const store = testSpool(dir);
  const ids = [newId(), newId()];
  for (const id of ids) store.keep("raw", id, "{}");
  const file = join(store.folder()!, "000001.seg");
  for (const id of ids) store.handBack(id);
  truncateSync(file, 150);

  expect(await takeAll(store)).toHaveLength(0);
  expect(store.losses.reduce((sum, { events }) => sum + events, 0)).toBe(2);
  expect(store).toMatchObject({ inHand: 0, waiting: 0 });
});
