/** A process in which Corvid is given heavy values; its destination accepts everything at once, so no network counts. */
import { setImmediate as nextTurn } from "node:timers/promises";
import * as corvid from "@corvid/core";
import { Bench } from "tinybench";
import { serve } from "../harness/serve.mjs";
import { failure, word } from "./failures.mjs";
import { liveHeap } from "./gauge.mjs";

const SDK = { name: "bench", version: "0.0.0" };
const sent = [];
let lastFailure = 0;

corvid.init({
  dsn: false,
  once: false,
  transport: {
    name: "accepting",
    maxBatch: 100,
    async send(batch) {
      sent.push(...batch);
      return batch.map(() => ({ kind: "accepted" }));
    },
  },
});

const HEAVY = {
  "a typical event": () => [distinct(), { extra: typicalExtra() }],
  "an object of 200,000 keys": () => [distinct(), { extra: { wide: wide(200_000) } }],
  "a text of 5 MB": () => [distinct(), { extra: { text: "lorem ipsum ".repeat(436_907) } }],
  "a message of 5 MB": () => [new Error(`case ${nextWord()} failed ${"password=hunter2 ".repeat(308_405)}`)],
  "an object 20,000 levels deep": () => [distinct(), { extra: { deep: deep(20_000) } }],
  "a stack of 20,000 lines": () => [withStack(20_000)],
};

serve({
  names: () => Object.keys(HEAVY),

  /** Captures one heavy value: the caller's time, and the longest hold of the loop until the event has left. */
  async heavy(name) {
    await nextTurn();
    const given = HEAVY[name]();
    const heap = liveHeap();
    const from = performance.now();
    corvid.captureException(...given);
    const callerMs = performance.now() - from;
    const longestHoldMs = await longestHold(corvid.flush(20_000));
    const bytes = sent.length === 0 ? Number.NaN : corvid.encodeEnvelope(sent.at(-1), SDK, Date.now()).length;
    sent.length = 0;
    given.length = 0;
    return { callerMs, longestHoldMs, bytes, heapGrowth: liveHeap() - heap };
  },

  /** A measure of the machine: milliseconds to list the keys of the wide object, `times` over. */
  listKeys(times) {
    return Array.from({ length: times }, () => {
      const object = wide(200_000);
      const from = performance.now();
      Object.keys(object);
      return performance.now() - from;
    });
  },

  /** The parts of the typical event's way, by tinybench. */
  async parts(timeMs) {
    corvid.captureException(distinct(), { extra: typicalExtra() });
    await corvid.flush();
    const [envelope] = sent;
    const event = corvid.eventOf(envelope);
    const extra = typicalExtra();
    const bench = new Bench({ time: timeMs });
    bench
      .add("capture to accepted: snapshot, frames, normalise, scrub", async () => {
        corvid.captureException(distinct(), { extra });
        await corvid.flush();
        sent.length = 0;
      })
      .add("scrub the typical event", () => corvid.previewScrub(event))
      .add("encode its envelope", () => corvid.encodeEnvelope(envelope, SDK, Date.now()))
      .add("parse a DSN", () => corvid.parseDsn("https://key@errors.example.com/9"));
    await bench.run();
    return bench.tasks.map(({ name, result }) => ({
      name,
      medianUs: result.latency.p50 * 1000,
      p99Us: result.latency.p99 * 1000,
    }));
  },
});

async function longestHold(done) {
  let isDone = false;
  let longest = 0;
  let last = performance.now();
  done.then(() => {
    isDone = true;
  });
  while (!isDone) {
    await nextTurn();
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
}

function nextWord() {
  lastFailure += 1;
  return word(lastFailure, "value");
}

function distinct() {
  return failure(nextWord());
}

function typicalExtra() {
  return {
    order: {
      id: 41,
      lines: [
        { sku: "a-1", count: 2 },
        { sku: "b-7", count: 1 },
      ],
      note: "leave at the door",
    },
    user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    headers: { accept: "application/json", authorization: "Bearer not-a-real-token" },
    attempts: 3,
    when: new Date(0),
  };
}

function wide(keys) {
  return Object.fromEntries(Array.from({ length: keys }, (_, n) => [`key${n}`, `value ${n}`]));
}

function deep(levels) {
  let value = {};
  for (let level = 0; level < levels; level += 1) value = { level, value };
  return value;
}

function withStack(lines) {
  const error = distinct();
  error.stack = `${error.name}: ${error.message}\n${Array.from({ length: lines }, (_, n) => `    at step${n} (/srv/app/step.js:${n + 1}:7)`).join("\n")}`;
  return error;
}
