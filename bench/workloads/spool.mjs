/**
 * A process in which Corvid captures with a spool or without, or drains what another left.
 */
import { openSync, readSync } from "node:fs";
import { PerformanceObserver } from "node:perf_hooks";
import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import * as corvid from "@corvid/core";
import { fileSpool } from "@corvid/core/spool";
import { serve } from "../harness/serve.mjs";
import { failure, word } from "./failures.mjs";
import "./loopback.mjs";

const CRUMBS = 20;
const HEADERS = Object.fromEntries([
  ["host", "shop.example"],
  [
    "user-agent",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
  ],
  ["accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"],
  ["accept-language", "en-US,en;q=0.5"],
  ["accept-encoding", "gzip, deflate, br"],
  ["connection", "keep-alive"],
  ["cookie", "session=not-a-real-one; theme=dark"],
  ["x-request-id", "7d1f2a"],
  ["x-forwarded-for", "10.0.0.1"],
  ["x-forwarded-proto", "https"],
  ["cache-control", "no-cache"],
  ["pragma", "no-cache"],
  ["dnt", "1"],
  ["referer", "https://shop.example/cart"],
  ["origin", "https://shop.example"],
  ["sec-fetch-mode", "navigate"],
]);

let client;
let captured = 0;

serve({
  /** Starts Corvid, with a spool in `dir` or without one. */
  start({ port, dir }) {
    client = corvid.init({
      dsn: `http://benchkey@127.0.0.1:${port}/1`,
      spool: dir === undefined ? false : fileSpool({ dir }),
    });
  },

  /**
   * Captures `count` errors, each in a scope that is `empty` or that of a `request`, `atATime` of them in a row, then
   * nothing for `everyMs`.
   *
   * @returns microseconds the caller spent in each capture: median and 99th percentile
   */
  async capture({ scope, count, atATime, everyMs }) {
    const spent = new Float64Array(count);
    for (let n = 0; n < count; n += 1) {
      spent[n] = scope === "empty" ? one() : corvid.withRequestScope(oneInRequest);
      if (n % atATime === atATime - 1) await wait(everyMs);
    }
    return percentiles(spent);
  },

  /** Captures `count` equal errors in one turn. @returns microseconds the caller spent in each: median and 99th percentile */
  storm(count) {
    const spent = Float64Array.from({ length: count }, () => timed(failure("storm")));
    return percentiles(spent);
  },

  /** Captures errors of about 3 kB each until `bytes` are on their way, and lets no turn of the loop pass that sends. */
  async fill(bytes) {
    const note = "lorem ipsum dolor sit amet ".repeat(100);
    for (let sum = 0; sum < bytes; sum += note.length) {
      captured += 1;
      corvid.captureException(failure(word(captured, "spooled")), { extra: { note } });
      if (captured % 100 === 0) await nextTurn();
    }
    return captured;
  },

  /**
   * Watches the loop until `count` events are delivered: how long each turn held it. That is the clock's time less what
   * the thread waited for a processor, or the processor time of the process if it is less: what other processes take of
   * the machine is not in it.
   */
  async drain(count) {
    const turns = createTurns();
    let hasBegun = false;
    let { delivered } = client.stats();
    while (delivered < count && turns.tookMs < 100_000) {
      await turns.next();
      ({ delivered } = client.stats());
      if (!hasBegun && delivered > 0) {
        hasBegun = true;
        turns.mark();
      }
    }
    // Among the delivered is one that tells of the process that was killed.
    await client.flush(10_000);
    return turns.figures();
  },

  /** Sends all that was left by others. */
  async drainAll() {
    const from = performance.now();
    const { captured: before } = client.stats();
    // What was taken over is among the captured from then on.
    while (client.stats().captured === before && performance.now() - from < 30_000) await wait(10);
    return client.flush(30_000);
  },

  /** Watches the loop while nothing at all is done, until {@link rested} is asked for. */
  rest() {
    resting = watchAtRest();
  },

  async rested() {
    isResting = false;
    return resting;
  },
});

let resting;
let isResting = false;

async function watchAtRest() {
  isResting = true;
  const turns = createTurns();
  while (isResting) await turns.next();
  return turns.figures();
}

/** Turns that took less are only counted, in steps of 10 µs: watching must leave little to be collected. */
const LONG_MS = 2;
const STEPS_PER_MS = 100;

function createTurns() {
  const steps = new Uint32Array(20 * STEPS_PER_MS);
  const collections = watchCollections();
  const waitedMs = createWaitClock();
  const from = performance.now();
  let long = [];
  let beginning = [];
  let last = from;
  let waited = waitedMs();
  let used = process.cpuUsage();
  let count = 0;
  return {
    tookMs: 0,
    async next() {
      await nextTurn();
      const now = performance.now();
      const more = process.cpuUsage();
      const waitedNow = waitedMs();
      const byClock = now - last;
      const usedMs = (more.user - used.user + more.system - used.system) / 1000;
      const held = Math.min(byClock - (waitedNow - waited), usedMs);
      if (byClock > LONG_MS) long.push({ from: last, until: now, held });
      last = now;
      used = more;
      waited = waitedNow;
      this.tookMs = now - from;
      count += 1;
      steps[Math.min(steps.length - 1, Math.floor(held * STEPS_PER_MS))] += 1;
    },
    /** What was so far was the beginning, told of by itself. */
    mark() {
      beginning = long;
      long = [];
    },
    async figures() {
      const collected = await collections.end();
      let above = count * 0.001;
      let step = steps.length - 1;
      for (; step > 0 && above >= steps[step]; step -= 1) above -= steps[step];
      return {
        tookMs: this.tookMs,
        p999Ms: (step + 1) / STEPS_PER_MS,
        beginningMs: longest(beginning, ({ held }) => held),
        longestMs: longest(long, ({ held }) => held),
        ownMs: longest(long, (turn) => turn.held - within(turn, collected)),
        byClockMs: longest(long, (turn) => turn.until - turn.from),
      };
    },
  };
}

/** Tells for how many milliseconds this thread has had to wait for a processor: where Linux says so, else 0. */
function createWaitClock() {
  const text = Buffer.alloc(128);
  try {
    const file = openSync("/proc/thread-self/schedstat");
    return () => Number(text.latin1Slice(0, readSync(file, text, 0, text.length, 0)).split(" ")[1]) / 1e6;
  } catch {
    return () => 0;
  }
}

function watchCollections() {
  const seen = [];
  const observer = new PerformanceObserver((list) => seen.push(...list.getEntries()));
  observer.observe({ entryTypes: ["gc"] });
  return {
    async end() {
      await wait(20);
      observer.disconnect();
      return seen;
    },
  };
}

/** Milliseconds that the engine collected garbage in a turn. */
function within({ from, until }, collected) {
  return collected
    .filter(({ startTime }) => startTime >= from && startTime < until)
    .reduce((sum, { duration }) => sum + duration, 0);
}

function longest(turns, lengthOf) {
  return turns.reduce((most, turn) => Math.max(most, lengthOf(turn)), 0);
}

function one() {
  captured += 1;
  return timed(failure(word(captured, "case")));
}

function timed(error) {
  const from = process.hrtime.bigint();
  corvid.captureException(error);
  return Number(process.hrtime.bigint() - from) / 1000;
}

function percentiles(spent) {
  spent.sort();
  return { medianUs: spent[Math.floor(spent.length / 2)], p99Us: spent[Math.floor(spent.length * 0.99)] };
}

function oneInRequest() {
  const scope = corvid.getScope();
  for (let n = 0; n < CRUMBS; n += 1)
    scope.addBreadcrumb({
      category: "http",
      type: "http",
      message: `GET /items/${n}`,
      data: { method: "GET", url: `http://stock.example/items/${n}`, status_code: 200 },
    });
  scope.setRequest(() => ({
    request: {
      method: "GET",
      url: "https://shop.example/cart",
      query_string: "page=2",
      headers: { ...HEADERS },
    },
    transaction: "GET /cart",
  }));
  return one();
}
