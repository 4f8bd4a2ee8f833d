/** A process with one client in a storm: thousands of errors that are equal, or alternate, or all differ. */
import { createRequire } from "node:module";
import { setImmediate as nextTurn } from "node:timers/promises";
import { loadClient } from "../clients/client.mjs";
import { serve } from "../harness/serve.mjs";
import { failure, word } from "./failures.mjs";
import { cpuMs, liveHeap, watch } from "./gauge.mjs";
import "./loopback.mjs";

const WARM_UP = 50;

const require = createRequire(import.meta.url);

let client;

serve({
  async start(name, port) {
    client = await loadClient(name);
    await client.start(port);
    for (let n = 0; n < WARM_UP; n += 1) {
      client.capture(failure(word(n % 5, "warm")));
      await nextTurn();
    }
    await client.flush?.(5000);
  },

  /**
   * Captures `count` errors, the `n`th of which is of kind `n % kinds`, all in one turn of the loop or one per turn,
   * and waits until the client says it has sent everything.
   *
   * @param {{ count: number, kinds: number, isSpread: boolean, newcomerAt?: number }} storm - `newcomerAt`: where one
   *   error of a kind of its own comes in
   */
  async storm({ count, kinds, isSpread, newcomerAt }) {
    const words = Array.from({ length: kinds }, (_, n) => word(n, "kind"));
    const spent = new Float64Array(count);
    const heap = liveHeap();
    const gauge = watch();
    for (let n = 0; n < count; n += 1) {
      const error = failure(n === newcomerAt ? "newcomer" : words[n % kinds]);
      const from = performance.now();
      client.capture(error);
      spent[n] = performance.now() - from;
      if (isSpread) await nextTurn();
    }
    await client.flush?.(15_000);
    const { cpuMs, rssGrowth } = gauge.stop();
    const heapGrowth = liveHeap() - heap;
    return { cpuMs, rssGrowth, heapGrowth, ...callerTime(spent), stats: client.stats?.() };
  },

  /** Starts an Express application whose requests all fail with an equal error. @returns its port */
  async serveFailures() {
    const express = require("express");
    const app = express();
    const addRoutes = () =>
      app.get("/fail/:id", () => {
        throw failure(word(0, "kind"));
      });
    const mount = client.mount ?? mountByHand;
    await mount(app, addRoutes);
    app.use((_error, _request, response, _next) => void response.status(500).json({}));
    return new Promise((resolve) => {
      const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
    });
  },

  /** Waits until the client says it has sent everything. @returns {Promise<number>} CPU time so far, in milliseconds */
  async sent() {
    await client.flush?.(15_000);
    return cpuMs();
  },

  stats: () => client.stats?.(),
});

/** As an application does whose client has no middleware. */
function mountByHand(app, addRoutes) {
  addRoutes();
  app.use((error, _request, _response, next) => {
    client.capture(error);
    next(error);
  });
}

/** Of the later three quarters, when a repeat has long been known as one. */
function callerTime(spent) {
  const repeats = spent.slice(Math.floor(spent.length / 4)).sort();
  return {
    medianUs: repeats[Math.floor(repeats.length / 2)] * 1000,
    meanUs: (repeats.reduce((sum, ms) => sum + ms, 0) / repeats.length) * 1000,
  };
}
