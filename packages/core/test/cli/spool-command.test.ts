import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTestServer, type TestServer } from "@corvid/test-server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { finishedText } from "../../src/spool/finished.js";
import { eventEnvelope, toPayload } from "../../src/transport/envelope.js";
import { die, newId, testFolder, testSpool } from "../support/spool.js";
import { about, collector, run, runJson } from "./run.js";

let dir: string;
let remove: () => void;
let server: TestServer;

beforeEach(async () => {
  ({ dir, remove } = testFolder());
  server = await startTestServer();
});

afterEach(async () => {
  await server.close();
  remove();
});

/** Leaves finished events, and raw ones, as a process that was killed would. */
function leave(finished: readonly string[], raw = 0): string[] {
  const store = testSpool(dir);
  const ids = finished.map((value) => {
    const id = newId();
    const event = {
      event_id: id,
      timestamp: 1_767_323_045.678,
      platform: "node",
      exception: { values: [{ type: "Error", value }] },
    };
    store.keep(
      "finished",
      id,
      finishedText(eventEnvelope({ id, payload: toPayload(event), attachments: [], weight: 1 })),
    );
    return id;
  });
  for (let count = 0; count < raw; count++) store.keep("raw", newId(), "{}");
  die(dir);
  return ids;
}

describe("corvid spool", () => {
  test("shows what waits, and changes nothing", async () => {
    const [id] = leave(["red\u001b[31m\nalert"], 1);
    const first = await run(["spool", dir]);
    const second = await run(["spool", dir]);

    expect(first).toEqual(second);
    expect(first.code).toBe(0);
    expect(first.out.split("\n")).toEqual([
      expect.stringMatching(/^ok {7}dead {9}2 events \(1 raw\) for 2 captures, \d+ bytes, in \//),
      `         2026-01-02 03:04:05 finished ×1 ${id} Error: red [31m alert`,
      expect.stringMatching(/^ {9}\S+ \S+ raw {6}×1 [0-9a-f]{32}$/),
      "",
      "2 events wait.",
      "",
    ]);
  });

  test("--json has all events, text only the first ones", async () => {
    leave(Array.from({ length: 25 }, (_, index) => `number ${index}`));
    const document = await runJson(["spool", dir]);

    expect(about("dead", document).details).toMatchObject({ state: "dead", unreadable: 0 });
    expect(about("dead", document).details?.["events"]).toHaveLength(25);
    expect((await run(["spool", dir])).out).toContain("… and 5 more\n");
  });

  test.each([
    [[], "expected the spool folder"],
    [["x", "--drain", "--discard"], "expected --drain or --discard, received both"],
    [["x", "--discard", "--only", "some"], "--only: expected raw or finished"],
    [["x", "--drian"], "did you mean --drain?"],
  ])("%j is wrong usage", async (args, text) => {
    expect(await run(["spool", ...args])).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining(text),
    });
  });

  test("a folder that is not there is a problem, and an empty one is not", async () => {
    writeFileSync(join(dir, "file"), "");
    for (const none of ["none", "file", "file/below"]) {
      expect(await run(["spool", join(dir, none)])).toMatchObject({
        code: 1,
        out: expect.stringContaining("expected a folder"),
      });
    }
    expect(await run(["spool", dir])).toEqual({ code: 0, out: "\nNothing waits.\n", err: "" });
  });
});

describe("corvid spool --drain", () => {
  test("sends the finished events, forgets them, and leaves the raw ones", async () => {
    const ids = leave(["one", "two", "three"], 2);
    const err = collector(true);
    const { code, out } = await run(["spool", dir, "--drain"], { env: { SENTRY_DSN: server.dsn }, err });

    expect({ code, last: out.trim().split("\n").at(-1) }).toEqual({
      code: 0,
      last: "3 events sent, for 3 captures.",
    });
    expect(out).toMatch(/note {5}raw {10}2 events\n.*Only the application/);
    expect(err.text()).toContain("\r3 sent");
    expect(
      server
        .events()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...ids].sort());
    expect(
      (await runJson(["spool", dir])).findings.flatMap(({ details }) => details?.["events"]),
    ).toHaveLength(2);
  });

  test("shows no progress where there is no terminal", async () => {
    leave(["one"]);

    expect(await run(["spool", dir, "--drain", "--dsn", server.dsn])).toMatchObject({ code: 0, err: "" });
  });

  test("keeps what the server refuses, and ends with 1", async () => {
    leave(["one"]);
    server.setFault({ kind: "status", status: 403 });
    const document = await runJson(["spool", dir, "--drain", "--dsn", server.dsn]);

    expect(document).toMatchObject({ ok: false, drained: { delivered: 0, refused: 1 } });
    expect(about("left", await runJson(["spool", dir])).details?.["events"]).toHaveLength(1);
  });

  test("stops when it is interrupted, keeps the rest, and ends with 130", async () => {
    leave(["one"]);
    server.setFault({ kind: "hang" });
    const interrupted = run(["spool", dir, "--drain", "--dsn", server.dsn], {
      onInterrupt: (stop) => void waitForRequest().then(stop),
    });

    expect((await interrupted).code).toBe(130);
    server.setFault(undefined);
    die(dir);
    expect((await run(["spool", dir, "--drain", "--dsn", server.dsn])).out).toContain("1 event sent");
  });

  test("without a usable DSN nothing is touched", async () => {
    leave(["one"]);

    expect(await run(["spool", dir, "--drain"])).toMatchObject({
      code: 1,
      out: expect.stringContaining("Invalid DSN"),
    });
    expect((await run(["spool", dir])).out).toContain("1 event waits.");
  });
});

async function waitForRequest(): Promise<void> {
  while (server.requests().length === 0) await new Promise((resolve) => setImmediate(resolve));
}

describe("corvid spool --discard", () => {
  test("forgets nothing without --yes", async () => {
    leave(["one"], 1);

    expect(await run(["spool", dir, "--discard"])).toMatchObject({
      code: 1,
      out: expect.stringContaining("nothing was forgotten"),
    });
    expect((await run(["spool", dir])).out).toContain("2 events wait.");
  });

  test.each([
    [["--only", "raw"], "Forgotten: 1 event, for 1 capture.", "1 event waits."],
    [["--only", "finished"], "Forgotten: 1 event, for", "1 event waits."],
    [[], "Forgotten: 2 events, for", "Nothing waits."],
  ])("%j", async (only, said, after) => {
    leave(["one"], 1);
    const { code, out } = await run(["spool", dir, "--discard", "--yes", ...only]);

    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(said) });
    expect((await run(["spool", dir])).out).toContain(after);
  });
});
