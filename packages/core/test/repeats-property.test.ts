import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Event } from "../src/model/event.js";
import type { RecordingTransport } from "../src/testing.js";
import { eventOf } from "../src/transport/envelope.js";
import type { SendResult, Transport } from "../src/transport/transport.js";
import { createTestBench, expectBalance } from "./support/client.js";
import { createTestClock, type TestClock } from "./support/clock.js";
import { Application, type Step, steps, type Told } from "./support/storm.js";

const WINDOW_MS = 60_000;
const FULL = 3;

interface Run {
  /** All captures, in order. */
  readonly told: readonly Told[];
  /** Before which of them everything was told. */
  readonly flushedAt: readonly number[];
  readonly events: readonly Event[];
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** The live errors that hooks were shown, by event. */
  readonly shown: ReadonlyMap<string, unknown>;
  /** What integrations were told of, by key. */
  readonly announced: ReadonlyMap<string, number>;
  readonly stats: ReturnType<ReturnType<typeof createTestBench>["client"]["stats"]>;
}

interface Bounds {
  readonly keys?: number;
  readonly queueSize?: number;
  readonly queueBytes?: number;
  readonly transport?: Transport;
}

/** Runs a script to its end. @param hooks - the application has some, which are owed the live error */
async function run(script: readonly Step[], hooks: boolean, bounds: Bounds = {}): Promise<Run> {
  const shown = new Map<string, unknown>();
  const announced = new Map<string, number>();
  const clock = createTestClock();
  const { keys = 1000, ...more } = bounds;
  const bench = createTestBench(
    {
      once: { full: FULL, windowMs: WINDOW_MS, keys },
      integrations: [
        { name: "counter", onCapture: ({ key }) => void announced.set(key, (announced.get(key) ?? 0) + 1) },
      ],
      ...(hooks
        ? {
            beforeSend: (event, { originalException }) => {
              shown.set(event.event_id, originalException);
              return event;
            },
          }
        : {}),
      ...more,
    },
    { clock },
  );
  const { client } = bench;
  const transport = (bounds.transport ?? bench.transport) as RecordingTransport;
  const application = new Application(client, clock);
  const flushedAt: number[] = [];
  for (const step of script) {
    if (step.do === "flush") {
      flushedAt.push(application.told.length);
      await settle(clock, client.flush(500));
    } else if (step.do === "turn") await turn();
    else if (bounds.transport !== undefined && (step.do === "advance" || step.do === "sleep"))
      await pass(clock, step);
    else application.do(step);
    expectBalance(client);
  }
  await settle(clock, client.close(4_000_000));
  expectBalance(client);
  const { told } = application;
  const files = new Map(
    transport.envelopes.map(({ id, attachments }) => [id, attachments.map(({ filename }) => filename)]),
  );
  return { told, flushedAt, events: transport.events, files, shown, announced, stats: client.stats() };
}

/** Captures by the id they were given, those merged into another one left out. */
function groupsOf(told: readonly Told[]): Map<string, Told[]> {
  const groups = new Map<string, Told[]>();
  for (const capture of told) {
    if (capture.mergedInto !== undefined) {
      expect(capture.id).toBe(capture.mergedInto);
      continue;
    }
    groups.set(capture.id, [...(groups.get(capture.id) ?? []), capture]);
  }
  return groups;
}

/** Checks all that an event says of the captures it stands for: the last of them, in full, and the count of all. */
function expectToTell(event: Event, captures: readonly Told[], run: Run): void {
  const last = captures.at(-1)!;
  // What is known of another one of them is not for this event: it may be of another request.
  const isSeenAgain = run.told.some(
    ({ mergedInto, original }) => mergedInto === event.event_id && original === last.original,
  );
  const repeats = event.contexts?.["repeats"];
  const tags = captures.length > 1 ? { ...last.tags, repeats: `${captures.length}` } : last.tags;
  const { trace: _trace, repeats: _repeats, ...contexts } = event.contexts ?? {};

  expect(new Set(captures.map(({ kind }) => kind)).size).toBe(1);
  expect(event.timestamp).toBeCloseTo(last.at / 1000, 6);
  expect(event.exception?.values.at(-1)).toMatchObject({ type: last.type, value: last.value });
  expect(event.breadcrumbs?.map(({ message }) => message) ?? []).toEqual(last.crumbs);
  expect(contexts[last.type]).toEqual(last.code === undefined ? undefined : { code: last.code });
  if (isSeenAgain) {
    // Later sightings add what the first did not have, if they come in time; they take nothing away.
    expect(event.tags).toMatchObject(tags);
    expect(event.extra ?? {}).toMatchObject(last.extra);
    if (last.user !== undefined) expect(event.user).toEqual({ id: last.user });
    if (last.transaction !== undefined) expect(event.transaction).toBe(last.transaction);
  } else {
    expect(event.tags ?? {}).toEqual(tags);
    expect(event.extra ?? {}).toEqual(last.extra);
    expect(event.user).toEqual(last.user === undefined ? undefined : { id: last.user });
    expect(event.transaction).toBe(last.transaction);
    expect(event.level).toBe(last.level ?? "error");
    expect(event.request?.url).toBe(last.url);
    expect(run.files.get(event.event_id)).toEqual(last.files);
  }
  if (run.shown.size > 0) expect(run.shown.get(event.event_id)).toBe(last.original);
  if (captures.length === 1) expect(repeats).toBeUndefined();
  else
    expect(repeats).toEqual({
      count: captures.length,
      first_seen: new Date(captures[0]!.at).toISOString(),
      last_seen: new Date(last.at).toISOString(),
      ...tallyOf("users", captures, "user"),
      ...tallyOf("transactions", captures, "transaction"),
      servers: { "web-1": captures.length },
    });
}

/** The first ten different ones with their counts, and how many had another one. */
function tallyOf(name: string, captures: readonly Told[], field: "user" | "transaction"): object {
  const counts = new Map<string, number>();
  for (const { [field]: value } of captures) {
    if (value === undefined) continue;
    const key = counts.has(value) || counts.size < 10 ? value : "…";
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts.size === 0 ? {} : { [name]: Object.fromEntries(counts) };
}

/** What goes in full and what is counted together, when nothing is in the way: sizes of events by kind, in order. */
function expectedSizes(told: readonly Told[], flushedAt: readonly number[]): object {
  const kinds = new Map<
    string,
    { opened: number; sent: number; folded: number; next: number; held: number }
  >();
  const sizes = new Map<string, number[]>();
  const close = (kind: string): void => {
    const known = kinds.get(kind)!;
    if (known.held > 0) sizes.get(kind)!.push(known.held);
    known.held = 0;
  };
  for (const [index, { kind, monotonic, mergedInto, isSampledOut }] of told.entries()) {
    if (flushedAt.includes(index)) for (const known of kinds.keys()) close(known);
    if (mergedInto !== undefined || isSampledOut) continue;
    if (!sizes.has(kind)) sizes.set(kind, []);
    const open = kinds.get(kind);
    if (open === undefined || monotonic - open.opened >= WINDOW_MS) {
      if (open !== undefined) close(kind);
      kinds.set(kind, { opened: monotonic, sent: 1, folded: 0, next: 10, held: 0 });
      sizes.get(kind)!.push(1);
    } else if (open.sent < FULL) {
      open.sent++;
      sizes.get(kind)!.push(1);
    } else {
      open.folded++;
      open.held++;
      if (open.folded === open.next) {
        close(kind);
        open.next *= 10;
      }
    }
  }
  for (const kind of kinds.keys()) close(kind);
  return Object.fromEntries(sizes);
}

describe("a storm", () => {
  test.each([
    ["without hooks", false],
    ["with hooks", true],
  ])(
    "%s tells of each kind exactly how often, since when, for whom, and all of the last one",
    async (_, hooks) => {
      await fc.assert(
        fc.asyncProperty(steps, async (script) => {
          const result = await run(script, hooks);
          const { told, flushedAt, events, stats } = result;
          const groups = groupsOf(told);

          for (const event of events) expectToTell(event, groups.get(event.event_id) ?? [], result);
          const arrived = new Set(events.map(({ event_id }) => event_id));
          expect(arrived.size).toBe(events.length);
          const unwanted = told.filter(({ isSampledOut }) => isSampledOut);
          expect([...groups.keys()].filter((id) => !arrived.has(id))).toEqual(unwanted.map(({ id }) => id));

          const sizes: Record<string, number[]> = {};
          for (const [id, captures] of groups)
            if (arrived.has(id)) addTo(sizes, captures[0]!.kind, captures.length);
          expect(sizes).toEqual(expectedSizes(told, flushedAt));

          const merged = told.filter(({ mergedInto }) => mergedInto !== undefined).length;
          const dropped = unwanted.length === 0 ? {} : { sample_rate: unwanted.length };
          expect(stats).toMatchObject({ captured: told.length, merged, delivered: events.length });
          expect(stats.dropped).toEqual(dropped);
          const failures: Record<string, number[]> = {};
          for (const { kind, mergedInto } of told) if (mergedInto === undefined) addTo(failures, kind, 1);
          expect([...result.announced.values()].toSorted()).toEqual(
            Object.values(failures).map(sum).toSorted(),
          );
          expectTraces(result, groups);
        }),
        { numRuns: 150 },
      );
    },
  );

  test("accounts for each kind through full queues, few places, and answers of all sorts", async () => {
    const answer = fc.constantFrom<SendResult["kind"]>("accepted", "accepted", "retry", "refused");
    const bounds = fc.record({
      keys: fc.integer({ min: 1, max: 8 }),
      queueSize: fc.integer({ min: 1, max: 12 }),
      queueBytes: fc.constantFrom(1 << 24, 40_000, 12_000),
    });
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.array(answer, { maxLength: 40 }),
        bounds,
        fc.boolean(),
        async (script, answers, limits, hooks) => {
          const transport = server(answers);
          const result = await run(script, hooks, { ...limits, transport });
          const { told, events, stats } = result;
          const groups = groupsOf(told);

          for (const event of events) {
            expect(groups.has(event.event_id)).toBe(true);
            expectToTell(event, groups.get(event.event_id)!, {
              ...result,
              // Files are the first to be left behind when bytes are short.
              files: new Map([[event.event_id, groups.get(event.event_id)!.at(-1)!.files]]),
            });
          }
          const arrived = new Set(events.map(({ event_id }) => event_id));
          expect(arrived.size).toBe(events.length);
          const missing = [...groups]
            .filter(([id]) => !arrived.has(id))
            .map(([, captures]) => captures.length);
          expect(sum(missing)).toBe(sum(Object.values(stats.dropped)));
          expect(stats.queued).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });
});

/** An event belongs to the trace of the request of the last capture it stands for. */
function expectTraces({ events }: Run, groups: ReadonlyMap<string, readonly Told[]>): void {
  const requests = new Map<unknown, Set<string>>();
  for (const event of events) {
    const trace = event.contexts?.["trace"]?.["trace_id"];
    const request = groups.get(event.event_id)!.at(-1)!.request ?? "none";
    requests.set(trace, (requests.get(trace) ?? new Set()).add(request));
  }
  for (const of of requests.values()) expect([...of]).toHaveLength(1);
}

/** A server that answers as it is told, and, like one, knows an id it has seen. */
function server(
  answers: readonly SendResult["kind"][],
): Transport & Pick<RecordingTransport, "events" | "envelopes"> {
  const left = [...answers];
  const events = new Map<string, Event>();
  return {
    name: "server",
    envelopes: [],
    get events() {
      return [...events.values()];
    },
    send: async (batch) =>
      batch.map((envelope): SendResult => {
        const event = eventOf(envelope);
        const kind = event === undefined ? "accepted" : (left.shift() ?? "accepted");
        if (event !== undefined && kind === "accepted" && !events.has(event.event_id))
          events.set(event.event_id, event);
        return kind === "accepted"
          ? { kind }
          : { kind, reason: kind === "retry" ? "network_error" : "send_error" };
      }),
  };
}

function addTo(lists: Record<string, number[]>, key: string, value: number): void {
  lists[key] = [...(lists[key] ?? []), value];
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

/** Lets time pass as it does where there is a server: never so fast that its answer could not come meanwhile. */
async function pass(
  clock: TestClock,
  step: { readonly do: "advance" | "sleep"; readonly ms: number },
): Promise<void> {
  for (let left = step.ms; left > 0; left -= SLICE_MS) {
    await turn();
    await turn();
    if (step.do === "sleep") return clock.sleep(left);
    clock.advance(Math.min(left, SLICE_MS));
  }
}

const SLICE_MS = 5000;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets a promise come to its end on a clock that moves only when there is nothing else to wait for. */
async function settle(clock: TestClock, promise: Promise<unknown>): Promise<void> {
  let isDone = false;
  void promise.finally(() => {
    isDone = true;
  });
  for (let turns = 0; !isDone && turns < 500_000; turns++) {
    await turn();
    if (!isDone && turns % 20 === 19) clock.advance(10);
  }
  expect(isDone).toBe(true);
}
