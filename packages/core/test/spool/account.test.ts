import { existsSync, readdirSync } from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CorvidClient } from "../../src/client.js";
import { createSpoolStore } from "../../src/node/spool/store.js";
import { eventOf } from "../../src/transport/envelope.js";
import type { SendResult, Transport } from "../../src/transport/transport.js";
import { createTestBench, expectBalance } from "../support/client.js";
import { createTestClock, type TestClock } from "../support/clock.js";
import { ACCEPTED, limited, NO_ANSWER, UNAVAILABLE } from "../support/script.js";
import { die, GROUP, newId, storeOptions, storeSpool, testFolder } from "../support/spool.js";

/** A server that discards copies by their ids, and adds up how many captures it was told of. */
class Server {
  answer: SendResult = ACCEPTED;
  readonly #captures = new Map<string, number>();

  get captures(): number {
    return [...this.#captures.values()].reduce((sum, count) => sum + count, 0);
  }

  /** @param isAlive - of the process that sends: what a dead one is answered, nobody hears */
  transport(isAlive: () => boolean): Transport {
    return {
      name: "server",
      send: async (batch) => {
        if (!isAlive()) return new Promise(() => undefined);
        if (this.answer.kind === "accepted")
          for (const envelope of batch) {
            const repeats = eventOf(envelope)?.contexts?.["repeats"]?.["count"];
            if (envelope.kind === "event") this.#captures.set(envelope.id, Number(repeats ?? 1));
          }
        return batch.map(() => this.answer);
      },
    };
  }
}

interface Life {
  readonly client: CorvidClient;
  readonly clock: TestClock;
  /** From here on nothing it has begun goes on. */
  kill(): void;
}

function live(dir: string, server: Server, queueBytes: number): Life {
  let isAlive = true;
  const clock = createTestClock(Date.now());
  const { client } = createTestBench(
    {
      transport: server.transport(() => isAlive),
      spool: storeSpool((context) =>
        createSpoolStore({ ...storeOptions(context), dir, group: GROUP, clock, newId }),
      ),
      queueBytes,
      once: { full: 2, keys: 4, windowMs: 5000, mergeMs: 10 },
    },
    {
      clock,
      newId,
      afterTurn: (fn) => void setImmediate(() => isAlive && fn()),
    },
  );
  return {
    client,
    clock,
    kill: () => {
      isAlive = false;
    },
  };
}

const steps = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("capture" as const), kind: fc.nat(7) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wrap" as const), kind: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("answer" as const),
      answer: fc.constantFrom(ACCEPTED, NO_ANSWER, UNAVAILABLE, limited("error", 5000)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1, 60, 3000, 70_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("flush" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("close" as const) }) },
);

/** What waits for the disk is as quick as this. */
const turn = async (): Promise<void> => {
  await stat(tmpdir());
  await new Promise((resolve) => setImmediate(resolve));
};

/** Something awaited on a clock that stands still: time passes until it is there. */
async function meanwhile<T>(clock: TestClock, done: Promise<T>): Promise<T> {
  let isDone = false;
  void done.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await turn();
    clock.advance(20);
  }
  return done;
}

describe("a client with a spool", () => {
  test("adds up, and loses nothing through any sequence of captures, answers, kills and starts", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(steps, { maxLength: 40 }),
        fc.constantFrom(1 << 24, 8000),
        async (script, queueBytes) => {
          const { dir, remove } = testFolder();
          const server = new Server();
          let life = live(dir, server, queueBytes);
          let captured = 0;
          let dead: string[] = [];
          // What was under way in the file system cannot be called back here, as a kill would, and may end in a beat.
          const bury = (): void =>
            die(dir, ...dead.map((name) => join(dir, name)).filter((folder) => existsSync(folder)));
          const restart = async (): Promise<void> => {
            for (let turns = 0; turns < 10; turns++) await turn();
            dead = readdirSync(dir);
            if (dead.length > 0) bury();
            life = live(dir, server, queueBytes);
          };
          const capture = (error: Error): void => {
            captured++;
            life.client.captureException(error);
          };
          try {
            for (const step of script) {
              if (step.do === "capture") capture(new Error(`kind ${"abcdefgh"[step.kind]}`));
              else if (step.do === "wrap") {
                const inner = new Error(`inner ${"abcd"[step.kind]}`);
                capture(inner);
                capture(new TypeError("outer", { cause: inner }));
                // One failure, seen twice.
                captured -= mergedSince(life);
              } else if (step.do === "answer") server.answer = step.answer;
              else if (step.do === "pass") {
                life.clock.advance(step.ms);
                await turn();
              } else if (step.do === "flush") await meanwhile(life.clock, life.client.flush(100));
              else if (step.do === "close") {
                await meanwhile(life.clock, life.client.close(100));
                expectBalance(life.client);
                await restart();
              } else {
                life.kill();
                await restart();
              }
              expectBalance(life.client);
            }

            life.kill();
            server.answer = ACCEPTED;
            await restart();
            for (let rounds = 0; server.captures < captured && rounds < 50; rounds++) {
              if (dead.length > 0) bury();
              await meanwhile(life.clock, life.client.flush(5000));
              life.clock.advance(15_000);
            }
            expect(server.captures).toBe(captured);
            expectBalance(life.client);
            await meanwhile(life.clock, life.client.close(1000));
          } finally {
            remove();
          }
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 60) },
    );
  }, 60_000);
});

const seen = new WeakMap<CorvidClient, number>();

/** Captures that became part of another event since the last time this was asked. */
function mergedSince({ client }: Life): number {
  const { merged } = client.stats();
  const before = seen.get(client) ?? 0;
  seen.set(client, merged);
  return merged - before;
}
