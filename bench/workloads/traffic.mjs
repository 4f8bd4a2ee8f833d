/**
 * A process with one client that captures distinct errors at a given pace. Serves delivery, hung and capture.
 */
import { setTimeout as wait } from "node:timers/promises";
import { loadClient } from "../clients/client.mjs";
import { serve } from "../harness/serve.mjs";
import { failure, word } from "./failures.mjs";
import { watch } from "./gauge.mjs";
import "./loopback.mjs";

const WARM_UP = 20;

let client;
let gauge;

const answers = {
  /** Starts the client and sends a few errors, so that everything is loaded and compiled before it counts. */
  async start(name, port) {
    client = await loadClient(name);
    await client.start(port);
    for (let n = 0; n < WARM_UP; n += 1) {
      client.capture(failure(word(n, "warm")));
      await wait(10);
    }
  },

  /** Takes the measure from here on. */
  watch() {
    gauge = watch();
  },

  /**
   * Captures `count` errors, `burst` at a time, every `everyMs`.
   *
   * @returns microseconds the caller spent in each capture: median, mean and 99th percentile
   */
  async capture({ count, burst, everyMs }) {
    const spent = new Float64Array(count);
    let due = performance.now();
    for (let n = 0; n < count; n += 1) {
      const error = failure(word(n, "case"));
      const from = process.hrtime.bigint();
      client.capture(error);
      spent[n] = Number(process.hrtime.bigint() - from) / 1000;
      if (n % burst !== burst - 1) continue;
      due += everyMs;
      await wait(Math.max(0, due - performance.now()));
    }
    spent.sort();
    return {
      medianUs: spent[Math.floor(count / 2)],
      p99Us: spent[Math.floor(count * 0.99)],
      meanUs: spent.reduce((sum, us) => sum + us, 0) / count,
    };
  },

  read: () => gauge.read(),
  stop: () => gauge.stop(),
};

serve(answers, { outlives: true });
