import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestClock } from "../../../test/support/clock.js";
import { die, newId, type TestSpool, takeAll, testFolder, testSpool } from "../../../test/support/spool.js";
import { bytesIn } from "./takeover.js";

const DAY_MS = 24 * 60 * 60 * 1000;
let dir: string;
let remove: () => void;
beforeEach(() => {
  ({ dir, remove } = testFolder());
});
afterEach(() => remove());

/** Something done to a spool, to one of its events: the newest one is at 1. */
const deed = fc.record({
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constant("raw" as const) },
    { weight: 2, arbitrary: fc.constantFrom("finished" as const, "sighting" as const, "more" as const) },
    { weight: 1, arbitrary: fc.constantFrom("done" as const, "back" as const, "next" as const) },
    { weight: 1, arbitrary: fc.constant("forget" as const) },
  ),
  whom: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  text: fc
    .tuple(fc.constantFrom("x", "ü", "€"), fc.integer({ min: 1, max: 2000 }))
    .map(([letter, length]) => letter.repeat(length)),
});

function segmentsOf(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".seg"));
}

describe("maxBytes", () => {
  test("the oldest segment goes when one process has too much; what waited in it is told", async () => {
    const store = testSpool(dir, { maxBytes: 16_000 });
    const ids: string[] = [];
    for (let event = 0; event < 100; event++) {
      const id = newId();
      ids.push(id);
      expect(store.keep("raw", id, "x".repeat(300))).toBe(true);
      if (event % 2 === 0) store.keep("more", id, "t");
      if (event % 4 < 2) store.handBack(id);
      expect(await bytesIn([store.folder()!])).toBeLessThanOrEqual(16_000);
    }

    const held = ids.filter((id) => store.holds(id));
    const lost = ids.filter((id) => !store.holds(id));
    const waitedInVain = lost.filter((id) => ids.indexOf(id) % 4 < 2).length;
    expect(held).toEqual(ids.slice(-held.length));
    expect(store.inHand + store.waiting).toBe(held.length);
    expect(store.losses.every(({ reason }) => reason === "full")).toBe(true);
    expect(store.losses.reduce((sum, { events }) => sum + events, 0)).toBe(waitedInVain);
    expect(store.losses.reduce((sum, { captures }) => sum + captures, 0)).toBe(
      lost.reduce((sum, id) => sum + [2, 1, 0, 0][ids.indexOf(id) % 4]!, 0),
    );
  });

  test("is never passed, whatever one process keeps, finishes and is done with", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { minLength: 100, maxLength: 150 }), async (deeds) => {
        const folder = testFolder();
        const store = testSpool(folder.dir, { maxBytes: 32_000, destinations: ["http", "file"] });
        const ids: string[] = [];
        for (const { what, whom, text } of deeds) {
          const id = what === "raw" ? newId() : ids[Math.floor(whom * ids.length)];
          if (what === "raw") ids.push(id!);
          if (id === undefined) continue;
          if (what === "done") store.settle(id, "http");
          else if (what === "forget") store.settle(id);
          else if (what === "back") store.handBack(id);
          else if (what === "next") await store.next();
          else store.keep(what, id, text);

          expect(await bytesIn([store.folder()!])).toBeLessThanOrEqual(32_000);
        }
        expect(ids.filter((id) => store.holds(id))).toHaveLength(store.inHand + store.waiting);
        store.close();
        folder.remove();
      }),
      { numRuns: 15 },
    );
  });

  test("costs nobody anything while a full spool empties", async () => {
    const options = { maxBytes: 320_000, destinations: ["http", "file"] };
    const keepIn = (spool: TestSpool): string => {
      const id = newId();
      spool.keep("raw", id, "x".repeat(2000));
      return id;
    };
    const other = testFolder();
    const measure = testSpool(other.dir, options);
    let most = -1;
    while (measure.inHand === ++most) keepIn(measure);
    other.remove();
    const store = testSpool(dir, options);
    const held = Array.from({ length: most - 1 }, () => keepIn(store));

    for (const id of held) store.settle(id, "http");
    expect(await bytesIn([dir])).toBeLessThanOrEqual(320_000);
    expect(store.inHand).toBe(held.length);
    // The first of each file keeps it, until it moves on.
    const late = held.filter((_, index) => index % 10 === 0);
    for (const id of held) {
      if (!late.includes(id)) store.settle(id, "file");
      expect(await bytesIn([dir])).toBeLessThanOrEqual(320_000);
    }
    expect(store.inHand).toBe(late.length);
    expect(store.losses).toEqual([]);
  });

  test("what was dropped while nobody asked for anything is in nobody's way", async () => {
    const store = testSpool(dir, { maxBytes: 8000 });
    for (let event = 0; event < 3000; event++) {
      const id = newId();
      store.keep("raw", id, "x".repeat(200));
      store.handBack(id);
    }
    const dropped = store.losses.reduce((sum, { events }) => sum + events, 0);
    expect(store.waiting).toBe(3000 - dropped);
    expect(await takeAll(store)).toHaveLength(store.inHand);
    expect(store.inHand).toBe(3000 - dropped);
  });

  test("counts stay right when room is made at the cost of the event that grows", () => {
    const store = testSpool(dir, { maxBytes: 8000 });
    const id = newId();
    store.keep("raw", id, "x".repeat(900));
    for (let event = 0; event < 60; event++) {
      store.keep("raw", newId(), "x".repeat(900));
      store.keep("raw", id, "x".repeat(900));
      expect(store.waiting).toBe(0);
    }
    expect(store.inHand).toBeLessThan(10);
    expect(store.holds(id)).toBe(true);
  });

  test("what others left goes first when all of it together is too much", async () => {
    const dead = testSpool(dir, { clock: createTestClock(0) });
    for (let event = 0; event < 10; event++) dead.keep("raw", newId(), "x".repeat(1000));
    dead.close();
    const store = testSpool(dir, { maxBytes: 8000, maxAgeMs: Number.MAX_SAFE_INTEGER });
    const id = newId();
    store.keep("raw", id, "x".repeat(1000));
    await store.adopt();

    expect(store.losses).toMatchObject([{ reason: "full", events: 10, captures: 10, from: 0, until: 0 }]);
    expect(store.holds(id)).toBe(true);
    expect(store.waiting).toBe(0);
    expect(await bytesIn([dir])).toBeLessThan(8000);
  });

  test("is told once, however many files it was in", async () => {
    const dead = testSpool(dir, { maxBytes: 64_000, clock: createTestClock(0) });
    for (let event = 0; event < 50; event++) dead.keep("raw", newId(), "x".repeat(1000));
    expect(segmentsOf(dead.folder()!).length).toBeGreaterThan(3);
    dead.close();
    const store = testSpool(dir, { maxBytes: 8000, maxAgeMs: Number.MAX_SAFE_INTEGER });
    await store.adopt();

    const lost = 50 - store.waiting;
    expect(store.losses).toMatchObject([{ reason: "full", events: lost, captures: lost }]);
    expect(lost).toBeGreaterThan(40);
    store.close();
  });

  test("what was a live one's counts once when it is taken over", async () => {
    const dead = testSpool(dir, { maxBytes: 64_000 });
    for (let event = 0; event < 5; event++) dead.keep("raw", newId(), "x".repeat(1000));
    const store = testSpool(dir, {
      maxBytes: 16_000,
      onAdopted: () => void store.keep("raw", newId(), "x".repeat(1000)),
    });
    for (let event = 0; event < 6; event++) store.keep("raw", newId(), "x".repeat(1000));
    await store.adopt();
    die(dir, dead.folder());
    await store.adopt();

    expect(store).toMatchObject({ losses: [], inHand: 7, waiting: 5 });
  });

  test("what live ones have counts too", async () => {
    const alive = testSpool(dir, { maxBytes: 1_000_000 });
    for (let event = 0; event < 10; event++) alive.keep("raw", newId(), "x".repeat(1000));
    const store = testSpool(dir, { maxBytes: 14_000 });
    for (let event = 0; event < 8; event++) store.keep("raw", newId(), "x".repeat(1000));
    await store.adopt();

    expect(store.inHand).toBeLessThan(8);
    expect(await bytesIn([dir])).toBeLessThan(14_000);
    expect(alive.inHand).toBe(10);
  });
});

describe("segments", () => {
  test("are deleted from the oldest side, once hardly anybody waits for anything in them", () => {
    const store = testSpool(dir, { maxBytes: 80_000 });
    const ids = Array.from({ length: 100 }, () => newId());
    for (const id of ids) store.keep("raw", id, "x".repeat(500));
    const folder = store.folder()!;
    const all = segmentsOf(folder);
    expect(all.length).toBeGreaterThan(4);

    for (const id of ids.slice(20)) store.settle(id);
    expect(segmentsOf(folder)[0]).toBe("000001.seg");
    for (const id of ids.slice(1, 20)) store.settle(id);
    expect(segmentsOf(folder)).not.toContain("000001.seg");
    expect(store.holds(ids[0]!)).toBe(true);
    store.settle(ids[0]!);
    expect(segmentsOf(folder)).toHaveLength(1);
    expect(statSync(join(folder, segmentsOf(folder)[0]!)).size).toBeLessThan(150);
  });

  test("do not grow while events come and go", () => {
    const store = testSpool(dir);
    for (let event = 0; event < 1000; event++) {
      const id = newId();
      store.keep("raw", id, "x".repeat(500));
      store.keep("finished", id, "x".repeat(500));
      store.settle(id, "http");
    }
    const folder = store.folder()!;

    expect(segmentsOf(folder)).toEqual(["000001.seg"]);
    expect(statSync(join(folder, "000001.seg")).size).toBeLessThan(150);
  });

  test("that are old are followed by another, so that age means something", () => {
    const store = testSpool(dir);
    store.keep("raw", newId(), "{}");
    const second = newId();
    store.clock.sleep(60 * 60 * 1000);
    store.keep("raw", second, "{}");

    expect(segmentsOf(store.folder()!)).toHaveLength(2);
  });
});

describe("maxAgeMs", () => {
  test("what waits for longer is dropped when it is taken over", async () => {
    const dead = testSpool(dir);
    dead.keep("raw", newId(), "{}");
    dead.clock.sleep(DAY_MS);
    const young = newId();
    dead.keep("raw", young, "{}");
    dead.close();

    const clock = createTestClock(dead.clock.now() + 6.5 * DAY_MS);
    const store = testSpool(dir, { clock });
    expect(await store.adopt()).toEqual({ events: 1, captures: 1 });
    expect(store.losses).toMatchObject([{ reason: "too_old", events: 1, captures: 1 }]);
    expect((await takeAll(store)).map(({ id }) => id)).toEqual([young]);
  });

  test("and when it has become too old since", async () => {
    const dead = testSpool(dir);
    dead.keep("raw", newId(), "{}");
    die(dir);
    const store = testSpool(dir);
    await store.adopt();
    const own = newId();
    store.keep("raw", own, "{}");
    store.handBack(own);
    store.clock.sleep(8 * DAY_MS);

    expect(await store.next()).toBeUndefined();
    expect(store.losses).toMatchObject([
      { reason: "too_old", events: 1 },
      { reason: "too_old", events: 1 },
    ]);
    expect(store).toMatchObject({ inHand: 0, waiting: 0 });
    store.close();
    expect(readdirSync(dir)).toEqual([]);
  });
});
