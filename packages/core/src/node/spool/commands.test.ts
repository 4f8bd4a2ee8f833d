import { readdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestClock } from "../../../test/support/clock.js";
import { die, newId, takeAll, testFolder, testSpool } from "../../../test/support/spool.js";
import { finishedText } from "../../spool/finished.js";
import { recordingTransport } from "../../testing.js";
import { type Envelope, eventEnvelope, toPayload } from "../../transport/envelope.js";
import type { SendResult, Transport } from "../../transport/transport.js";
import { discardSpool } from "./discard.js";
import { drainSpool } from "./drain.js";
import { LineWriter } from "./line.js";
import { listSpool } from "./list.js";

let dir: string;
let remove: () => void;
beforeEach(() => {
  ({ dir, remove } = testFolder());
});
afterEach(() => remove());

const TIMESTAMP = 1_767_323_045.678;

function finished(id: string, message = "no café", weight = 1): string {
  const event = {
    event_id: id,
    timestamp: TIMESTAMP,
    platform: "node",
    exception: {
      values: [
        { type: "Error", value: "inner" },
        { type: "TypeError", value: message },
      ],
    },
  };
  return finishedText(eventEnvelope({ id, payload: toPayload(event), weight }));
}

/** An ended process with finished events and one raw one. */
function leave(count: number): { ids: string[]; raw: string } {
  const dead = testSpool(dir);
  const ids = Array.from({ length: count }, () => newId());
  for (const id of ids) dead.keep("finished", id, finished(id, "no café", 2));
  const raw = newId();
  dead.keep("raw", raw, "{}");
  dead.keep("more", raw, "later");
  dead.close();
  return { ids, raw };
}

function answering(answer: (envelope: Envelope) => SendResult | Promise<SendResult>): Transport {
  return { name: "http", maxInFlight: 4, send: async (batch) => Promise.all(batch.map(answer)) };
}

describe("listSpool()", () => {
  test("says what each instance has, and changes nothing", async () => {
    const dead = testSpool(dir, { clock: createTestClock(0) });
    const ids = [newId(), newId()];
    dead.keep("raw", ids[0]!, "{}");
    dead.keep("more", ids[0]!, "later");
    const folder = dead.folder()!;
    die(dir);
    const live = testSpool(dir, { destinations: ["a", "b"] });
    live.keep("finished", ids[1]!, finished(ids[1]!, "no café", 10));
    live.settle(ids[1]!, "a");
    const before = readdirSync(dir, { recursive: true });

    const list = await listSpool(dir);
    expect(list).toMatchObject([
      {
        folder,
        group: "0123abcd",
        state: "dead",
        begunAt: dead.clock.now(),
        bytes: statSync(join(folder, "000001.seg")).size + statSync(join(folder, "owner")).size,
        unreadable: 0,
        events: [{ id: ids[0], kind: "raw", captures: 2, at: dead.clock.now(), summary: undefined }],
      },
      {
        state: "live",
        events: [
          {
            id: ids[1],
            kind: "finished",
            captures: 10,
            at: TIMESTAMP * 1000,
            summary: "TypeError: no café",
            settled: ["a"],
          },
        ],
      },
    ]);
    expect(readdirSync(dir, { recursive: true })).toEqual(before);
    expect(await listSpool(join(dir, "nowhere"))).toEqual([]);
  });

  test("lists what was taken over, what is newer, and what is not to be looked into", async () => {
    const first = testSpool(dir);
    first.keep("raw", newId(), "{}");
    first.close();
    const second = testSpool(dir);
    await second.adopt();
    second.close();
    writeFileSync(join(dir, "fedcba9876543210.0123abcd.left"), "");
    const newer = testSpool(dir);
    const head = new LineWriter().write("head", "0".repeat(32), '{"v":9}')!;
    writeFileSync(join(newer.folder()!, "000001.seg"), head);

    const states = (await listSpool(dir)).map(({ state, events }) => [state, events.length]);
    expect(states.sort()).toEqual([
      ["foreign", 0],
      ["left", 0],
      ["left", 1],
      ["newer", 0],
    ]);
  });
});

describe("drainSpool()", () => {
  test("sends what is finished, forgets it, and leaves the rest to the application", async () => {
    const { ids, raw } = leave(100);
    const transport = recordingTransport();
    const progress: number[] = [];

    const result = await drainSpool(dir, {
      transport,
      onProgress: ({ delivered }) => void progress.push(delivered),
    });
    expect(result).toEqual({
      delivered: 100,
      captures: 200,
      refused: 0,
      left: 0,
      raw: 1,
      elsewhere: 0,
      unreadable: 0,
      isComplete: true,
    });
    expect(transport.events.map(({ event_id }) => event_id)).toEqual(ids);
    expect(progress.at(-1)).toBe(100);
    expect(progress.length).toBeGreaterThan(2);
    const store = testSpool(dir);
    await store.adopt();
    expect((await takeAll(store)).map(({ id }) => id)).toEqual([raw]);
  });

  test("speaks to a server", async () => {
    const { ids } = leave(3);
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      request.on("data", (chunk: Buffer) => bodies.push(String(chunk))).on("end", () => response.end("{}"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const result = await drainSpool(dir, { dsn: `http://key@127.0.0.1:${port}/1` });
      expect(result).toMatchObject({ delivered: 3, isComplete: true });
      for (const id of ids) expect(bodies.join()).toContain(id);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test("keeps what a destination refuses, has already, or does not answer for", async () => {
    const dead = testSpool(dir, { destinations: ["http", "other"] });
    const [refused, delivered, elsewhere, damaged] = [newId(), newId(), newId(), newId()];
    for (const id of [refused, delivered, elsewhere]) dead.keep("finished", id, finished(id));
    dead.keep("finished", damaged, '{"no":"envelope"}');
    dead.settle(elsewhere, "http");
    dead.close();
    const transport = answering(({ id }) =>
      id === refused ? { kind: "refused", reason: "send_error" } : { kind: "accepted" },
    );

    expect(await drainSpool(dir, { transport })).toMatchObject({
      delivered: 1,
      refused: 1,
      elsewhere: 1,
      unreadable: 1,
      isComplete: true,
    });
    const kept = (await listSpool(dir)).flatMap(({ events }) => events.map(({ id }) => id));
    expect(kept).toEqual([refused, elsewhere, damaged]);
  });

  test("gives up on a line that is down, and keeps everything", async () => {
    const { ids, raw } = leave(50);
    const transport = answering(() => ({ kind: "retry", reason: "network_error" }));

    const result = await drainSpool(dir, { transport, patienceMs: 20 });
    expect(result).toMatchObject({ delivered: 0, left: 32, isComplete: false });
    const kept = (await listSpool(dir)).flatMap(({ events }) => events.map(({ id }) => id));
    expect(kept).toEqual([...ids, raw]);
  });

  test("stops when it is told to, and keeps what was under way", async () => {
    const { ids, raw } = leave(5);
    const stop = new AbortController();
    const transport = answering(() => {
      stop.abort();
      return new Promise(() => undefined);
    });

    expect(await drainSpool(dir, { transport, signal: stop.signal })).toMatchObject({
      delivered: 0,
      left: 5,
      isComplete: false,
    });
    const kept = (await listSpool(dir)).flatMap(({ events }) => events.map(({ id }) => id));
    expect(kept).toEqual([...ids, raw]);
  });

  test("sends nothing when it was told to stop before", async () => {
    leave(2);
    const transport = recordingTransport();

    const result = await drainSpool(dir, { transport, signal: AbortSignal.abort() });
    expect(result).toMatchObject({ delivered: 0, isComplete: false });
    expect(transport.envelopes).toEqual([]);
  });

  test("leaves live instances alone", async () => {
    const live = testSpool(dir);
    const id = newId();
    live.keep("finished", id, finished(id));
    const transport = recordingTransport();

    expect(await drainSpool(dir, { transport })).toMatchObject({ delivered: 0, isComplete: true });
    expect(live.holds(id)).toBe(true);
  });

  test("asks for a place to send to", async () => {
    await expect(drainSpool(dir, {})).rejects.toThrow("expected a dsn or a transport");
    await expect(drainSpool(dir, { dsn: "junk" })).rejects.toThrow("Invalid DSN");
  });
});

describe("discardSpool()", () => {
  test("forgets what ended processes left, or one kind of it", async () => {
    leave(40);
    const live = testSpool(dir);
    live.keep("raw", newId(), "{}");

    expect(await discardSpool(dir, { only: "raw" })).toEqual({ events: 1, captures: 2 });
    expect(await discardSpool(dir, { only: "raw" })).toEqual({ events: 0, captures: 0 });
    expect(await discardSpool(dir)).toEqual({ events: 40, captures: 80 });
    expect((await listSpool(dir)).map(({ state, events }) => [state, events.length])).toEqual([["live", 1]]);
  });
});
