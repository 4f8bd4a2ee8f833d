import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { die, newId, takeAll, testFolder, testSpool } from "../../../test/support/spool.js";
import { LineWriter } from "./line.js";
import { scanFolder } from "./scan.js";

let dir: string;
let remove: () => void;
beforeEach(() => {
  ({ dir, remove } = testFolder());
});
afterEach(() => remove());

/** What is done to a file: a place, as a fraction, and a number that each kind of damage reads in its own way. */
interface Damage {
  readonly kind: "flip" | "truncate" | "cut" | "splice" | "repeat" | "garbage" | "swap";
  readonly at: number;
  readonly size: number;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom("flip", "truncate", "cut", "splice", "repeat", "garbage", "swap"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  size: fc.integer({ min: 1, max: 200 }),
});

function damaged(bytes: Buffer, { kind, at, size }: Damage): Buffer {
  const start = Math.floor(at * bytes.length);
  const [before, piece, after] = [
    bytes.subarray(0, start),
    bytes.subarray(start, start + size),
    bytes.subarray(start + size),
  ];
  if (kind === "truncate") return before;
  if (kind === "cut") return Buffer.concat([before, after]);
  if (kind === "splice") return Buffer.concat([before, bytes.subarray(0, size), piece, after]);
  if (kind === "repeat") return Buffer.concat([before, piece, piece, after]);
  if (kind === "garbage") return Buffer.concat([before, Buffer.alloc(size * 40, size), piece, after]);
  if (kind === "swap") return Buffer.concat([after, piece, before]);
  const flipped = Buffer.from(bytes);
  if (start < flipped.length) flipped[start]! ^= 1 << (size & 7);
  return flipped;
}

/** A segment of sixteen events, each with one more line, a third of them done; and those lines, without newlines. */
function segment(seed: number): { bytes: Buffer; lines: Map<string, Buffer[]> } {
  const writer = new LineWriter();
  const lines = new Map<string, Buffer[]>();
  const all: Buffer[] = [];
  const push = (id: string, kind: Parameters<LineWriter["write"]>[0], payload: string): void => {
    const bytes = Buffer.from(writer.write(kind, id, payload)!);
    lines.set(id, [...(lines.get(id) ?? []), bytes.subarray(0, -1)]);
    all.push(bytes);
  };
  const ids = Array.from({ length: 16 }, () => newId());
  ids.forEach((id, index) => {
    push(id, "raw", JSON.stringify({ text: "x".repeat((seed + index * 37) % 300) }));
  });
  ids.forEach((id, index) => {
    if (index % 3 === 0) push(id, "done", "");
    else push(id, index % 2 === 0 ? "sighting" : "more", "{}");
  });
  const head = writer.write("head", "0".repeat(32), '{"v":1,"begun":1,"head":"{}"}')!;
  return { bytes: Buffer.concat([Buffer.from(head), ...all]), lines };
}

describe("a damaged segment", () => {
  test("costs no line but the damaged ones, and brings nothing back that is done", async () => {
    let rounds = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), fc.nat(), async (damages, seed) => {
        const { bytes, lines } = segment(seed);
        const folder = join(dir, String(rounds++));
        mkdirSync(folder);
        const broken = damages.reduce(damaged, bytes);
        writeFileSync(join(folder, "000001.seg"), broken);

        const { entries } = await scanFolder(folder, ["http"], 2);

        for (const [id, [raw, then]] of lines) {
          const isDone = then![8] === "d".charCodeAt(0);
          if (isDone && isIntact(broken, then!)) expect(entries.byId.has(id)).toBe(false);
          else if (isIntact(broken, raw!) && !(isDone && broken.includes(then!)))
            expect(entries.byId.has(id)).toBe(true);
          if (!broken.includes(raw!)) expect(entries.byId.has(id)).toBe(false);
        }
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 500 },
    );
  });

  test("that is one line without an end, or nothing but newlines, is read in bounded time and memory", async () => {
    const writer = new LineWriter();
    const id = newId();
    const good = Buffer.from(writer.write("raw", id, "{}")!);
    const long = Buffer.alloc(20 * 1024 * 1024, "x");
    long[long.length - 1] = 0x0a;
    writeFileSync(join(dir, "000001.seg"), Buffer.concat([long, good]));
    writeFileSync(join(dir, "000002.seg"), Buffer.alloc(4 * 1024 * 1024, "\n"));
    writeFileSync(join(dir, "000003.seg"), Buffer.alloc(40 * 1024 * 1024, "y"));

    const { entries, unreadable } = await scanFolder(dir, ["http"], 2);

    expect([...entries.byId.keys()]).toEqual([id]);
    expect(unreadable).toBe(2);
  });

  test("is counted once, however often it is taken over", async () => {
    const dead = testSpool(dir);
    const id = newId();
    dead.keep("raw", newId(), "{}");
    dead.keep("raw", id, "{}");
    const file = join(dead.folder()!, "000001.seg");
    const bytes = readFileSync(file);
    bytes[bytes.indexOf("\n") + 3]! ^= 1;
    writeFileSync(file, bytes);
    die(dir);

    const first = testSpool(dir);
    expect(await first.adopt()).toEqual({ events: 1, captures: 1 });
    const { begunAt } = (await first.next())!;
    expect(first.losses).toEqual([
      { reason: "corrupt", events: 1, captures: 1, from: begunAt, until: begunAt },
    ]);
    first.close();
    const second = testSpool(dir);
    expect(await second.adopt()).toEqual({ events: 1, captures: 1 });
    expect(second.losses).toEqual([]);
  });

  test("that is damaged after it was looked through costs the event, and says so", async () => {
    const dead = testSpool(dir);
    const ids = [newId(), newId()];
    for (const id of ids) dead.keep("raw", id, "{}");
    dead.close();
    const store = testSpool(dir);
    await store.adopt();
    const claimed = join(store.folder()!, "claimed");
    const file = join(claimed, readdirSync(claimed)[0]!, "000001.seg");
    const bytes = readFileSync(file);
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(file, bytes);

    expect((await takeAll(store)).map(({ id }) => id)).toEqual([ids[0]]);
    expect(store.losses).toMatchObject([{ reason: "corrupt", events: 1, captures: 1 }]);
    expect(store).toMatchObject({ inHand: 1, waiting: 0 });
  });

  test("among garbage of every kind is still found", async () => {
    const dead = testSpool(dir);
    const id = newId();
    dead.keep("raw", id, "{}");
    const folder = dead.folder()!;
    mkdirSync(join(folder, "000000.seg"));
    mkdirSync(join(folder, "claimed", "zzz"), { recursive: true });
    symlinkSync("/etc/passwd", join(folder, "000007.seg"));
    writeFileSync(join(folder, "000008.seg"), "");
    writeFileSync(join(folder, "run.json"), "{");
    writeFileSync(join(dir, "note.txt"), "");
    mkdirSync(join(dir, "0123.live"));
    mkdirSync(join(dir, "fedcba9876543210.0123abcd.live"));
    writeFileSync(join(dir, "fedcba9876543211.0123abcd.left"), "no folder");
    die(dir);

    const store = testSpool(dir);
    expect(await store.adopt()).toEqual({ events: 1, captures: 1 });
    expect((await store.next())?.id).toBe(id);
    expect(store.warnings).toHaveLength(2);
    expect(store.losses).toEqual([]);
  });
});

/** Whether it stands somewhere at the beginning of a line. */
function isIntact(bytes: Buffer, line: Buffer): boolean {
  for (let at = bytes.indexOf(line); at >= 0; at = bytes.indexOf(line, at + 1))
    if (at === 0 || bytes[at - 1] === 0x0a) return true;
  return false;
}
