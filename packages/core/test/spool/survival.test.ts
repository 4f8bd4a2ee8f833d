import type { ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { startTestServer, type TestServer } from "@corvid/test-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ClientOptions } from "../../src/client/options.js";
import type { Event } from "../../src/model/event.js";
import { Client } from "../../src/node/client.js";
import { fileSpool } from "../../src/node/spool/file-spool.js";
import { ended } from "../support/child.js";
import { die, testFolder } from "../support/spool.js";
import { createSpoolProgram, type SpoolProgram } from "./program.js";

/** The slow suite does it two hundred times. */
const KILLED_RUNS = 20;
let program: SpoolProgram;
let server: TestServer;
let folder: ReturnType<typeof testFolder>;

beforeAll(async () => {
  program = await createSpoolProgram();
});
afterAll(() => program.remove());
beforeEach(async () => {
  server = await startTestServer();
  folder = testFolder();
});
afterEach(async () => {
  await server.close();
  folder.remove();
});

/** The server takes nothing until the {@link heir} starts. */
function goAway(): void {
  server.setFault({ kind: "cut", when: "before-read" });
}

/** Starts after the others have ended, and sends what they left. */
async function heir(wanted: number, options: ClientOptions = {}): Promise<readonly Event[]> {
  server.setFault(undefined);
  die(folder.dir);
  const client = new Client({
    dsn: server.dsn,
    spool: fileSpool({ dir: folder.dir }),
    integrations: () => [],
    ...options,
  });
  try {
    await server.waitForEvents(() => captured().length >= wanted, 20_000);
    await client.flush(5000);
    return captured();
  } finally {
    await client.close(5000);
  }
}

async function idsOf(child: ChildProcess): Promise<string[]> {
  const { out } = await ended(child);
  return out.split("\n").filter((line) => /^[0-9a-f]{32}$/.test(line));
}

const arrived = (): Event[] => server.events().map(({ event }) => event as unknown as Event);
const isOfRun = (event: Event): boolean => event.tags?.["previous_run"] !== undefined;
/** What arrived but for what tells of a process that was killed. */
const captured = (): Event[] => arrived().filter((event) => !isOfRun(event));
const capturedIds = (): string[] => captured().map(({ event_id }) => event_id);

/** How many captures an event stands for. */
const weightOf = (event: Event): number =>
  (event.contexts?.["repeats"]?.["count"] as number | undefined) ?? 1;

describe("a process that is killed", () => {
  test(`right after captureException() returned, ${KILLED_RUNS} times: the next start sends all, once`, async () => {
    const ids: string[] = [];
    const runs = Array.from({ length: KILLED_RUNS }, (_, index) => `run ${index}`);
    await Promise.all(
      [0, 1, 2, 3].map(async (lane) => {
        for (const mark of runs.filter((_, index) => index % 4 === lane))
          ids.push(...(await idsOf(program.run(server.dsn, folder.dir, "killed", 20, mark))));
      }),
    );
    await heir(ids.length);

    expect(ids).toHaveLength(KILLED_RUNS * 20);
    expect(new Set(capturedIds())).toEqual(new Set(ids));
    expect(server.duplicates()).toBe(0);
    expect(readdirSync(folder.dir)).toEqual([]);
  }, 300_000);

  test("in the middle of a storm has counted every failure", async () => {
    goAway();
    await ended(program.run(server.dsn, folder.dir, "killed-in-storm", 13_678));
    // Five in full, then those that tell of growth at 10, 100, 1000 and 10 000, and of all of it.
    const events = await heir(10);

    expect(events).toHaveLength(10);
    expect(events.reduce((sum, event) => sum + weightOf(event), 0)).toBe(13_678);
  });

  test("leaves an error that wraps another as one event, with what both sightings knew", async () => {
    goAway();
    const [first, second] = await idsOf(program.run(server.dsn, folder.dir, "killed-when-wrapped"));
    const [event] = await heir(1);

    expect(second).toBe(first);
    expect(event).toMatchObject({ event_id: first, tags: { seen: "outside" } });
    expect(event?.exception?.values.map(({ type }) => type)).toEqual(["Error", "TypeError"]);
  });

  test("leaves what was already made into an event as it is: nobody's hooks see it again", async () => {
    server.setFault({ kind: "status", status: 503 });
    const [id] = await idsOf(program.run(server.dsn, folder.dir, "killed-when-refused"));
    const events = await heir(1, { beforeSend: () => null });

    expect(events.map(({ event_id }) => event_id)).toEqual([id]);
  });

  test("leaves raw captures to the hooks of the next, who can tell that they are not its own", async () => {
    goAway();
    const [id] = await idsOf(program.run(server.dsn, folder.dir, "killed", 1));
    const [event] = await heir(1, {
      release: "shop@2.0.0",
      beforeSend: (made, { recovered, originalException }) => ({
        ...made,
        extra: { recovered: recovered === true, original: String(originalException) },
      }),
    });

    expect(event).toMatchObject({
      event_id: id,
      release: "shop@1.0.0",
      tags: { mark: "one" },
      extra: { recovered: true, original: "undefined" },
    });
  });
});

describe("a process that was killed", () => {
  test("is told of by the next, with its release and its last steps; one that ended by itself is not", async () => {
    await ended(program.run(server.dsn, folder.dir, "killed", 1));
    await ended(program.run(server.dsn, folder.dir, "exits", 1));
    await heir(2);

    expect(arrived().filter(isOfRun)).toMatchObject([
      {
        level: "warning",
        release: "shop@1.0.0",
        fingerprint: ["previous-run", "unknown"],
        logentry: { formatted: expect.stringContaining("The previous run ended without an exit") },
        breadcrumbs: { values: [{ message: "about to be killed" }] },
        contexts: { run: { last_seen: expect.any(String) } },
      },
    ]);
    expect(arrived().find(isOfRun)?.contexts?.["process"]).toBeUndefined();
  });
});

describe("a process that was killed a moment ago", () => {
  test("leaves its events to the next start at once, which need not live long", async () => {
    goAway();
    const ids = await idsOf(program.run(server.dsn, folder.dir, "killed", 5));
    server.setFault(undefined);
    const begun = performance.now();
    await ended(program.run(server.dsn, folder.dir, "lives-for-a-moment"));

    expect(performance.now() - begun).toBeLessThan(5000);
    expect(capturedIds().sort()).toEqual(ids.sort());
    expect(server.duplicates()).toBe(0);
  });

  test("leaves nothing to others while it lives", async () => {
    goAway();
    const owner = program.run(server.dsn, folder.dir, "works");
    const printed = idsOf(owner);
    await new Promise((resolve) => owner.stdout?.once("data", resolve));
    const client = new Client({
      dsn: server.dsn,
      spool: fileSpool({ dir: folder.dir }),
      integrations: () => [],
    });
    await client.flush(300);

    expect(client.stats().captured).toBe(0);
    server.setFault(undefined);
    owner.stdin?.end();
    await printed;
    await client.close();
  });
});

describe("a process that ends by itself", () => {
  test.each([
    ["exits", 20, 3],
    ["throws", 2, 1],
  ] as const)(
    "%s: it waits for a server that hangs until its deadline, and loses nothing",
    async (deed, count, code) => {
      server.setFault({ kind: "hang" });
      const result = await ended(program.run(server.dsn, folder.dir, deed, count));
      const whileItHung = server.requests().length;
      server.setFault(undefined);
      const events = await heir(count);

      expect(result.code).toBe(code);
      expect(whileItHung).toBeGreaterThan(0);
      expect(events).toHaveLength(count);
      expect(readdirSync(folder.dir)).toEqual([]);
    },
  );

  test("sends its last events itself, and leaves nothing on disk", async () => {
    const ids = await idsOf(program.run(server.dsn, folder.dir, "captures-in-exit"));

    expect(ids).toHaveLength(3);
    expect(capturedIds().sort()).toEqual(ids.sort());
    expect(server.duplicates()).toBe(0);
    expect(readdirSync(folder.dir)).toEqual([]);
  });

  test("keeps what its exit listeners capture while the server hangs: all arrives with the next", async () => {
    server.setFault({ kind: "hang" });
    const ids = await idsOf(program.run(server.dsn, folder.dir, "captures-in-exit"));
    server.setFault(undefined);
    await heir(3);

    expect(capturedIds().sort()).toEqual(ids.sort());
    expect(ids).toHaveLength(3);
    expect(readdirSync(folder.dir)).toEqual([]);
  });

  test("leaves nothing on disk once all has arrived", async () => {
    const client = new Client({
      dsn: server.dsn,
      spool: fileSpool({ dir: folder.dir }),
      integrations: () => [],
    });
    client.captureException(new Error("x"));
    expect(client.stats()).toMatchObject({ queued: 0, spooled: 1 });
    expect(await client.flush(5000)).toBe(true);

    expect(client.stats()).toMatchObject({ delivered: 1, queued: 0, spooled: 0 });
    await client.close();
    expect(readdirSync(folder.dir)).toEqual([]);
  });
});

describe("many processes that share a directory", () => {
  test("while half of them are killed at random: everything arrives once", async () => {
    const workers = Array.from({ length: 10 }, (_, index) =>
      program.run(server.dsn, folder.dir, "works", 0, `worker ${index}`),
    );
    const printed = workers.map((worker) => idsOf(worker));
    await server.waitForEvents(50, 20_000);
    for (const [index, worker] of workers.entries()) {
      if (index % 2 === 0) worker.kill("SIGKILL");
      await server.waitForEvents(server.events().length + 2, 20_000);
    }
    for (const [index, worker] of workers.entries()) if (index % 2 === 1) worker.stdin?.end();
    const ids = (await Promise.all(printed)).flat();
    await heir(ids.length);

    const there = capturedIds();
    expect([...new Set(ids)].filter((id) => !there.includes(id))).toEqual([]);
    expect(new Set(there).size).toBe(there.length);
  }, 60_000);
});

describe("a client whose server is away", () => {
  const away = (options: ClientOptions): Client =>
    new Client({
      dsn: server.dsn,
      spool: fileSpool({ dir: folder.dir }),
      once: { mergeMs: 0 },
      integrations: () => [],
      ...options,
    });

  test("leaves what it could not send when it closes", async () => {
    goAway();
    const client = away({});
    const id = client.captureException(new Error("x"));

    expect(await client.close(200)).toBe(false);
    expect(client.stats()).toMatchObject({ captured: 1, queued: 0, spooled: 1 });
    expect(client.stats().dropped).toEqual({});
    expect((await heir(1)).map(({ event_id }) => event_id)).toEqual([id]);
  });

  test("keeps on disk what finds no room in memory, and sends it when there is", async () => {
    server.setFault({ kind: "status", status: 503 });
    const client = away({ queueBytes: 60_000 });
    const ids = Array.from({ length: 200 }, (_, number) =>
      client.captureException(
        new Error(`failure ${"abcdefghij"[number % 10]!.repeat(1 + Math.floor(number / 10))}`),
      ),
    );

    expect(client.stats()).toMatchObject({ captured: 200, queued: 0, spooled: 200 });
    expect(client.stats().dropped).toEqual({});
    server.setFault(undefined);
    expect(await client.flush(15_000)).toBe(true);
    expect(new Set(capturedIds())).toEqual(new Set(ids));
    await client.close();
  });
});
