import { describe, expect, test } from "vitest";
import { createTestClock, type TestClock } from "../../test/support/clock.js";
import {
  ACCEPTED,
  limited,
  NO_ANSWER,
  numbered,
  REFUSED,
  type ScriptedTransport,
  type Sent,
  scriptedTransport,
  settle,
  TOO_LARGE,
  UNAVAILABLE,
} from "../../test/support/script.js";
import { silentDiagnostics } from "../model/diagnostics.js";
import type { Envelope } from "../transport/envelope.js";
import type { Transport } from "../transport/transport.js";
import { createDelivery, type Delivery, type DeliveryOptions, type SpoolView } from "./delivery.js";

interface Bench {
  readonly delivery: Delivery;
  readonly transport: ScriptedTransport;
  readonly clock: TestClock;
  /** `id: delivered` or `id: reason`, ids as numbers, in order. */
  readonly settled: string[];
  /** Lets time pass, and all that follows from it happen. */
  pass(ms: number): Promise<void>;
  /** The same, with every call answered within a tenth of a second. */
  serve(ms: number, answer: (call: Sent) => Promise<void>): Promise<void>;
}

function bench(options: Partial<DeliveryOptions> = {}, extra: Partial<Transport> = {}): Bench {
  const clock = createTestClock();
  const transport = scriptedTransport(extra);
  const settled: string[] = [];
  let reports = 0;
  const delivery = createDelivery({
    transport,
    clock,
    random: () => 1,
    diagnostics: silentDiagnostics,
    newId: () => `${++reports}`.padStart(32, "f"),
    queueSize: 100,
    queueBytes: 1_000_000,
    onSettled: (envelope, outcome) =>
      settled.push(`${Number(envelope.id)}: ${outcome.kind === "dropped" ? outcome.reason : outcome.kind}`),
    ...options,
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settle();
  };
  const serve = async (ms: number, answer: (call: Sent) => Promise<void>): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      for (const call of [...transport.sent]) await answer(call);
      await pass(100);
    }
  };
  return { delivery, transport, clock, settled, pass, serve };
}

const reportsIn = (history: readonly Envelope[]): unknown[] =>
  history
    .filter(({ kind }) => kind === "client_report")
    .map(({ payload }) => JSON.parse(payload).discarded_events);

const FILES = [
  { filename: "a", data: "abc" },
  { filename: "b", data: "xy" },
];

describe("Delivery.offer()", () => {
  test("sends at once and in order", async () => {
    const { delivery, transport, settled } = bench();
    for (const number of [1, 2, 3]) expect(delivery.offer(numbered(number))).toBe(true);
    while (transport.sent[0] !== undefined) await transport.sent[0].answer(ACCEPTED);

    expect(settled).toEqual(["1: delivered", "2: delivered", "3: delivered"]);
    expect(delivery.stats()).toEqual({
      name: "script",
      offered: 3,
      queued: 0,
      queuedBytes: 0,
      inFlight: 0,
      delivered: 3,
      spooled: 0,
      dropped: {},
      attachmentBytesLeft: 0,
      retries: 0,
      state: "up",
    });
  });

  test("says no when as many are held as may be, those under way included", () => {
    const { delivery } = bench({ queueSize: 2 });

    expect([1, 2, 3].map((number) => delivery.offer(numbered(number)))).toEqual([true, true, false]);
    expect(delivery.isHeldBack()).toBe(true);
  });

  test("says no when the bytes are too many, and takes one of any size when it holds nothing", () => {
    const { delivery } = bench({ queueBytes: 100 });
    const large = { ...numbered(1), bytes: 5000 };

    expect(delivery.offer(large)).toBe(true);
    expect(delivery.offer({ ...numbered(2), bytes: 1 })).toBe(false);
  });

  test("has room again when something is settled", async () => {
    const { delivery, transport } = bench({ queueSize: 1 });
    delivery.offer(numbered(1));
    await transport.sent[0]!.answer(ACCEPTED);

    expect(delivery.hasRoomFor(1)).toBe(true);
    expect(delivery.offer(numbered(2))).toBe(true);
  });

  test("may be called from within onSettled", async () => {
    const offered: Envelope[] = [numbered(2)];
    const made = bench({
      onSettled: () => {
        for (const next of offered.splice(0)) made.delivery.offer(next);
      },
    });
    made.delivery.offer(numbered(1));
    await made.transport.sent[0]!.answer(ACCEPTED);

    expect(made.transport.sent[0]!.ids).toEqual([numbered(2).id]);
  });
});

describe("Delivery: what an answer means", () => {
  test("a refusal drops, once and counted", async () => {
    const { delivery, transport, settled } = bench();
    delivery.offer(numbered(1));
    await transport.sent[0]!.answer(REFUSED);

    expect(settled).toEqual(["1: send_error"]);
    expect(delivery.stats()).toMatchObject({
      dropped: { send_error: 1 },
      lastError: "400 Bad Request",
      state: "up",
    });
  });

  test.each<[string, (call: Sent) => Promise<void>, string, number]>([
    ["gets an error", (call) => call.answer(UNAVAILABLE), "1: send_error", 10],
    ["cuts the connection", (call) => call.fail(new Error("ECONNRESET")), "1: network_error", 60],
  ])(
    "an event that always %s is given up after ten tries, and nobody waits for it",
    async (_, poison, end, most) => {
      const made = bench();
      const serve = async (call: Sent): Promise<void> =>
        call.ids[0] === numbered(1).id ? poison(call) : call.answer(ACCEPTED);
      made.delivery.offer(numbered(1));
      for (let second = 0; second < 1500; second += 5) {
        made.delivery.offer(numbered(100 + second));
        await made.serve(5000, serve);
        expect(made.settled).toContain(`${100 + second}: delivered`);
      }

      const tries = made.transport.history.filter(({ id }) => id === numbered(1).id).length;
      expect(made.settled).toContain(end);
      // Silence is blamed on an event only when others were answered meanwhile; what it is asked before is the line.
      expect(tries).toBeLessThanOrEqual(most);
    },
  );

  test("a dead line uses up nobody's tries, is asked about once a second, and is given up by age", async () => {
    const made = bench({ maxAgeMs: 3_600_000 });
    for (const number of [1, 2, 3]) made.delivery.offer(numbered(number));
    await made.serve(3_599_000, (call) => call.answer(NO_ANSWER));

    expect(made.settled).toEqual([]);
    expect(made.delivery.stats()).toMatchObject({ state: "down", lastError: "connect ECONNREFUSED" });
    expect(made.transport.history.length).toBeGreaterThan(3599);
    expect(made.transport.history.length).toBeLessThan(4100);

    await made.serve(3000, (call) => call.answer(NO_ANSWER));
    expect(made.settled.sort()).toEqual(["1: network_error", "2: network_error", "3: network_error"]);
  });

  test("a server that answers nothing but errors is asked once a second, and costs an event ten tries", async () => {
    const made = bench();
    for (const number of [1, 2, 3]) made.delivery.offer(numbered(number));
    await made.serve(60_000, (call) => call.answer(UNAVAILABLE));
    expect(made.settled).toEqual([]);

    await made.serve(3_600_000, (call) => call.answer(UNAVAILABLE));
    expect(made.settled.sort()).toEqual(["1: send_error", "2: send_error", "3: send_error"]);
    expect(made.transport.history).toHaveLength(30);
  });

  test("a line that is back gets everything soon, whatever delays were running", async () => {
    const made = bench();
    for (const number of [1, 2, 3]) made.delivery.offer(numbered(number));
    await made.serve(240_000, (call) => call.answer(UNAVAILABLE));
    made.delivery.offer(numbered(4));
    await made.serve(5000, (call) => call.answer(ACCEPTED));

    expect(made.settled.sort()).toEqual(["1: delivered", "2: delivered", "3: delivered", "4: delivered"]);
  });

  test("too large is shrunk and sent once more", async () => {
    const { delivery, transport, settled } = bench({
      shrink: (envelope) => ({ ...envelope, payload: "{}", bytes: 2 }),
    });
    delivery.offer(numbered(1));
    await transport.sent[0]!.answer(TOO_LARGE);

    expect(transport.sent[0]!.batch).toMatchObject([{ id: numbered(1).id, payload: "{}" }]);
    await transport.sent[0]!.answer(TOO_LARGE);
    expect(settled).toEqual(["1: send_error"]);
    expect(delivery.stats().queuedBytes).toBe(0);
  });

  test("too large without a way to shrink goes once more without attachments", async () => {
    const shrink = (): Envelope => {
      throw new Error("bug");
    };
    const { delivery, transport, settled } = bench({ shrink });
    delivery.offer(numbered(1, [{ filename: "a", data: "abc" }]));
    await transport.sent[0]!.answer(TOO_LARGE);

    expect(transport.sent[0]!.batch[0]!.attachments).toEqual([]);
    await transport.sent[0]!.answer(ACCEPTED);
    expect(settled).toEqual(["1: delivered"]);
  });

  test.each([
    ["without attachments", (): Envelope => numbered(1), 5],
    ["with a part of them", (): Envelope => numbered(1, [{ filename: "b", data: "xy" }]), 3],
    ["with all of them", (): Envelope => numbered(1, FILES), 0],
  ])("an event that goes once more %s: the others are told of in a report", async (_, shrink, quantity) => {
    const { delivery, transport, pass } = bench({ shrink });
    delivery.offer(numbered(1, FILES));
    await transport.sent[0]!.answer(TOO_LARGE);
    await transport.sent[0]!.answer(ACCEPTED);
    await pass(60_000);

    const line = { reason: "send_error", category: "attachment", quantity };
    expect(reportsIn(transport.history)).toEqual(quantity === 0 ? [] : [[line]]);
  });

  test("what stays behind of attachments is told in bytes, of texts too", async () => {
    const { delivery, transport, pass } = bench({ shrink: () => numbered(1) });
    delivery.offer(numbered(1, [{ filename: "a", data: "größer" }]));
    await transport.sent[0]!.answer(TOO_LARGE);
    await transport.sent[0]!.answer(ACCEPTED);
    await pass(60_000);

    const line = { reason: "send_error", category: "attachment", quantity: 8 };
    expect(reportsIn(transport.history)).toEqual([[line]]);
    expect(delivery.stats().queuedBytes).toBe(0);
  });

  test.each<[string, unknown]>([
    ["throws", new Error("boom")],
    ["throws nothing", undefined],
  ])("a transport that %s counts as no answer", async (_, thrown) => {
    const { delivery, transport } = bench();
    delivery.offer(numbered(1));
    await transport.sent[0]!.fail(thrown);

    expect(transport.sent[0]!.ids).toEqual([numbered(1).id]);
    expect(delivery.stats()).toMatchObject({ retries: 1, inFlight: 1 });
  });

  test("results that are missing or none count as no answer", async () => {
    const { delivery, transport, settled } = bench({}, { maxBatch: 3 });
    delivery.offer(numbered(1));
    for (const number of [2, 3, 4]) delivery.offer(numbered(number));
    await transport.sent[0]!.answer(ACCEPTED);
    await transport.sent[0]!.answerEach([ACCEPTED, { kind: "perhaps" } as never]);

    expect(settled).toEqual(["1: delivered", "2: delivered"]);
    expect(delivery.stats().retries).toBe(2);
  });

  test("a transport that never comes back loses its place, not its event", async () => {
    const { delivery, transport, settled, pass } = bench({ sendDeadlineMs: 30_000 });
    delivery.offer(numbered(1));
    const hung = transport.sent[0]!;
    await pass(30_000);
    const second = transport.sent[1]!;
    await second.answer(ACCEPTED);
    await hung.answer(ACCEPTED);

    expect(settled).toEqual(["1: delivered"]);
  });
});

describe("Delivery: how many at once", () => {
  test("two while all is well, one more for each second somebody waits, up to maxInFlight", async () => {
    const { delivery, transport, pass } = bench({}, { maxInFlight: 4 });
    for (let number = 1; number <= 10; number++) delivery.offer(numbered(number));

    expect(transport.sent).toHaveLength(2);
    await pass(1000);
    expect(transport.sent).toHaveLength(3);
    await pass(1000);
    expect(transport.sent).toHaveLength(4);
    await pass(60_000 - 2001);
    expect(transport.sent).toHaveLength(4);
  });

  test("one probe while the line fails", async () => {
    const { delivery, transport, pass } = bench({}, { maxInFlight: 8 });
    for (let number = 1; number <= 20; number++) delivery.offer(numbered(number));
    while (transport.sent.length > 1) await transport.sent[0]!.answer(NO_ANSWER);
    await transport.sent[0]!.answer(NO_ANSWER);

    for (let probes = 0; probes < 10; probes++) {
      await pass(900);
      expect(transport.sent).toHaveLength(1);
      await transport.sent[0]!.answer(NO_ANSWER);
    }
    expect(delivery.isHeldBack()).toBe(true);
  });

  test("a destination that says nothing is down before the first request has failed", async () => {
    const { delivery, transport, pass } = bench({}, { maxInFlight: 8 });
    delivery.offer(numbered(1));
    await pass(2999);
    expect(delivery.stats().state).toBe("up");
    await pass(1);
    expect(delivery.stats().state).toBe("down");

    await transport.sent[0]!.answer(ACCEPTED);
    expect(delivery.stats().state).toBe("up");
  });

  test("batches for transports that want them, but a probe travels alone", async () => {
    const { delivery, transport, pass } = bench({}, { maxBatch: 5 });
    for (let number = 0; number <= 7; number++) delivery.offer(numbered(number));
    await transport.sent[0]!.answer(ACCEPTED);
    expect(transport.sent[0]!.ids).toHaveLength(5);
    await transport.sent[0]!.answer(NO_ANSWER);

    await pass(1000);
    expect(transport.sent[0]!.ids).toHaveLength(1);
  });
});

describe("Delivery: rate limits", () => {
  test("nothing of the category leaves before its time", async () => {
    const { delivery, transport, pass } = bench();
    delivery.offer(numbered(1));
    await transport.sent[0]!.answer(limited("error", 120_000));
    delivery.offer(numbered(2));
    await pass(119_999);

    expect(transport.sent).toEqual([]);
    expect(delivery.stats()).toMatchObject({ state: "limited", queued: 2 });
    expect(delivery.isHeldBack()).toBe(true);

    await pass(1);
    while (transport.sent[0] !== undefined) await transport.sent[0].answer(ACCEPTED);
    expect(delivery.stats()).toMatchObject({ state: "up", delivered: 2 });
  });

  test("a limit on something else holds nothing", async () => {
    const { delivery, transport, settled } = bench();
    delivery.offer(numbered(1));
    await transport.sent[0]!.answer({
      kind: "accepted",
      limits: [{ category: "session", durationMs: 60_000 }],
    });
    delivery.offer(numbered(2));
    await transport.sent[0]!.answer(ACCEPTED);

    expect(settled).toHaveLength(2);
    expect(delivery.stats().state).toBe("up");
  });

  test("a limit on attachments lets the event go without them, and counts the bytes", async () => {
    const { delivery, transport } = bench();
    delivery.offer(numbered(1));
    await transport.sent[0]!.answer({
      kind: "accepted",
      limits: [{ category: "attachment", durationMs: 60_000 }],
    });
    delivery.offer(numbered(2, [{ filename: "a", data: "12345" }]));

    expect(transport.sent[0]!.batch[0]!.attachments).toEqual([]);
    await transport.sent[0]!.answer(ACCEPTED);
    const flushed = delivery.flush(1000);
    await settle();
    await transport.sent[0]!.answer(ACCEPTED);
    await flushed;
    expect(reportsIn(transport.history)).toEqual([
      [{ reason: "ratelimit_backoff", category: "attachment", quantity: 5 }],
    ]);
  });

  test("what grows too old under a limit was lost to it, and is not reported when the server counted it", async () => {
    const { delivery, transport, settled, pass } = bench({ maxAgeMs: 60_000 });
    delivery.offer(numbered(1));
    await transport.sent[0]!.answer(limited("all", 90_000));
    delivery.offer(numbered(2, [], 7));
    await pass(61_000);

    expect(settled).toEqual(["1: ratelimit_backoff", "2: ratelimit_backoff"]);
    await pass(60_000);
    expect(reportsIn(transport.history)).toEqual([
      [{ reason: "ratelimit_backoff", category: "error", quantity: 7 }],
    ]);
  });
});

describe("Delivery: client reports", () => {
  test("go once a minute, whatever is counted, and add up", async () => {
    const { delivery, transport, pass } = bench();
    for (let count = 0; count < 1000; count++) delivery.recordDiscard("sample_rate", "error", 1);
    delivery.recordDiscard("before_send", "error", 3);
    await pass(59_999);
    expect(transport.history).toEqual([]);

    await pass(1);
    expect(reportsIn(transport.history)).toEqual([
      [
        { reason: "sample_rate", category: "error", quantity: 1000 },
        { reason: "before_send", category: "error", quantity: 3 },
      ],
    ]);
  });

  test("that get lost give their counts back, and are not tried again by themselves", async () => {
    const { delivery, transport, pass } = bench();
    delivery.recordDiscard("sample_rate", "error", 2);
    await pass(60_000);
    delivery.recordDiscard("sample_rate", "error", 3);
    await transport.sent[0]!.answer(NO_ANSWER);
    await pass(59_000);
    expect(transport.sent).toEqual([]);

    await pass(1000);
    expect(reportsIn(transport.history)[1]).toEqual([
      { reason: "sample_rate", category: "error", quantity: 5 },
    ]);
  });

  test("that a server does not know are forgotten", async () => {
    const { delivery, transport, pass } = bench();
    delivery.recordDiscard("sample_rate", "error", 2);
    await pass(60_000);
    await transport.sent[0]!.answer({ kind: "refused", reason: "send_error", detail: "501 Not Implemented" });
    await pass(600_000);

    expect(transport.history).toHaveLength(1);
    expect(delivery.stats()).toMatchObject({ delivered: 0 });
    expect(delivery.stats().dropped).toEqual({});
  });

  test("never grow beyond 4 KiB, nor with categories that are none", async () => {
    const { delivery, transport, pass } = bench();
    for (let count = 0; count < 5000; count++)
      delivery.recordDiscard("sample_rate", `category_${"x".repeat(count % 30)}`, 1e9);
    for (let count = 0; count < 26 ** 2; count++) {
      const category = String.fromCharCode(97 + (count % 26), 97 + Math.floor(count / 26)).repeat(12);
      delivery.recordDiscard("ratelimit_backoff", category, 1e12);
    }
    await pass(60_000);

    expect(Buffer.byteLength(transport.history[0]!.payload)).toBeLessThanOrEqual(4096);
  });

  test("are off with reports: false", async () => {
    const { delivery, transport, pass } = bench({ reports: false });
    delivery.recordDiscard("sample_rate", "error", 1);
    await pass(120_000);

    expect(transport.history).toEqual([]);
    expect(await delivery.flush(10)).toBe(true);
  });

  test("do not go while the line is down or everything is limited", async () => {
    const { delivery, transport, pass } = bench();
    delivery.offer(numbered(1));
    await transport.sent[0]!.answer(limited("all", 3_000_000));
    delivery.recordDiscard("sample_rate", "error", 1);
    await pass(600_000);

    expect(transport.history).toHaveLength(1);
  });
});

describe("Delivery.flush()", () => {
  test("is true at once when there is nothing", async () => {
    const { delivery, clock } = bench();

    expect(await delivery.flush(1000)).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("hurries what backs off, waits for what is under way, and tells what was dropped", async () => {
    const { delivery, transport } = bench();
    delivery.offer(numbered(1));
    await transport.sent[0]!.answer(UNAVAILABLE);
    delivery.recordDiscard("before_send", "error", 1);
    let flushed: boolean | undefined;
    void delivery.flush(1000).then((result) => {
      flushed = result;
    });
    await transport.sent[0]!.answer(ACCEPTED);
    expect(flushed).toBeUndefined();

    await transport.sent[0]!.answer(ACCEPTED);
    expect(flushed).toBe(true);
    expect(reportsIn(transport.history)).toHaveLength(1);
  });

  test.each([1000, 0, -1, Number.NaN])("is false after %d ms with something left", async (timeoutMs) => {
    const { delivery, pass } = bench();
    delivery.offer(numbered(1));
    const flushed = delivery.flush(timeoutMs);
    await pass(1000);

    expect(await flushed).toBe(false);
    expect(delivery.stats().inFlight).toBe(1);
  });
});

describe("Delivery.close()", () => {
  test("drops what is left when the time is over, and takes nothing more", async () => {
    const closed: number[] = [];
    const { delivery, transport, settled, clock, pass } = bench(
      {},
      { close: async (ms) => void closed.push(ms) },
    );
    delivery.offer(numbered(1));
    delivery.offer(numbered(2));
    const closing = delivery.close(1000);
    await pass(1000);

    expect(await closing).toBe(false);
    expect(settled).toEqual(["1: network_error", "2: network_error"]);
    expect(closed).toEqual([0]);
    expect(delivery.offer(numbered(3))).toBe(false);
    expect(delivery.stats()).toMatchObject({ state: "closed", queued: 0, inFlight: 0, queuedBytes: 0 });

    await transport.sent[0]!.answer(ACCEPTED);
    expect(settled).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  test("called twice closes once", async () => {
    let closed = 0;
    const { delivery } = bench({}, { close: async () => void closed++ });

    expect(await Promise.all([delivery.close(10), delivery.close(10)])).toEqual([true, true]);
    expect(closed).toBe(1);
  });

  test.each<[string, () => Promise<void>]>([
    ["hangs", () => new Promise(() => undefined)],
    ["fails", () => Promise.reject(new Error("boom"))],
  ])("ends in time with a transport whose close %s", async (_, close) => {
    const { delivery, pass } = bench({}, { close });
    const closing = delivery.close(500);
    await settle();
    await pass(500);

    expect(await closing).toBe(true);
  });
});

describe("Delivery.sendSync()", () => {
  test("hands over what is queued and under way, and settles what is told", async () => {
    const handed: string[] = [];
    const { delivery, transport, settled } = bench(
      {},
      {
        sendSync: (batch) => {
          handed.push(...batch.map(({ id }) => `${Number(id)}`));
          return [ACCEPTED, REFUSED, NO_ANSWER];
        },
      },
    );
    for (const number of [1, 2, 3, 4]) delivery.offer(numbered(number));
    delivery.sendSync(100);

    expect(handed).toEqual(["1", "2", "3", "4"]);
    expect(settled).toEqual(["1: delivered", "2: send_error"]);
    expect(delivery.stats()).toMatchObject({ queued: 2, inFlight: 0 });

    await transport.sent[0]!.answer(ACCEPTED);
    expect(settled.filter((line) => line.startsWith("1"))).toHaveLength(1);
  });

  test.each<[string, Transport["sendSync"]]>([
    ["has none", undefined],
    [
      "throws",
      () => {
        throw new Error("boom");
      },
    ],
    ["cannot know", () => undefined],
  ])("keeps everything with a transport that %s", (_, sendSync) => {
    const { delivery } = bench({}, { sendSync });
    delivery.offer(numbered(1));
    delivery.offer(numbered(2));
    delivery.sendSync(100);

    expect(delivery.stats()).toMatchObject({ queued: 1, inFlight: 1 });
  });
});

describe("Delivery: what a spool holds", () => {
  const onDisk: SpoolView = { holds: () => true, finish: () => undefined };

  test("tries for hours what a server that takes nothing answers, once a minute at least", async () => {
    const { delivery, serve, settled, transport } = bench({ spool: onDisk, maxAgeMs: 24 * 3_600_000 });
    delivery.offer(numbered(1));
    await serve(2 * 3_600_000, (call) => call.answer(UNAVAILABLE));
    const tries = transport.history.length;
    await serve(60_000, (call) => call.answer(ACCEPTED));

    expect(tries).toBeGreaterThanOrEqual(120);
    expect(settled).toEqual(["1: delivered"]);
  });

  test("gives up what fails while others are taken", async () => {
    const { delivery, serve, settled } = bench({ spool: onDisk });
    let next = 2;
    delivery.offer(numbered(1));
    await serve(600_000, async (call) => {
      const isPoison = call.batch.some(({ id }) => Number(id) === 1);
      if (isPoison && next < 50) delivery.offer(numbered(next++));
      await call.answer(isPoison ? UNAVAILABLE : ACCEPTED);
    });

    expect(settled).toContain("1: send_error");
    expect(settled.filter((line) => line.endsWith("delivered")).length).toBe(settled.length - 1);
  });

  test("leaves what it could not send to the spool when it closes, uncounted", async () => {
    const { delivery, settled, clock } = bench({ spool: { ...onDisk, holds: ({ id }) => Number(id) === 1 } });
    delivery.offer(numbered(1));
    delivery.offer(numbered(2));
    const closing = delivery.close(100);
    clock.advance(100);
    await closing;

    expect(settled).toEqual(["1: kept", "2: network_error"]);
    expect(delivery.stats().dropped).toEqual({ network_error: 1 });
  });

  test("has the event itself written down once it is not delivered at once", async () => {
    const written: number[] = [];
    const finish = ({ id }: Envelope): void => void written.push(Number(id));
    const { delivery, transport, pass, clock } = bench({ spool: { ...onDisk, finish } });
    for (const number of [1, 2, 3]) delivery.offer(numbered(number));
    await transport.sent[0]!.answer(ACCEPTED);
    await transport.sent[0]!.answer(UNAVAILABLE);
    await pass(1000);
    await transport.sent[0]?.answer(UNAVAILABLE);
    const closing = delivery.close(0);
    clock.advance(1);
    await closing;

    expect(written).toEqual([2, 3]);
  });
});
