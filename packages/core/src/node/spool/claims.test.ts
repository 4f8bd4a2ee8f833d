import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestClock } from "../../../test/support/clock.js";
import { die, newId, takeAll, testFolder, testSpool } from "../../../test/support/spool.js";
import { LineWriter } from "./line.js";

let dir: string;
let remove: () => void;
beforeEach(() => {
  ({ dir, remove } = testFolder());
});
afterEach(() => remove());

describe("adopt()", () => {
  test("leaves what is alive alone, however the clocks of the two differ", async () => {
    const alive = testSpool(dir, { clock: createTestClock(0) });
    alive.keep("raw", newId(), "{}");

    const store = testSpool(dir, { clock: createTestClock(Date.UTC(2100, 0, 1)) });
    expect(await store.adopt()).toEqual({ events: 0, captures: 0 });
    expect(existsSync(alive.folder()!)).toBe(true);
    expect(alive.takenOver).toEqual([]);
  });

  test("takes over what is silent although its clock is ahead", async () => {
    const dead = testSpool(dir, { clock: createTestClock(Date.UTC(2100, 0, 1)) });
    dead.keep("raw", newId(), "{}");
    die(dir);

    const store = testSpool(dir);
    expect(await store.adopt()).toEqual({ events: 1, captures: 1 });
    expect((await store.next())?.begunAt).toBe(store.clock.now());
  });

  test("takes over what was silent since before the file system's clock was set back", async () => {
    const dead = testSpool(dir);
    const id = newId();
    dead.keep("raw", id, "{}");
    const tomorrow = new Date(Date.now() + 86_400_000);
    utimesSync(dead.folder()!, tomorrow, tomorrow);
    const store = testSpool(dir);
    await store.adopt();

    expect((await store.next())?.id).toBe(id);
  });

  test("a folder stays alive while its clock ticks", async () => {
    const alive = testSpool(dir);
    alive.keep("raw", newId(), "{}");
    die(dir);
    alive.clock.advance(2000);

    const store = testSpool(dir);
    expect(await store.adopt()).toEqual({ events: 0, captures: 0 });
  });

  test("takes over only from its own group", async () => {
    const other = testSpool(dir, { group: "ffffffff" });
    other.keep("raw", newId(), "{}");
    other.close();

    expect(await testSpool(dir).adopt()).toEqual({ events: 0, captures: 0 });
  });

  test("deletes what another group left so long ago that nobody will come for it", async () => {
    const other = testSpool(dir, { group: "ffffffff", clock: createTestClock(0) });
    other.keep("raw", newId(), "{}");
    other.close();
    const left = join(dir, readdirSync(dir)[0]!);
    utimesSync(left, 1, 1);

    const store = testSpool(dir);
    expect(await store.adopt()).toEqual({ events: 0, captures: 0 });
    expect(store.losses).toMatchObject([{ reason: "too_old", events: 1, captures: 1 }]);
    store.close();
    expect(readdirSync(dir)).toEqual([]);
  });

  test("of several that race, each event is handed out by exactly one", async () => {
    const ids: string[] = [];
    for (let instance = 0; instance < 30; instance++) {
      const dead = testSpool(dir);
      for (let event = 0; event < 5; event++) {
        ids.push(newId());
        dead.keep("raw", ids.at(-1)!, "{}");
      }
    }
    die(dir);

    const stores = Array.from({ length: 4 }, () => testSpool(dir));
    for (const store of stores) store.folder();
    await Promise.all(stores.map((store) => store.adopt()));
    const taken = await Promise.all(stores.map((store) => takeAll(store)));

    expect(
      taken
        .flat()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(ids.sort());
    expect(stores.flatMap(({ losses }) => losses)).toEqual([]);
  });

  test("flattens what the ended had taken over themselves", async () => {
    const ids = [newId(), newId(), newId()];
    for (const id of ids) {
      const store = testSpool(dir);
      store.keep("raw", id, "{}");
      await store.adopt();
      die(dir);
    }

    const store = testSpool(dir);
    expect(await store.adopt()).toEqual({ events: 3, captures: 3 });
    expect(readdirSync(join(store.folder()!, "claimed"))).toHaveLength(3);
    for (const { id } of await takeAll(store)) store.settle(id);
    expect(readdirSync(join(store.folder()!, "claimed"))).toEqual([]);
    store.close();
    expect(readdirSync(dir)).toEqual([]);
  });

  test("settles what it took over where it lies, for whoever takes over next", async () => {
    const options = { destinations: ["a", "b"] };
    const dead = testSpool(dir, options);
    const [first, second, third] = [newId(), newId(), newId()];
    for (const id of [first, second, third]) dead.keep("raw", id, "{}");
    die(dir);
    const adopter = testSpool(dir, options);
    await adopter.adopt();
    await takeAll(adopter);
    adopter.settle(first);
    adopter.keep("finished", second, '{"done":1}');
    adopter.settle(second, "a");
    die(dir);

    const store = testSpool(dir, options);
    await store.adopt();
    expect(await takeAll(store)).toMatchObject([
      { id: second, parts: [{ kind: "finished", payload: '{"done":1}' }], settled: new Set(["a"]) },
      { id: third, parts: [{ kind: "raw" }], head: '{"release":"app@1"}' },
    ]);
  });

  test("shows each folder it takes over before anything in it is deleted", async () => {
    const dead = testSpool(dir);
    writeFileSync(join(dead.folder()!, "run.json"), "{}");
    die(dir);
    const shown: string[] = [];

    const store = testSpool(dir, {
      onClaimed: (folder) => {
        shown.push(readFileSync(join(folder, "run.json"), "utf8"));
        throw new Error("a reader that fails");
      },
    });
    await store.adopt();
    expect(shown).toEqual(["{}"]);
    expect(readdirSync(join(store.folder()!, "claimed"))).toEqual([]);
  });

  test("keeps files it does not know when nobody looks at them", async () => {
    const dead = testSpool(dir);
    dead.keep("raw", newId(), "{}");
    writeFileSync(join(dead.folder()!, "run.json"), "{}");
    dead.close();
    const store = testSpool(dir);
    await store.adopt();
    for (const { id } of await takeAll(store)) store.settle(id);
    store.close();

    const [left] = readdirSync(dir);
    const claimed = join(dir, left!, "claimed");
    expect(readdirSync(join(claimed, readdirSync(claimed)[0]!))).toEqual(["beat.1", "owner", "run.json"]);
  });

  test("leaves a folder alone that a later version wrote", async () => {
    const dead = testSpool(dir);
    dead.keep("raw", newId(), "{}");
    const folder = dead.folder()!;
    const head = new LineWriter().write("head", "0".repeat(32), '{"v":2,"new":{}}')!;
    writeFileSync(join(folder, "000002.seg"), Buffer.concat([head, Buffer.from("in another form\n")]));
    die(dir);

    const store = testSpool(dir);
    expect(await store.adopt()).toEqual({ events: 0, captures: 0 });
    expect(store.warnings).toEqual([expect.stringContaining("a later version of Corvid wrote it")]);
    expect(readdirSync(folder)).toContain("000001.seg");
  });

  test("leaves a folder alone that is another user's", async () => {
    const dead = testSpool(dir);
    dead.keep("raw", newId(), "{}");
    die(dir);

    const store = testSpool(dir, { owner: statSync(dir).uid + 1 });
    expect(await store.adopt()).toEqual({ events: 0, captures: 0 });
    expect(store.warnings).toEqual([expect.stringContaining("no folder of this user")]);
    expect(existsSync(dead.folder()!)).toBe(true);
  });

  test("never follows a link", async () => {
    const elsewhere = join(dir, "elsewhere");
    const spool = join(dir, "spool");
    const dead = testSpool(elsewhere);
    dead.keep("raw", newId(), "{}");
    const target = dead.folder()!;
    die(elsewhere);
    mkdirSync(spool);
    const link = join(spool, "fedcba9876543210.0123abcd.left");
    symlinkSync(target, link);

    const store = testSpool(spool);
    expect(await store.adopt()).toEqual({ events: 0, captures: 0 });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(store.warnings).toHaveLength(1);
  });

  test("does nothing while it was asleep itself, and goes on when the others had time to wake up", async () => {
    const store = testSpool(dir);
    store.folder();
    const other = testSpool(dir);
    other.keep("raw", newId(), "{}");
    die(dir);
    // Both timers come late: everybody was suspended.
    store.clock.sleep(60_000);

    expect(await store.adopt()).toEqual({ events: 0, captures: 0 });
    store.clock.advance(9000);
    expect(await store.adopt()).toEqual({ events: 0, captures: 0 });
    store.clock.advance(2000);
    die(dir, other.folder());
    expect(await store.adopt()).toEqual({ events: 1, captures: 1 });
  });

  test("after close() takes over nothing more", async () => {
    const dead = testSpool(dir);
    dead.keep("raw", newId(), "{}");
    dead.close();
    const store = testSpool(dir);
    store.folder();
    const adopting = store.adopt();
    store.close();

    expect(await adopting).toEqual({ events: 0, captures: 0 });
    expect(await testSpool(dir).adopt()).toEqual({ events: 1, captures: 1 });
  });

  test("whenever close() comes, every event is still there for the next", async () => {
    for (let turns = 0; turns < 40; turns++) {
      const ids = [newId(), newId()];
      for (const id of ids) {
        const dead = testSpool(dir);
        dead.keep("raw", id, "{}");
        dead.close();
      }
      const store = testSpool(dir);
      void store.adopt();
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      store.close();

      const next = testSpool(dir);
      await next.adopt();
      const found = await takeAll(next);
      expect(found.map(({ id }) => id).sort()).toEqual(ids.sort());
      for (const { id } of found) next.settle(id);
      next.close();
      expect(readdirSync(dir)).toEqual([]);
    }
  });
});

describe("an owner that was stalled", () => {
  test("finds out before it writes, says what is another's now, and begins anew", async () => {
    const owner = testSpool(dir);
    const [first, second, third] = [newId(), newId(), newId()];
    owner.keep("raw", first, "{}");
    owner.keep("raw", second, "{}");
    owner.handBack(second);
    die(dir);
    const adopter = testSpool(dir);
    await adopter.adopt();
    owner.clock.sleep(6000);

    expect(owner.keep("finished", first, "{}")).toBe(false);
    expect(owner.takenOver).toEqual([1]);
    expect(owner).toMatchObject({ inHand: 0, waiting: 0 });
    expect(owner.keep("raw", third, "{}")).toBe(true);
    expect((await takeAll(adopter)).map(({ id }) => id)).toEqual([first, second]);
    owner.close();
    await adopter.adopt();
    expect((await adopter.next())?.id).toBe(third);
  });

  test("knows that what is there no more was taken over, and is done", async () => {
    const owner = testSpool(dir);
    const id = newId();
    owner.keep("raw", id, "{}");
    die(dir);
    const adopter = testSpool(dir);
    await adopter.adopt();
    for (const event of await takeAll(adopter)) adopter.settle(event.id);
    expect(existsSync(owner.folder()!)).toBe(false);
    owner.clock.sleep(15_000);
    owner.clock.advance(0);

    expect(owner.takenOver).toEqual([0]);
    expect(owner.inHand).toBe(0);
  });

  test("loses nothing that it was reading just then", async () => {
    const owner = testSpool(dir);
    const id = newId();
    owner.keep("raw", id, "{}");
    owner.handBack(id);
    const reading = owner.next();
    die(dir);
    const adopter = testSpool(dir);
    await adopter.adopt();
    owner.clock.advance(2000);

    const event = await reading;
    expect([undefined, id]).toContain(event?.id);
    expect(owner.takenOver).toHaveLength(1);
    expect(owner.losses).toEqual([]);
    expect((await adopter.next())?.id).toBe(id);
  });

  test("finds out with its next beat when nothing is written", async () => {
    const owner = testSpool(dir);
    const id = newId();
    owner.keep("raw", id, "{}");
    die(dir);
    await testSpool(dir).adopt();
    owner.clock.advance(2000);

    expect(owner.takenOver).toEqual([0]);
    expect(owner.holds(id)).toBe(false);
    owner.close();
  });

  test("that wakes up while it is taken over gets its folder back", async () => {
    const owner = testSpool(dir);
    owner.keep("raw", newId(), "{}");
    const folder = owner.folder()!;
    die(dir);
    const store = testSpool(dir);
    const adopting = store.adopt();
    // The look is over, or will be; whichever comes first, nobody may lose.
    owner.clock.advance(2000);
    await adopting;
    owner.clock.advance(2000);

    const isOwners = owner.takenOver.length === 0;
    expect(existsSync(folder)).toBe(isOwners);
    expect(owner.inHand + store.waiting).toBe(1);
  });

  test("that wrote before it knew loses nothing", async () => {
    const owner = testSpool(dir);
    const [first, second] = [newId(), newId()];
    owner.keep("raw", first, "{}");
    die(dir);
    const store = testSpool(dir);
    await store.adopt();
    // Its clock stands still: it cannot know.
    owner.keep("raw", second, "{}");
    await takeAll(store);
    store.settle(first);

    expect(await store.adopt()).toEqual({ events: 1, captures: 1 });
    expect((await store.next())?.id).toBe(second);
  });

  test("whose folder was deleted goes on from memory, and then in a new folder", () => {
    const owner = testSpool(dir);
    const [first, second] = [newId(), newId()];
    owner.keep("raw", first, "{}");
    owner.keep("raw", second, "{}");
    owner.handBack(second);
    rmSync(owner.folder()!, { recursive: true });
    owner.clock.advance(2000);

    expect(owner.takenOver).toEqual([]);
    expect(owner.losses).toMatchObject([{ reason: "gone", events: 1, captures: 1 }]);
    expect(owner.keep("raw", newId(), "{}")).toBe(true);
    expect(existsSync(owner.folder()!)).toBe(true);
  });

  test("whose touch was tidied away makes another", () => {
    const owner = testSpool(dir);
    const folder = owner.folder()!;
    rmSync(join(folder, "beat.0"));
    owner.clock.advance(4000);

    expect(owner.takenOver).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(2);
  });
});
