import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ClientOptions } from "../../src/client/options.js";
import { Client } from "../../src/node/client.js";
import { fileSpool } from "../../src/node/spool/file-spool.js";
import type { SendResult, Transport } from "../../src/transport/transport.js";
import { ACCEPTED, NO_ANSWER } from "../support/script.js";
import { die, testFolder } from "../support/spool.js";

let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder();
});
afterEach(() => folder.remove());

/** A destination, and the ids of all events it took, each as often as it did. */
interface Place {
  answer: SendResult | Promise<SendResult>;
  readonly taken: string[];
  readonly transport: Transport;
}

function place(name: string, answer: Place["answer"] = ACCEPTED): Place {
  const taken: string[] = [];
  const self: Place = {
    answer,
    taken,
    transport: {
      name,
      send: async (batch) => {
        const result = await self.answer;
        if (result.kind === "accepted")
          taken.push(...batch.filter(({ kind }) => kind === "event").map(({ id }) => id));
        return batch.map(() => result);
      },
    },
  };
  return self;
}

const NEVER = new Promise<SendResult>(() => undefined);

function clientOf(places: readonly Place[], options: ClientOptions = {}): Client {
  return new Client({
    transport: places.map(({ transport }) => transport),
    spool: fileSpool({ dir: folder.dir }),
    once: { mergeMs: 0 },
    integrations: () => [],
    ...options,
  });
}

/** Captures failures that differ, each when `place` has the one before. */
async function captureInTurn(client: Client, count: number, { taken }: Place): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let number = 0; number < count; number++) {
    const id = client.captureException(new Error(`failure ${"abcdefghijklmnopqrst"[number]}`));
    ids.add(id);
    await vi.waitFor(() => expect(taken).toContain(id), { interval: 2 });
  }
  return ids;
}

describe("two destinations, of which one takes nothing", () => {
  test.each([
    ["after a restart", false],
    ["after a restart that names them in another order", true],
  ])(
    "%s the other does not get what it has, though the event was not finished on disk",
    async (_, isTurned) => {
      const [up, hung] = [place("up"), place("hung", NEVER)];
      const killed = clientOf([up, hung]);
      const id = killed.captureException(new Error("x"));
      await vi.waitFor(() => expect(killed.stats().destinations[0]?.delivered).toBe(1));
      die(folder.dir);

      hung.answer = ACCEPTED;
      const heir = clientOf(isTurned ? [hung, up] : [up, hung]);
      await vi.waitFor(() => expect(hung.taken).toEqual([id]));
      await heir.close();

      expect(up.taken).toEqual([id]);
      await killed.close(0);
    },
  );

  test.each<[string, ClientOptions]>([
    ["queueSize", { queueSize: 5 }],
    ["queueBytes", { queueBytes: 20_000 }],
    ["queueSize, with once: false", { queueSize: 5, once: false }],
  ])(
    "with its %s used up, what it has no room for waits on disk, and is made and sent once",
    async (_, bounds) => {
      const [up, down] = [place("up"), place("down", NO_ANSWER)];
      let made = 0;
      const client = clientOf([up, down], {
        ...bounds,
        beforeSend: (event) => {
          made++;
          return event;
        },
      });
      const ids = await captureInTurn(client, 20, up);

      expect(await client.flush(300)).toBe(false);
      expect(made).toBe(20);
      expect(client.stats()).toMatchObject({ captured: 20, queued: 0, spooled: 20 });
      expect(client.stats().dropped).toEqual({});

      down.answer = ACCEPTED;
      expect(await client.flush(10_000)).toBe(true);
      expect(up.taken).toHaveLength(20);
      expect(down.taken).toHaveLength(20);
      expect(new Set(down.taken)).toEqual(ids);
      expect(client.stats()).toMatchObject({ delivered: 20, spooled: 0 });
      await client.close();
    },
  );

  test.each<[string, ClientOptions]>([
    ["queueSize", { queueSize: 5 }],
    ["queueBytes", { queueBytes: 20_000 }],
  ])("without a spool and with its %s used up, it holds back nobody", async (_, bounds) => {
    const [up, down] = [place("up"), place("down", NO_ANSWER)];
    const client = clientOf([up, down], { ...bounds, once: false, spool: false });
    await captureInTurn(client, 20, up);

    expect(up.taken).toHaveLength(20);
    expect(client.stats()).toMatchObject({ captured: 20 });
    expect(client.stats().dropped).toEqual({});
    await client.close(0);
  });
});

describe("a client with a spool and once: false", () => {
  test("drops nothing of a burst that is larger than its queue", async () => {
    const only = place("only");
    const client = clientOf([only], { queueSize: 10, queueBytes: 50_000, once: false });
    const ids = Array.from({ length: 200 }, () => client.captureException(new Error("x")));

    expect(client.stats()).toMatchObject({ captured: 200, queued: 0, spooled: 200 });
    expect(client.stats().dropped).toEqual({});
    expect(await client.flush(10_000)).toBe(true);
    expect(new Set(only.taken)).toEqual(new Set(ids));
    expect(only.taken).toHaveLength(200);
    await client.close();
  });
});
