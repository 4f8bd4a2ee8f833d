/** Measures the process it runs in. */
import { monitorEventLoopDelay } from "node:perf_hooks";

const SAMPLE_MS = 50;

/** CPU time of this process, user and system, in milliseconds. */
export function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Bytes of live heap, after collection; needs `--expose-gc`. */
export function liveHeap() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Watches how far resident memory rises above where it is now, and how long the loop is held. */
export function watch() {
  const base = process.memoryUsage.rss();
  let peak = base;
  const sample = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const timer = setInterval(sample, SAMPLE_MS);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const cpu = cpuMs();
  const from = performance.now();

  return {
    read() {
      sample();
      return {
        rssGrowth: peak - base,
        longestHoldMs: delay.max / 1e6,
        meanDelayMs: delay.mean / 1e6,
        cpuMs: cpuMs() - cpu,
        wallMs: performance.now() - from,
      };
    },
    stop() {
      clearInterval(timer);
      delay.disable();
      return this.read();
    },
  };
}
