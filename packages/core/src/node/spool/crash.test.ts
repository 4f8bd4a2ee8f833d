import { spawn } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createProgram, ended, type Program } from "../../../test/support/child.js";
import { die, takeAll, testFolder, testSpool } from "../../../test/support/spool.js";

/** Keeps events in `argv[2]` until something stops it; says the id of each that is on disk, at once. */
const CODE = `
import { closeSync, openSync, writeSync } from "node:fs";
import { systemClock } from "./node/clock.js";
import { createIdSource } from "./node/ids.js";
import { createSpoolStore } from "./node/spool/store.js";
import { createTestClock } from "../test/support/clock.js";

const [dir, what] = process.argv.slice(2);
const warnings = [];
const clock = createTestClock();
const newId = createIdSource();
const store = createSpoolStore({
  dir, group: "0123abcd", destinations: ["http"], head: () => "{}", clock, newId,
  diagnostics: { debug: () => undefined, warn: (...facts) => warnings.push(facts.join(" ")) },
});
const keep = (size) => {
  const id = newId();
  const isKept = store.keep("raw", id, JSON.stringify("x".repeat(size)));
  if (isKept) writeSync(1, id + "\\n");
  return isKept;
};
if (what === "forever") for (;;) keep(1500);
if (what === "and end") {
  const running = createSpoolStore({
    dir, group: "0123abcd", head: () => "{}", clock: systemClock, newId,
    diagnostics: { debug: () => undefined, warn: () => undefined },
  });
  running.keep("raw", newId(), "{}");
}
if (what === "until full") {
  while (keep(1500));
  const isQuiet = !keep(10);
  clock.advance(30000);
  const fitsAgain = keep(10);
  writeSync(2, JSON.stringify({ isQuiet, fitsAgain, warnings }));
}
if (what === "no files left") {
  keep(10);
  const open = [];
  try {
    for (;;) open.push(openSync("/dev/null", "r"));
  } catch {}
  const kept = [];
  // A new segment is due, and cannot be opened.
  clock.sleep(3600000);
  kept.push(keep(10));
  for (const fd of open) closeSync(fd);
  clock.sleep(30000);
  kept.push(keep(10));
  writeSync(2, JSON.stringify({ kept, warnings }));
}
`;

let program: Program;
beforeAll(async () => {
  program = await createProgram(CODE);
});
afterAll(() => program.remove());

let dir: string;
let remove: () => void;
beforeEach(() => {
  ({ dir, remove } = testFolder());
});
afterEach(() => remove());

async function found(): Promise<{ ids: string[]; losses: number }> {
  die(dir);
  const store = testSpool(dir, { maxAgeMs: Number.MAX_SAFE_INTEGER });
  await store.adopt();
  const ids = (await takeAll(store)).map(({ id }) => id);
  store.close();
  return { ids, losses: store.losses.reduce((sum, { events }) => sum + events, 0) };
}

/** Runs the program under a limit of the shell. */
function limited(limit: string, what: string): ReturnType<typeof ended> {
  return ended(
    spawn("/bin/sh", ["-c", `ulimit ${limit}; exec "$0" "$@"`, process.execPath, program.file, dir, what]),
  );
}

describe("what keep() has answered for", () => {
  test("is there after SIGKILL in the middle of it", async () => {
    for (const bytesBefore of [1, 20_000, 60_000]) {
      const child = program.start([dir, "forever"]);
      let said = 0;
      child.stdout!.on("data", (chunk: Buffer) => {
        said += chunk.length;
        if (said >= bytesBefore) child.kill("SIGKILL");
      });
      const { out } = await ended(child);
      const acknowledged = out.split("\n").filter((line) => line.length === 32);
      expect(acknowledged.length).toBeGreaterThan(0);

      const { ids } = await found();
      expect(ids).toEqual(expect.arrayContaining(acknowledged));
      // At most one more was written and not yet said.
      expect(ids.length - acknowledged.length).toBeLessThan(2);
      for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true });
    }
  });

  test("is there after a process that simply ended, which nothing here delays", async () => {
    const { code } = await ended(program.start([dir, "and end"]));

    expect(code).toBe(0);
    expect((await found()).ids).toHaveLength(1);
  });

  test("is there after the disk was full, and a torn line costs only itself", async () => {
    const { out, err } = await limited("-f 40", "until full");
    const acknowledged = out.trim().split("\n");
    const { isQuiet, fitsAgain, warnings } = JSON.parse(err) as Record<string, unknown>;

    expect(acknowledged.length).toBeGreaterThan(10);
    expect({ isQuiet, fitsAgain }).toEqual({ isQuiet: true, fitsAgain: true });
    expect(warnings).toHaveLength(1);
    expect(await found()).toEqual({ ids: acknowledged, losses: 0 });
  });

  test("is there after the process had no files left to open", async () => {
    const { out, err } = await limited("-n 64", "no files left");

    expect(JSON.parse(err)).toMatchObject({
      kept: [false, true],
      warnings: [expect.stringContaining("EMFILE")],
    });
    expect((await found()).ids).toEqual(out.trim().split("\n"));
  });
});
