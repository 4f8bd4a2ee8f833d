import { readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cpuMs } from "../../../test/support/cpu.js";
import { die, newId, takeAll, testFolder, testSpool } from "../../../test/support/spool.js";

let dir: string;
let remove: () => void;
beforeEach(() => {
  ({ dir, remove } = testFolder());
});
afterEach(() => remove());

describe("a spool store", () => {
  test("keep() makes nothing before the first event, and then private files", () => {
    const store = testSpool(join(dir, "a", "b"));
    expect(readdirSync(dir)).toEqual([]);

    expect(store.keep("raw", newId(), '{"a":1}')).toBe(true);

    const folder = store.folder()!;
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, "a", "b")).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder).sort()).toEqual(["000001.seg", "beat.0", "owner"]);
    expect(statSync(join(folder, "000001.seg")).mode & 0o777).toBe(0o600);
    expect(store).toMatchObject({ inHand: 1, waiting: 0 });
  });

  test("next() hands out what an ended process left, as it was kept", async () => {
    const dead = testSpool(dir);
    const id = newId();
    dead.keep("raw", id, '{"inner":"é\\n"}');
    dead.keep("more", id, "t1");
    dead.keep("sighting", id, '{"seen":1}');
    dead.keep("raw", id, '{"outer":1}');
    dead.keep("more", id, "t2");
    die(dir);

    const store = testSpool(dir);
    expect(await store.adopt()).toEqual({ events: 1, captures: 3 });
    expect(store).toMatchObject({ inHand: 0, waiting: 1 });
    expect(await store.next()).toEqual({
      id,
      head: '{"release":"app@1"}',
      parts: [
        { kind: "raw", payload: '{"inner":"é\\n"}' },
        { kind: "sighting", payload: '{"seen":1}' },
        { kind: "raw", payload: '{"outer":1}' },
      ],
      more: { count: 2, last: "t2" },
      settled: new Set(),
      begunAt: dead.clock.now(),
    });
    expect(store).toMatchObject({ inHand: 1, waiting: 0 });
    expect(await store.next()).toBeUndefined();
  });

  test("finished replaces what the event was made of, and remembers how many captures it stands for", async () => {
    const dead = testSpool(dir, { destinations: ["a", "b"] });
    const id = newId();
    dead.keep("raw", id, "{}");
    dead.keep("more", id, "t1");
    dead.settle(id, "a");
    dead.keep("finished", id, '{"event":1}');
    dead.keep("sighting", id, "{}");
    die(dir);

    const store = testSpool(dir, { destinations: ["a", "b"] });
    expect(await store.adopt()).toEqual({ events: 1, captures: 2 });
    expect(await store.next()).toMatchObject({
      parts: [{ kind: "finished", payload: '{"event":1}' }],
      more: { count: 1, last: undefined },
      settled: new Set(["a"]),
    });
  });

  test("settle() leaves nothing of an event all destinations are done with", async () => {
    const store = testSpool(dir, { destinations: ["a", "b"] });
    const [first, second] = [newId(), newId()];
    store.keep("raw", first, "{}");
    const file = join(store.folder()!, "000001.seg");
    store.keep("raw", second, "{}");
    store.settle(first, "a");
    expect(store.holds(first)).toBe(true);
    store.settle(first, "b");
    expect(store.holds(first)).toBe(false);
    store.settle(second);

    expect(store).toMatchObject({ inHand: 0, waiting: 0 });
    expect(statSync(file).size).toBeLessThan(150);
    store.close();
    expect(readdirSync(dir)).toEqual([]);
  });

  test("an event that was settled is not found by the next process", async () => {
    const dead = testSpool(dir);
    const [first, second] = [newId(), newId()];
    dead.keep("raw", first, "{}");
    dead.keep("raw", second, "{}");
    dead.settle(first);
    die(dir);

    const store = testSpool(dir);
    await store.adopt();
    expect((await takeAll(store)).map(({ id }) => id)).toEqual([second]);
    store.settle(second);
    store.close();
    expect(readdirSync(dir)).toEqual([]);
  });

  test("handBack() lets an event wait again behind the others", async () => {
    const dead = testSpool(dir);
    const ids = [newId(), newId()];
    for (const id of ids) dead.keep("raw", id, "{}");
    dead.close();
    const store = testSpool(dir);
    const own = newId();
    store.keep("raw", own, "{}");
    store.handBack(own);
    await store.adopt();
    const event = await store.next();
    store.handBack(event!.id);
    expect(store).toMatchObject({ inHand: 0, waiting: 3 });

    expect((await takeAll(store)).map(({ id }) => id)).toEqual([ids[1], own, ids[0]]);
  });

  test("close() with events left hands them to the next process at once", async () => {
    const first = testSpool(dir);
    const id = newId();
    first.keep("raw", id, "{}");
    first.close();
    expect(readdirSync(dir)).toEqual([expect.stringMatching(/^[0-9a-f]{16}\.0123abcd\.left$/)]);
    expect(first.clock.pending).toBe(0);
    expect(first.keep("raw", newId(), "{}")).toBe(false);

    const second = testSpool(dir);
    await second.adopt();
    second.close();
    const third = testSpool(dir);
    await third.adopt();
    expect((await takeAll(third)).map((event) => event.id)).toEqual([id]);
    third.settle(id);
    third.close();
    expect(readdirSync(dir)).toEqual([]);
  });

  test("close() leaves no file open and no timer", async () => {
    const openBefore = openFiles();
    for (let round = 0; round < 5; round++) {
      const store = testSpool(dir);
      for (let event = 0; event < 5; event++) store.keep("raw", newId(), "{}");
      await store.adopt();
      const event = await store.next();
      if (event !== undefined) store.keep("finished", event.id, "{}");
      store.close();
      expect(store.clock.pending).toBe(0);
    }
    expect(openFiles()).toEqual(openBefore);
  });

  test("keep() costs microseconds", () => {
    const store = testSpool(dir);
    const payload = JSON.stringify("x".repeat(2000));
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 20; round++) {
      const ids = Array.from({ length: 100 }, () => newId());
      const before = cpuMs();
      for (const id of ids) store.keep("raw", id, payload);
      least = Math.min(least, (cpuMs() - before) / ids.length);
      for (const id of ids) store.settle(id);
    }
    store.close();
    // Five on the machine it was written on.
    expect(least * 1000).toBeLessThan(50);
  });
});

/** What this process has open in the test's folder. */
function openFiles(): string[] {
  return readdirSync("/proc/self/fd")
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return "";
      }
    })
    .filter((path) => path.startsWith(dir));
}
