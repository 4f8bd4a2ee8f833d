import { readdirSync } from "node:fs";
import { startTestServer, type TestServer } from "@corvid/test-server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Client } from "../../src/node/client.js";
import { fileSpool } from "../../src/node/spool/file-spool.js";
import { createSpoolProgram, type Deed, type SpoolProgram } from "../spool/program.js";
import { ended } from "../support/child.js";
import { nodeOfMajor } from "../support/node-major.js";
import { die, testFolder } from "../support/spool.js";

const RUNS = 200;
const CAPTURES = 20;
const AT_A_TIME = 4;

let program: SpoolProgram;
let server: TestServer;
let folder: ReturnType<typeof testFolder>;
beforeEach(async () => {
  program = await createSpoolProgram();
  server = await startTestServer();
  folder = testFolder();
});
afterEach(async () => {
  await server.close();
  folder.remove();
  program.remove();
});

/** The next start, after the others have been silent for long enough. */
async function sendWhatIsLeft(ids: ReadonlySet<string>): Promise<void> {
  die(folder.dir);
  const client = new Client({
    dsn: server.dsn,
    spool: fileSpool({ dir: folder.dir }),
    integrations: () => [],
  });
  const waited = new Set(ids);
  const stop = server.onEvent(({ id }) => void waited.delete(id));
  for (const { id } of server.events()) waited.delete(id);
  await server.waitForEvents(() => waited.size === 0, 60_000);
  stop();
  await client.close(10_000);
}

const idsIn = (out: string): string[] => out.split("\n").filter((line) => /^[0-9a-f]{32}$/.test(line));

test(`${RUNS} processes, each killed right after ${CAPTURES} captures: all are there after the next start, once`, async () => {
  const ids = new Set<string>();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < RUNS) {
      const child = program.run(server.dsn, folder.dir, "killed", CAPTURES, `run ${next++}`);
      for (const id of idsIn((await ended(child)).out)) ids.add(id);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  await sendWhatIsLeft(ids);

  expect(ids.size).toBe(RUNS * CAPTURES);
  const arrived = server.events().map(({ id }) => id);
  expect(arrived).toHaveLength(new Set(arrived).size);
  expect(server.duplicates()).toBe(0);
  expect(readdirSync(folder.dir)).toEqual([]);
}, 300_000);

test("ten processes with one directory, five of them killed at any time, again and again: nothing is lost", async () => {
  const ids = new Set<string>();
  for (let round = 0; round < 10; round++) {
    const workers = Array.from({ length: 10 }, (_, index) =>
      program.run(server.dsn, folder.dir, "works", 0, `worker ${round} ${index}`),
    );
    const said = workers.map((worker) => ended(worker));
    const victims = workers.toSorted(() => Math.random() - 0.5).slice(0, 5);
    for (const victim of victims) {
      await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 300));
      victim.kill("SIGKILL");
    }
    for (const worker of workers) if (!victims.includes(worker)) worker.stdin?.end();
    for (const { out } of await Promise.all(said)) for (const id of idsIn(out)) ids.add(id);
  }
  await sendWhatIsLeft(ids);

  expect(ids.size).toBeGreaterThan(500);
  const arrived = server.events().map(({ id }) => id);
  expect(arrived).toHaveLength(new Set(arrived).size);
}, 300_000);

test.for([20, 22, 24, 26])(
  "Node %i leaves what it captured before a kill, and nothing is in its way at an exit",
  async (major) => {
    const run = (deed: Deed) =>
      ended(program.run(server.dsn, folder.dir, deed, CAPTURES, deed, nodeOfMajor(major)));
    server.setFault({ kind: "hang" });
    const [killed, exited] = [await run("killed"), await run("exits")];
    server.setFault(undefined);
    const ids = new Set([...idsIn(killed.out), ...idsIn(exited.out)]);
    await sendWhatIsLeft(ids);

    expect(exited).toMatchObject({ code: 3, err: "" });
    expect(ids.size).toBe(2 * CAPTURES);
  },
);
