import { describe, expect, test } from "vitest";
import { type CaptureContext, type Snapshot, snapshotBytes, snapshotOf } from "../capture/snapshot.js";
import { linesOf } from "../capture/stack.js";
import { Scope } from "../context/scope.js";
import { createRepeats } from "../gate/repeats.js";
import { AT_ONCE, type QueuedCapture, queuedCapture } from "./queued-capture.js";
import { WaitingCaptures } from "./waiting-captures.js";

const HINT: CaptureContext["hint"] = { tags: {}, extra: {}, contexts: {}, attachments: [] };
const AROUND: CaptureContext = {
  layers: [new Scope().setTag("shop", "main").snapshot()],
  trails: [],
  hint: HINT,
};

function createQueue(maxBytes = 16 * 1024 * 1024) {
  const waiting = new WaitingCaptures(maxBytes);
  const drain = (): readonly QueuedCapture[] => {
    const gone: QueuedCapture[] = [];
    for (let next = waiting.take(); next !== undefined; next = waiting.take()) gone.push(next);
    return gone;
  };
  return { waiting, drain };
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

describe("WaitingCaptures", () => {
  test("gives a thousand captures back in order and as they were", () => {
    const { waiting, drain } = createQueue();
    const request = { method: "GET", url: "/cart", headers: { accept: "*/*" } };
    const given = Array.from({ length: 1000 }, (_, n) => pending(n, n % 3 === 0 ? { request } : {}));
    for (const one of given) expect(waiting.push(one)).toBe(true);

    const gone = drain();

    expect(gone.map(contents)).toEqual(given.map(contents));
    expect(waiting.bytes).toBe(0);
  });

  test("gives back stacks and causes as they were, whether neighbours have the same or not", () => {
    const { waiting, drain } = createQueue();
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
    for (const one of given) waiting.push(one);

    expect(drain().map(contents)).toEqual(given.map(contents));
  });

  test("gives messages and events of others back as they were", () => {
    const { waiting, drain } = createQueue();
    for (let n = 0; n < 300; n++) waiting.push(pending(n));
    const message = { formatted: "5 left of 7", template: "%s left of %s", params: ["5", "7"] };
    const subject = {
      exceptions: [],
      message,
      event: { extra: { deep: [{ a: 1 }] } },
      site: { lines: ["    at a.js:1:1"] },
    };
    const snapshot = snapshotOf("own", 1, subject, { ...AROUND, transaction: "GET /" }, undefined);
    waiting.push(queuedCapture(snapshot, AT_ONCE, { bytes: snapshotBytes(snapshot) }));

    const own = drain().at(-1)!;

    expect(contents(own)).toEqual(contents(queuedCapture(snapshot, AT_ONCE, { bytes: 0 })));
    expect(own.snapshot.layers).toEqual(AROUND.layers);
  });

  test("weighs captures that wait long at less, and takes no more than its bytes", () => {
    const { waiting } = createQueue(1024 * 1024);
    let count = 0;
    while (waiting.push(pending(count))) count++;

    expect(waiting.bytes).toBeLessThanOrEqual(1024 * 1024);
    expect(count).toBeGreaterThan((1024 * 1024) / snapshotBytes(pending(0).snapshot));
    expect(waiting.size).toBe(count);
  });

  test("keeps the live error, for hooks, however long it waits", () => {
    const { waiting, drain } = createQueue();
    const errors = Array.from({ length: 400 }, () => new Error("live"));
    for (const [n, original] of errors.entries()) waiting.push(pending(n, { original }));

    expect(drain().map(({ snapshot }) => snapshot.original)).toEqual(errors);
  });

  test("keeps what stands for several", () => {
    const { waiting, drain } = createQueue();
    for (let n = 0; n < 300; n++) waiting.push(pending(n));
    waiting.push(pending(300, { weight: 7 }));

    const last = drain().at(-1);

    expect([last?.weight, last?.repeats?.count]).toEqual([7, 7]);
  });

  test.each([10, 400])("adds sightings to capture %i, and makes it that of an outer error", (n) => {
    const { waiting, drain } = createQueue();
    for (let at = 0; at < 500; at++) waiting.push(pending(at));
    const bytes = waiting.bytes;
    const original = new Error("live");
    const outer = { ...pending(1000, { original }).snapshot, transaction: "POST /pay" };

    waiting.addSighting(`id ${n}`, { ...AROUND, transaction: "GET /" });
    waiting.wrap(`id ${n}`, outer);

    expect(waiting.bytes).toBeGreaterThan(bytes);
    const got = drain()[n]!;
    expect(got.snapshot).toMatchObject({
      transaction: "POST /pay",
      exceptions: [{ value: outer.exceptions[0]!.value }],
    });
    expect(got.snapshot.original).toBe(original);
    expect(got.related ?? []).toEqual(pending(n).related);
    expect(got.sightings.map(({ transaction }) => transaction)).toEqual(["GET /", undefined]);
    expect(waiting.bytes).toBe(0);
  });

  test("keeps few sightings of a failure that is seen forever: the first ones and the newest", () => {
    const { waiting, drain } = createQueue();
    waiting.push(pending(0));
    for (let n = 0; n < 100_000; n++) waiting.addSighting("id 0", { ...AROUND, transaction: `${n}` });

    expect(waiting.bytes).toBeLessThan(20_000);
    const [got] = drain();
    expect(got?.sightings.map(({ transaction }) => transaction)).toEqual([..."012345678", "99999"]);
    expect(waiting.bytes).toBe(0);
  });

  test("adds no sighting for which there is no room", () => {
    const { waiting, drain } = createQueue(10_000);
    waiting.push(pending(0));
    const large = { ...AROUND, hint: { ...HINT, extra: { text: "x".repeat(20_000) } } };

    waiting.addSighting("id 0", large);

    expect(waiting.bytes).toBeLessThan(10_000);
    expect(drain()[0]?.sightings).toEqual([]);
  });
});
