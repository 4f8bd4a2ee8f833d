import { afterEach, beforeEach, expect, test } from "vitest";
import { createSpoolStore } from "../../src/node/spool/store.js";
import type { Transport } from "../../src/transport/transport.js";
import { createTestBench, expectBalance } from "../support/client.js";
import { createTestClock } from "../support/clock.js";
import { NO_ANSWER } from "../support/script.js";
import { die, GROUP, newId, takeAll, testFolder, testSpool } from "../support/spool.js";

let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder();
});
afterEach(() => folder.remove());

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("a process that was stopped for long sends nothing of what was taken over meanwhile", async () => {
  const clock = createTestClock(Date.now());
  const { dir } = folder;
  const sent: string[] = [];
  const transport: Transport = {
    name: "server",
    send: async (batch) => {
      sent.push(...batch.map(({ id }) => id));
      return batch.map(() => NO_ANSWER);
    },
  };
  const { client } = createTestBench(
    { transport, spool: dir, once: { mergeMs: 0 } },
    {
      clock,
      newId,
      spool: (wanted) =>
        createSpoolStore({ ...wanted, dir, group: GROUP, head: () => wanted.head, clock, newId }),
    },
  );
  const ids = ["a", "b", "c"].map((text) => client.captureException(new Error(text)));
  await turns();
  const sentBefore = sent.length;
  expect(sentBefore).toBeGreaterThan(0);
  die(dir);
  const heir = testSpool(dir, { destinations: [transport.name] });
  await heir.adopt();

  clock.sleep(15_000);
  clock.advance(0);
  await turns();

  expect(sent).toHaveLength(sentBefore);
  expect((await takeAll(heir)).map(({ id }) => id)).toEqual(ids);
  expect(client.stats()).toMatchObject({ delivered: 0, queued: 0, spooled: 3 });
  expect(client.stats().dropped).toEqual({});
  expectBalance(client);
  heir.close();
});
