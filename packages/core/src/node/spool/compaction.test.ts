import { appendFileSync, cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { die, newId, type TestSpool, takeAll, testFolder, testSpool } from "../../../test/support/spool.js";
import type { SpooledEvent } from "../../spool/store.js";

let dir: string;
let remove: () => void;
beforeEach(() => {
  ({ dir, remove } = testFolder());
});
afterEach(() => remove());

const FILLING = "x".repeat(2000);
const TWO = { destinations: ["http", "file"] };

/** An event that comes and is done with. */
function pass(store: TestSpool): void {
  const id = newId();
  store.keep("raw", id, FILLING);
  store.settle(id);
}

function segmentsOf(store: TestSpool): string[] {
  return readdirSync(store.folder()!)
    .filter((name) => name.endsWith(".seg"))
    .sort();
}

/** What a process finds that takes over, by the ids. */
async function found(from: string, options = {}): Promise<Map<string, Omit<SpooledEvent, "id" | "begunAt">>> {
  die(from);
  const heir = testSpool(from, options);
  await heir.adopt();
  const events = (await takeAll(heir)).map(({ id, begunAt: _, ...event }) => [id, event] as const);
  heir.close();
  return new Map(events);
}

describe("an event that waits while others pass", () => {
  test("keeps no more than a few files on disk", () => {
    const store = testSpool(dir, { maxBytes: 160_000 });
    const waits = newId();
    store.keep("raw", waits, "waits");
    for (let event = 0; event < 1000; event++) pass(store);

    expect(store.holds(waits)).toBe(true);
    expect(store.losses).toEqual([]);
    expect(segmentsOf(store).length).toBeLessThanOrEqual(3);
  });

  test("is found with all its parts, its counts and who has it", async () => {
    const store = testSpool(dir, { maxBytes: 160_000, ...TWO });
    const [raw, finished] = [newId(), newId()];
    store.keep("raw", raw, "inner");
    store.keep("sighting", raw, "seen");
    store.keep("more", raw, "1");
    store.keep("raw", raw, "outer");
    store.keep("more", raw, "2");
    store.keep("raw", finished, "raw");
    store.keep("more", finished, "3");
    store.keep("finished", finished, '"made"');
    store.settle(finished, "file");
    for (let event = 0; event < 200; event++) pass(store);
    store.keep("more", raw, "4");
    for (let event = 0; event < 200; event++) pass(store);

    const events = await found(dir, TWO);
    expect(events.get(raw)).toEqual({
      head: '{"release":"app@1"}',
      parts: [
        { kind: "raw", payload: "inner" },
        { kind: "sighting", payload: "seen" },
        { kind: "raw", payload: "outer" },
      ],
      more: { count: 3, last: "4" },
      settled: new Set(),
    });
    expect(events.get(finished)).toMatchObject({
      parts: [{ kind: "finished", payload: '"made"' }],
      more: { count: 1 },
      settled: new Set(["file"]),
    });
    expect(events.size).toBe(2);
  });

  test("can be read while it moves on", async () => {
    const store = testSpool(dir, { maxBytes: 160_000 });
    const waits = newId();
    store.keep("raw", waits, "waits");
    store.handBack(waits);
    for (let event = 0; event < 30; event++) pass(store);
    const next = store.next();
    for (let event = 0; event < 30; event++) pass(store);

    expect((await next)?.parts).toEqual([{ kind: "raw", payload: "waits" }]);
    expect(store.losses).toEqual([]);
  });

  test("moves with what happens to it afterwards", async () => {
    const store = testSpool(dir, { maxBytes: 160_000 });
    const [wrapped, done] = [newId(), newId()];
    store.keep("raw", wrapped, "inner");
    store.keep("raw", done, "done");
    for (let event = 0; event < 200; event++) pass(store);
    store.keep("raw", wrapped, "outer");
    store.settle(done);

    const events = await found(dir);
    expect(events.get(wrapped)?.parts.map(({ payload }) => payload)).toEqual(["inner", "outer"]);
    expect(events.has(done)).toBe(false);
  });
});

/** What is known of an event, by the rules of the store. */
interface Known {
  parts: { kind: string; payload: string }[];
  count: number;
  last: string | undefined;
  readonly settled: string[];
}

type Doing = "raw" | "sighting" | "more" | "finished" | "settle" | "file" | "pass";

const doing = fc.record({
  on: fc.nat(20),
  what: fc.oneof(
    { weight: 10, arbitrary: fc.constant<Doing>("pass") },
    { weight: 6, arbitrary: fc.constantFrom<Doing>("raw", "sighting", "more") },
    { weight: 2, arbitrary: fc.constantFrom<Doing>("finished", "settle", "file") },
  ),
});

function act(known: Map<string, Known>, id: string, what: Doing, payload: string): void {
  const before = known.get(id);
  const isFinished = before?.parts[0]?.kind === "finished";
  if (what === "settle") known.delete(id);
  else if (what === "file") before?.settled.push("file");
  else if (what === "more" && before !== undefined)
    known.set(id, { ...before, count: before.count + 1, last: payload });
  else if (what === "finished")
    known.set(id, { count: 0, last: undefined, settled: [], ...before, parts: [{ kind: what, payload }] });
  else if ((what === "raw" || (what === "sighting" && before !== undefined)) && !isFinished)
    known.set(id, {
      count: 0,
      last: undefined,
      settled: [],
      ...before,
      parts: [...(before?.parts ?? []), { kind: what, payload }],
    });
}

/** As plain values, in the order of the ids. The time of the last capture is in a finished event itself. */
function plain(events: Map<string, Known>): unknown {
  return [...events]
    .map(([id, { parts, count, last, settled }]) => {
      const isFinished = parts[0]?.kind === "finished";
      return { id, parts, count, last: isFinished ? undefined : last, settled: [...new Set(settled)] };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A line by which an event moves: its checksum, then its kind. */
const MOVED = /^[0-9a-f]{8}w/m;

/** The segments of the only instance there, with what is in them. */
function contents(from: string): Map<string, Buffer> {
  const folder = join(from, readdirSync(from)[0]!);
  const names = readdirSync(folder).filter((name) => name.endsWith(".seg"));
  return new Map(names.sort().map((name) => [join(folder, name), readFileSync(join(folder, name))]));
}

describe("a process that is killed at any byte", () => {
  test("leaves every event as it was, or as it was about to be", async () => {
    let moved = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(doing, { minLength: 150, maxLength: 400 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (deeds, share) => {
          const own = testFolder();
          const copy = testFolder();
          const store = testSpool(own.dir, { maxBytes: 160_000, ...TWO });
          const known = new Map<string, Known>();
          const ids: string[] = [];
          const play = ({ what, on }: (typeof deeds)[number], step: number): void => {
            ids[on] ??= newId();
            const id = ids[on];
            const payload = `step ${step}`;
            act(known, id, what, payload);
            if (what === "pass") pass(store);
            else if (what === "settle") store.settle(id);
            else if (what === "file") store.settle(id, "file");
            else store.keep(what, id, payload);
            // No event comes back.
            if (what === "settle") delete ids[on];
          };
          try {
            deeds.slice(0, -1).forEach(play);
            store.folder();
            cpSync(own.dir, copy.dir, { recursive: true });
            const before = plain(known);
            // The end of what it does last, with what is deleted after it still there.
            const files = contents(own.dir);
            play(deeds.at(-1)!, deeds.length);
            const added = [...contents(own.dir)].map(([path, bytes]) => ({
              path: path.replace(own.dir, copy.dir),
              bytes: bytes.subarray(files.get(path)?.length ?? 0),
            }));
            let left = Math.round(added.reduce((sum, { bytes }) => sum + bytes.length, 0) * share);
            for (const { path, bytes } of added) {
              if (bytes.length > 0 && left > 0) appendFileSync(path, bytes.subarray(0, left));
              left -= bytes.length;
            }
            if (added.some(({ bytes }) => MOVED.test(bytes.toString("latin1")))) moved++;

            const events = [...(await found(copy.dir, TWO))].map(([id, { parts, more, settled }]) => {
              const event: Known = { parts: [...parts], ...more, settled: [...settled] };
              return [id, event] as const;
            });
            expect([before, plain(known)]).toContainEqual(plain(new Map(events)));
          } finally {
            store.close();
            own.remove();
            copy.remove();
          }
        },
      ),
      { numRuns: Number(process.env["RUNS"] ?? 40) },
    );
    expect(moved).toBeGreaterThan(0);
  });
});
