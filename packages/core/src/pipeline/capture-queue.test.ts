import { describe, expect, test } from "vitest";
import { createTestClock } from "../../test/support/clock.js";
import { type Snapshot, type Surroundings, snapshotBytes, snapshotOf } from "../capture/snapshot.js";
import { linesOf } from "../capture/stack.js";
import { Scope } from "../context/scope.js";
import { createRepeats } from "../gate/repeats.js";
import { AT_ONCE, Intake, type Pending, pendingOf } from "./capture-queue.js";

const HINT: Surroundings["hint"] = { tags: {}, extra: {}, contexts: {}, attachments: [] };
const AROUND: Surroundings = {
  layers: [new Scope().setTag("shop", "main").snapshot()],
  trails: [],
  hint: HINT,
};

/** An intake that holds everything until the line is open, and what went through it. */
function createIntake(queueBytes = 16 * 1024 * 1024) {
  const gone: Pending[] = [];
  const line = { isOpen: false };
  const intake = new Intake({
    clock: createTestClock(),
    queueBytes,
    afterTurn: (fn) => void setImmediate(fn),
    hasRoomBehind: () => line.isOpen,
    finish: async (pending) => {
      gone.push(pending);
      intake.release(pending);
    },
  });
  const drain = async (): Promise<readonly Pending[]> => {
    line.isOpen = true;
    intake.hurry();
    await intake.empty();
    return gone;
  };
  return { intake, drain };
}

function failure(n: number): Snapshot["exceptions"][number] {
  const value = `case ${n} \ud800 "failed"\n    at nowhere (/x.js:1:1)`;
  const raw = `Error: ${value}\n    at shop (/app/shöp.js:${n}:3)\n    at main (/app/main.js:1:1)`;
  return { id: 0, type: "Error", value, own: { n, "": null }, stack: { raw, name: "Error", message: value } };
}

function pending(
  n: number,
  more: Partial<Surroundings & { original: unknown; weight: number }> = {},
): Pending {
  const snapshot = snapshotOf(
    `id ${n}`,
    1000 + n / 8,
    { exceptions: [failure(n)] },
    { ...AROUND, ...more },
    more.original,
  );
  const repeats = more.weight === undefined ? undefined : createRepeats();
  for (let count = 0; count < (more.weight ?? 0); count++) repeats?.add(snapshot);
  return pendingOf(snapshot, AT_ONCE, {
    bytes: snapshotBytes(snapshot),
    repeats,
    related: n % 2 ? [] : [`before ${n}`],
  });
}

/** All that an event is made of. */
function contents({ weight, related, snapshot, sightings }: Pending): unknown {
  const { exceptions, ...rest } = snapshot;
  const texts = exceptions.map((node) => ({ ...node, stack: linesOf(node.stack) }));
  return { weight, related: related ?? [], sightings, ...rest, exceptions: texts };
}

describe("Intake", () => {
  test("gives a thousand captures back in order and as they were", async () => {
    const { intake, drain } = createIntake();
    const request = { method: "GET", url: "/cart", headers: { accept: "*/*" } };
    const given = Array.from({ length: 1000 }, (_, n) => pending(n, n % 3 === 0 ? { request } : {}));
    for (const one of given) expect(intake.push(one)).toBe(true);

    const gone = await drain();

    expect(gone.map(contents)).toEqual(given.map(contents));
    expect(intake.bytes).toBe(0);
  });

  test("gives back stacks and causes as they were, whether neighbours have the same or not", async () => {
    const { intake, drain } = createIntake();
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
      return pendingOf(snapshot, AT_ONCE, { bytes: snapshotBytes(snapshot) });
    });
    for (const one of given) intake.push(one);

    expect((await drain()).map(contents)).toEqual(given.map(contents));
  });

  test("gives messages and events of others back as they were", async () => {
    const { intake, drain } = createIntake();
    for (let n = 0; n < 300; n++) intake.push(pending(n));
    const message = { formatted: "5 left of 7", template: "%s left of %s", params: ["5", "7"] };
    const subject = {
      exceptions: [],
      message,
      event: { extra: { deep: [{ a: 1 }] } },
      site: { lines: ["    at a.js:1:1"] },
    };
    const snapshot = snapshotOf("own", 1, subject, { ...AROUND, transaction: "GET /" }, undefined);
    intake.push(pendingOf(snapshot, AT_ONCE, { bytes: snapshotBytes(snapshot) }));

    const own = (await drain()).at(-1)!;

    expect(contents(own)).toEqual(contents(pendingOf(snapshot, AT_ONCE, { bytes: 0 })));
    expect(own.snapshot.layers).toEqual(AROUND.layers);
  });

  test("weighs captures that wait long at less, and takes no more than its bytes", () => {
    const { intake } = createIntake(1024 * 1024);
    let count = 0;
    while (intake.push(pending(count))) count++;

    expect(intake.bytes).toBeLessThanOrEqual(1024 * 1024);
    expect(count).toBeGreaterThan((1024 * 1024) / snapshotBytes(pending(0).snapshot));
    expect(intake.size).toBe(count);
  });

  test("keeps the live error, for hooks, however long it waits", async () => {
    const { intake, drain } = createIntake();
    const errors = Array.from({ length: 400 }, () => new Error("live"));
    for (const [n, original] of errors.entries()) intake.push(pending(n, { original }));

    expect((await drain()).map(({ snapshot }) => snapshot.original)).toEqual(errors);
  });

  test("keeps what stands for several", async () => {
    const { intake, drain } = createIntake();
    for (let n = 0; n < 300; n++) intake.push(pending(n));
    intake.push(pending(300, { weight: 7 }));

    const last = (await drain()).at(-1);

    expect([last?.weight, last?.repeats?.count]).toEqual([7, 7]);
  });

  test.each([10, 400])("adds sightings to capture %i, and makes it that of an outer error", async (n) => {
    const { intake, drain } = createIntake();
    for (let at = 0; at < 500; at++) intake.push(pending(at));
    const bytes = intake.bytes;
    const original = new Error("live");
    const outer = { ...pending(1000, { original }).snapshot, transaction: "POST /pay" };

    intake.addSighting(`id ${n}`, { ...AROUND, transaction: "GET /" });
    intake.wrap(`id ${n}`, outer);

    expect(intake.bytes).toBeGreaterThan(bytes);
    const got = (await drain())[n]!;
    expect(got.snapshot).toMatchObject({
      transaction: "POST /pay",
      exceptions: [{ value: outer.exceptions[0]!.value }],
    });
    expect(got.snapshot.original).toBe(original);
    expect(got.related ?? []).toEqual(pending(n).related);
    expect(got.sightings.map(({ transaction }) => transaction)).toEqual(["GET /", undefined]);
    expect(intake.bytes).toBe(0);
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
      const intake: Intake = new Intake({
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
          intake.release(one);
        },
      });
      for (let n = 0; n < 8; n++) intake.push({ ...pending(n), isFromDisk });
      await intake.empty();

      expect(turns).toEqual(Array.from({ length: 8 }, (_, n) => 1 + Math.floor(n / inOneTurn)));
    },
  );

  test("keeps few sightings of a failure that is seen forever: the first ones and the newest", async () => {
    const { intake, drain } = createIntake();
    intake.push(pending(0));
    for (let n = 0; n < 100_000; n++) intake.addSighting("id 0", { ...AROUND, transaction: `${n}` });

    expect(intake.bytes).toBeLessThan(20_000);
    const [got] = await drain();
    expect(got?.sightings.map(({ transaction }) => transaction)).toEqual([..."012345678", "99999"]);
    expect(intake.bytes).toBe(0);
  });

  test("adds no sighting for which there is no room", async () => {
    const { intake, drain } = createIntake(10_000);
    intake.push(pending(0));
    const large = { ...AROUND, hint: { ...HINT, extra: { text: "x".repeat(20_000) } } };

    intake.addSighting("id 0", large);

    expect(intake.bytes).toBeLessThan(10_000);
    expect((await drain())[0]?.sightings).toEqual([]);
  });
});
