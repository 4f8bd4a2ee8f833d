import { describe, expect, test } from "vitest";
import { createTestClock } from "../../test/support/clock.js";
import { type CaptureContext, type Snapshot, snapshotBytes, snapshotOf } from "../capture/snapshot.js";
import { linesOf } from "../capture/stack.js";
import { Scope } from "../context/scope.js";
import { createRepeats } from "../gate/repeats.js";
import { AT_ONCE, CaptureQueue, type QueuedCapture, queuedCapture } from "./capture-queue.js";

const HINT: CaptureContext["hint"] = { tags: {}, extra: {}, contexts: {}, attachments: [] };
const AROUND: CaptureContext = {
  layers: [new Scope().setTag("shop", "main").snapshot()],
  trails: [],
  hint: HINT,
};

/** An captureQueue that holds everything until the line is open, and what went through it. */
function createQueue(queueBytes = 16 * 1024 * 1024) {
  const gone: QueuedCapture[] = [];
  const line = { isOpen: false };
  const captureQueue = new CaptureQueue({
    clock: createTestClock(),
    queueBytes,
    afterTurn: (fn) => void setImmediate(fn),
    hasRoomBehind: () => line.isOpen,
    finish: async (pending) => {
      gone.push(pending);
      captureQueue.release(pending);
    },
  });
  const drain = async (): Promise<readonly QueuedCapture[]> => {
    line.isOpen = true;
    captureQueue.hurry();
    await captureQueue.empty();
    return gone;
  };
  return { captureQueue, drain };
}

function failure(n: number): Snapshot["exceptions"][number] {
  const value = `case ${n} \ud800 "failed"\n    at nowhere (/x.js:1:1)`;
  const raw = `Error: ${value}\n    at shop (/app/shöp.js:${n}:3)\n    at main (/app/main.js:1:1)`;
  return { id: 0, type: "Error", value, own: { n, "": null }, stack: { raw, name: "Error", message: value } };
}

function pending(
  n: number,
  more: Partial<CaptureContext & { original: unknown; weight: number }> = {},
): QueuedCapture {
  const snapshot = snapshotOf(
    `id ${n}`,
    1000 + n / 8,
    { exceptions: [failure(n)] },
    { ...AROUND, ...more },
    more.original,
  );
  const repeats = more.weight === undefined ? undefined : createRepeats();
  for (let count = 0; count < (more.weight ?? 0); count++) repeats?.add(snapshot);
  return queuedCapture(snapshot, AT_ONCE, {
    bytes: snapshotBytes(snapshot),
    repeats,
    related: n % 2 ? [] : [`before ${n}`],
  });
}

/** All that an event is made of. */
function contents({ weight, related, snapshot, sightings }: QueuedCapture): unknown {
  const { exceptions, ...rest } = snapshot;
  const texts = exceptions.map((node) => ({ ...node, stack: linesOf(node.stack) }));
  return { weight, related: related ?? [], sightings, ...rest, exceptions: texts };
}

describe("CaptureQueue", () => {
  test("gives a thousand captures back in order and as they were", async () => {
    const { captureQueue, drain } = createQueue();
    const request = { method: "GET", url: "/cart", headers: { accept: "*/*" } };
    const given = Array.from({ length: 1000 }, (_, n) => pending(n, n % 3 === 0 ? { request } : {}));
    for (const one of given) expect(captureQueue.push(one)).toBe(true);

    const gone = await drain();

    expect(gone.map(contents)).toEqual(given.map(contents));
    expect(captureQueue.bytes).toBe(0);
  });

  test("gives back stacks and causes as they were, whether neighbours have the same or not", async () => {
    const { captureQueue, drain } = createQueue();
    const given = Array.from({ length: 600 }, (_, n) => {
      const [first, second] = [failure(n), failure(Math.floor(n / 3))];
      const exceptions =
        n % 2
          ? [second]
          : [
              { ...first, stack: second.stack },
              { ...second, id: 1, parentId: 0 },
            ];
      const snapshot = snapshotOf(`id ${n}`, 1, { exceptions }, AROUND, undefined);
      return queuedCapture(snapshot, AT_ONCE, { bytes: snapshotBytes(snapshot) });
    });
    for (const one of given) captureQueue.push(one);

    expect((await drain()).map(contents)).toEqual(given.map(contents));
  });

  test("gives messages and events of others back as they were", async () => {
    const { captureQueue, drain } = createQueue();
    for (let n = 0; n < 300; n++) captureQueue.push(pending(n));
    const message = { formatted: "5 left of 7", template: "%s left of %s", params: ["5", "7"] };
    const subject = {
      exceptions: [],
      message,
      event: { extra: { deep: [{ a: 1 }] } },
      site: { lines: ["    at a.js:1:1"] },
    };
    const snapshot = snapshotOf("own", 1, subject, { ...AROUND, transaction: "GET /" }, undefined);
    captureQueue.push(queuedCapture(snapshot, AT_ONCE, { bytes: snapshotBytes(snapshot) }));

    const own = (await drain()).at(-1)!;

    expect(contents(own)).toEqual(contents(queuedCapture(snapshot, AT_ONCE, { bytes: 0 })));
    expect(own.snapshot.layers).toEqual(AROUND.layers);
  });

  test("weighs captures that wait long at less, and takes no more than its bytes", () => {
    const { captureQueue } = createQueue(1024 * 1024);
    let count = 0;
    while (captureQueue.push(pending(count))) count++;

    expect(captureQueue.bytes).toBeLessThanOrEqual(1024 * 1024);
    expect(count).toBeGreaterThan((1024 * 1024) / snapshotBytes(pending(0).snapshot));
    expect(captureQueue.size).toBe(count);
  });

  test("keeps the live error, for hooks, however long it waits", async () => {
    const { captureQueue, drain } = createQueue();
    const errors = Array.from({ length: 400 }, () => new Error("live"));
    for (const [n, original] of errors.entries()) captureQueue.push(pending(n, { original }));

    expect((await drain()).map(({ snapshot }) => snapshot.original)).toEqual(errors);
  });

  test("keeps what stands for several", async () => {
    const { captureQueue, drain } = createQueue();
    for (let n = 0; n < 300; n++) captureQueue.push(pending(n));
    captureQueue.push(pending(300, { weight: 7 }));

    const last = (await drain()).at(-1);

    expect([last?.weight, last?.repeats?.count]).toEqual([7, 7]);
  });

  test.each([10, 400])("adds sightings to capture %i, and makes it that of an outer error", async (n) => {
    const { captureQueue, drain } = createQueue();
    for (let at = 0; at < 500; at++) captureQueue.push(pending(at));
    const bytes = captureQueue.bytes;
    const original = new Error("live");
    const outer = { ...pending(1000, { original }).snapshot, transaction: "POST /pay" };

    captureQueue.addSighting(`id ${n}`, { ...AROUND, transaction: "GET /" });
    captureQueue.wrap(`id ${n}`, outer);

    expect(captureQueue.bytes).toBeGreaterThan(bytes);
    const got = (await drain())[n]!;
    expect(got.snapshot).toMatchObject({
      transaction: "POST /pay",
      exceptions: [{ value: outer.exceptions[0]!.value }],
    });
    expect(got.snapshot.original).toBe(original);
    expect(got.related ?? []).toEqual(pending(n).related);
    expect(got.sightings.map(({ transaction }) => transaction)).toEqual(["GET /", undefined]);
    expect(captureQueue.bytes).toBe(0);
  });

  test.each([
    { from: "the application", isFromDisk: false, inOneTurn: 4 },
    { from: "disk", isFromDisk: true, inOneTurn: 1 },
  ])(
    "makes $inOneTurn ms of events from $from in one turn of the loop",
    async ({ isFromDisk, inOneTurn }) => {
      const clock = createTestClock();
      const turns: number[] = [];
      let turn = 0;
      const captureQueue: CaptureQueue = new CaptureQueue({
        clock,
        queueBytes: 1024 * 1024,
        afterTurn: (fn) =>
          void setImmediate(() => {
            turn++;
            fn();
          }),
        hasRoomBehind: () => true,
        finish: async (one) => {
          clock.advance(1);
          turns.push(turn);
          captureQueue.release(one);
        },
      });
      for (let n = 0; n < 8; n++) captureQueue.push({ ...pending(n), isFromDisk });
      await captureQueue.empty();

      expect(turns).toEqual(Array.from({ length: 8 }, (_, n) => 1 + Math.floor(n / inOneTurn)));
    },
  );

  test("keeps few sightings of a failure that is seen forever: the first ones and the newest", async () => {
    const { captureQueue, drain } = createQueue();
    captureQueue.push(pending(0));
    for (let n = 0; n < 100_000; n++) captureQueue.addSighting("id 0", { ...AROUND, transaction: `${n}` });

    expect(captureQueue.bytes).toBeLessThan(20_000);
    const [got] = await drain();
    expect(got?.sightings.map(({ transaction }) => transaction)).toEqual([..."012345678", "99999"]);
    expect(captureQueue.bytes).toBe(0);
  });

  test("adds no sighting for which there is no room", async () => {
    const { captureQueue, drain } = createQueue(10_000);
    captureQueue.push(pending(0));
    const large = { ...AROUND, hint: { ...HINT, extra: { text: "x".repeat(20_000) } } };

    captureQueue.addSighting("id 0", large);

    expect(captureQueue.bytes).toBeLessThan(10_000);
    expect((await drain())[0]?.sightings).toEqual([]);
  });
});
