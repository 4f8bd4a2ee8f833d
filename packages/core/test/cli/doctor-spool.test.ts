import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseDsn } from "../../src/model/dsn.js";
import { dsnKeyOf, spoolPlaces } from "../../src/node/spool/default-dir.js";
import { finishedText } from "../../src/spool/finished.js";
import { eventEnvelope, toPayload } from "../../src/transport/envelope.js";
import { die, newId, testFolder, testSpool } from "../support/spool.js";
import { about, type Document, run, runJson } from "./run.js";

const SENTRY_DSN = "https://key@errors.example.com/1";

let root: string;
let remove: () => void;
let spool: string;

beforeEach(() => {
  ({ dir: root, remove } = testFolder());
  spool = join(root, "spool");
});

afterEach(() => remove());

function doctor(args: readonly string[] = ["--spool", "spool"]): Promise<Document> {
  return runJson(["doctor", ...args], { cwd: root, env: { SENTRY_DSN, HOME: root } });
}

/** The folder that Corvid chooses, made as it would make it. */
function defaultPlace(mode = 0o700): string {
  const [place] = spoolPlaces({ env: { HOME: root }, dsnKey: dsnKeyOf(parseDsn(SENTRY_DSN)) });
  mkdirSync(place!, { recursive: true, mode: 0o700 });
  chmodSync(place!, mode);
  return place!;
}

function keepFinished(dir: string, weight: number): void {
  const [id, store] = [newId(), testSpool(dir)];
  const event = { event_id: id, timestamp: 1, platform: "node" };
  store.keep("finished", id, finishedText(eventEnvelope({ id, payload: toPayload(event), weight })));
}

describe("corvid doctor, about the spool", () => {
  test("names the folder that Corvid would make for the DSN, and does not make it", async () => {
    const document = await doctor([]);
    const { text, state, details } = about("spool", document);

    expect(state).toBe("ok");
    expect(text).toContain(`${root}/.local/state/corvid/`);
    expect(details).toMatchObject({ source: "default", exists: false });
    expect(readdirSync(root)).toEqual([]);
  });

  test("tells mode, owner and room of a folder, and that nothing waits there", async () => {
    const place = defaultPlace();
    const document = await doctor([]);

    expect(about("spool", document)).toMatchObject({
      text: expect.stringMatching(/, mode 0700, of this user, \d+(\.\d)? [MG]iB free$/),
      details: { path: place, exists: true, mode: "0700", freeBytes: expect.any(Number) },
    });
    expect(about("waiting", document)).toMatchObject({ state: "ok", text: "nothing" });
  });

  test("counts what waits, and says who will send what was left", async () => {
    keepFinished(spool, 10);
    die(spool);
    testSpool(spool).keep("raw", newId(), "{}");
    const before = readdirSync(spool, { recursive: true });

    expect(about("waiting", await doctor())).toMatchObject({
      state: "note",
      text: "2 events (1 raw) for 11 captures, 1 of them left by processes that ended",
      advice: expect.stringContaining(`corvid spool ${spool} shows them`),
      details: { events: 2, raw: 1, captures: 11, left: 1, unreadable: 0, live: 1 },
    });
    expect(readdirSync(spool, { recursive: true })).toEqual(before);
  });

  test("finds nothing to do while the processes run", async () => {
    keepFinished(spool, 1);

    expect(about("waiting", await doctor())).toMatchObject({
      state: "ok",
      text: "1 event (0 raw) for 1 capture, of processes that run",
    });
  });

  test("tells what it does not look into", async () => {
    mkdirSync(spool);
    writeFileSync(join(spool, "fedcba9876543210.0123abcd.left"), "");
    const waiting = (await doctor()).findings.filter(({ topic }) => topic === "waiting");

    expect(waiting).toMatchObject([
      { state: "ok", text: "nothing" },
      { state: "note", text: expect.stringMatching(/^foreign: .*fedcba9876543210/) },
    ]);
  });

  test("tells that a named folder is still to be made, or cannot be", async () => {
    writeFileSync(join(root, "file"), "");

    expect(about("spool", await doctor())).toMatchObject({
      state: "ok",
      text: expect.stringContaining("does not exist yet"),
    });
    expect(about("spool", await doctor(["--spool", "file"]))).toMatchObject({
      state: "problem",
      advice: expect.stringContaining("no folder"),
    });
    expect(about("spool", await doctor(["--spool", "file/below"]))).toMatchObject({
      state: "problem",
      text: expect.stringContaining("cannot be written"),
    });
    expect(existsSync(spool)).toBe(false);
  });

  test("follows a link that was named, as the application does", async () => {
    keepFinished(join(root, "volume"), 1);
    symlinkSync(join(root, "volume"), spool);

    expect(about("waiting", await doctor()).details).toMatchObject({ events: 1 });
  });

  test("goes to the next place when others can write to the first", async () => {
    const place = defaultPlace(0o777);

    expect(about("spool", await doctor([])).details?.["path"]).not.toBe(place);
  });

  test("needs a DSN or a folder, and says so", async () => {
    const { code, out } = await run(["doctor"], { cwd: root, env: { HOME: root } });

    expect(code).toBe(1);
    expect(out).toMatch(/note {5}spool {8}not looked at.*\n.*corvid doctor --spool DIR/);
  });
});
