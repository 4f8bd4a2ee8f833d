/**
 * A process in which Corvid captures with a spool or without, or drains what another left.
 */
import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import * as corvid from "@corvid/core";
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
    client = corvid.init({ dsn: `http://benchkey@127.0.0.1:${port}/1`, spool: dir ?? false });
  },

  /**
   * Captures `count` errors, each in a scope that is `empty` or that of a `request`, one every `everyMs`.
   *
   * @returns microseconds the caller spent in each capture: median and 99th percentile
   */
  async capture({ scope, count, everyMs }) {
    const spent = new Float64Array(count);
    for (let n = 0; n < count; n += 1) {
      spent[n] = scope === "empty" ? one() : corvid.withRequestScope(oneInRequest);
      await wait(everyMs);
    }
    spent.sort();
    return { medianUs: spent[Math.floor(count / 2)], p99Us: spent[Math.floor(count * 0.99)] };
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

  /** Watches the loop until nothing waits any more. @returns milliseconds: the longest hold, its percentiles, all of it */
  async drain(count) {
    const holds = [];
    const from = performance.now();
    let last = from;
    while (client.stats().delivered < count && performance.now() - from < 100_000) {
      await nextTurn();
      const now = performance.now();
      holds.push(now - last);
      last = now;
    }
    holds.sort((a, b) => a - b);
    const at = (share) => holds[Math.min(holds.length - 1, Math.floor(holds.length * share))];
    return {
      longestMs: holds.at(-1),
      p999Ms: at(0.999),
      tookMs: performance.now() - from,
      stats: client.stats(),
    };
  },
});

function one() {
  captured += 1;
  const error = failure(word(captured, "case"));
  const from = process.hrtime.bigint();
  corvid.captureException(error);
  return Number(process.hrtime.bigint() - from) / 1000;
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
