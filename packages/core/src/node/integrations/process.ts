import { readFileSync } from "node:fs";
import os from "node:os";
import { getHeapStatistics } from "node:v8";
import type { Integration } from "../../client/integration.js";
import type { Clock } from "../../model/clock.js";
import type { Event, Json } from "../../model/event.js";
import { afterStack, systemClock } from "../clock.js";
import { LoopWatch } from "./loop-watch.js";

/** What is asked of the system for one reading. */
export interface ProcessSource {
  memory(): NodeJS.MemoryUsage;
  freeMemory(): number;
  /** Kinds of everything that keeps the process alive, one entry each. */
  resources(): readonly string[];
  uptime(): number;
}

/** What was read, as parts of contexts. */
interface Vitals {
  readonly process: Record<string, Json>;
  readonly appMemory: number;
  readonly freeMemory: number;
}

const SHORTEST_PAUSE_MS = 100;
/** Readings take at most a hundredth of the time. */
const PAUSE_PER_COST = 100;

/**
 * `Process`: how the process was at the time of the error, in `contexts.process`: memory and its limits, delay and use
 * of the event loop, what is open. Read as soon as the code that captured the failure has returned, or when its event is
 * made before that; at most every 100 ms, and more rarely where reading takes long (with thousands of open sockets).
 */
export function processIntegration(
  clock: Clock = systemClock,
  source: ProcessSource = nodeProcess,
): Integration {
  let loop: LoopWatch | undefined;
  let vitals: Vitals | undefined;
  let nextAt = Number.NEGATIVE_INFINITY;
  let limits: Record<string, Json> | undefined;
  let isDue = false;
  function read(): void {
    if (!isDue) return;
    isDue = false;
    const startedAt = clock.monotonic();
    limits ??= processLimits();
    vitals = readVitals(source, loop, limits);
    const now = clock.monotonic();
    nextAt = now + Math.max(SHORTEST_PAUSE_MS, (now - startedAt) * PAUSE_PER_COST);
  }
  return {
    name: "Process",
    setup() {
      loop = new LoopWatch(clock);
      return () => loop?.stop();
    },
    onCapture() {
      if (isDue || clock.monotonic() < nextAt) return;
      isDue = true;
      afterStack(read);
    },
    process(event, { recovered }) {
      if (recovered) return event;
      read();
      return vitals === undefined ? event : withVitals(event, vitals);
    },
  };
}

const nodeProcess: ProcessSource = {
  memory: () => process.memoryUsage(),
  freeMemory: () => os.freemem(),
  resources: () => process.getActiveResourcesInfo(),
  uptime: () => process.uptime(),
};

function readVitals(
  source: ProcessSource,
  loop: LoopWatch | undefined,
  limits: Record<string, Json>,
): Vitals {
  const { rss, heapUsed, heapTotal, external, arrayBuffers } = source.memory();
  const delay = loop?.read();
  return {
    appMemory: rss,
    freeMemory: source.freeMemory(),
    process: {
      uptime_seconds: Math.round(source.uptime()),
      memory: { rss, heap_used: heapUsed, heap_total: heapTotal, external, array_buffers: arrayBuffers },
      limits,
      ...(delay === undefined
        ? {}
        : {
            event_loop: {
              max_delay_ms: delay.maxDelayMs,
              ...(delay.utilization === undefined ? {} : { utilization: delay.utilization }),
            },
          }),
      active: counts(source.resources()),
    },
  };
}

const MOST_KINDS = 20;

/** How many there are of each: `{ TCPSocketWrap: 12, Timeout: 3 }`. */
function counts(kinds: readonly string[]): Record<string, number> {
  const byKind = new Map<string, number>();
  for (const kind of kinds) byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
  return Object.fromEntries([...byKind].slice(0, MOST_KINDS));
}

/** What the application or a hook has put there wins. */
function withVitals(event: Event, { process, appMemory, freeMemory }: Vitals): Event {
  const { contexts = {} } = event;
  return {
    ...event,
    contexts: {
      ...contexts,
      process: { ...process, ...contexts["process"] },
      app: { app_memory: appMemory, ...contexts["app"] },
      device: { free_memory: freeMemory, ...contexts["device"] },
    },
  };
}

/** What this process may use at most: of the heap, and where it runs in a container, of memory and processors. */
function processLimits(): Record<string, Json> {
  const memory = process.constrainedMemory?.() ?? 0;
  const cpus = cpuQuota();
  return {
    heap: getHeapStatistics().heap_size_limit,
    // Without a limit, it is 0 or a number beyond any machine.
    ...(memory > 0 && memory <= os.totalmem() ? { memory } : {}),
    ...(cpus === undefined ? {} : { cpus }),
  };
}

/** Processors that the control group may use: `200000 100000` in its file are two. */
function cpuQuota(): number | undefined {
  const files: readonly (readonly string[])[] = [
    ["/sys/fs/cgroup/cpu.max"],
    ["/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"],
  ];
  for (const parts of files) {
    try {
      const [quota, period] = parts.flatMap((file) =>
        readFileSync(file, "utf8").trim().split(" ").map(Number),
      );
      if (quota! > 0 && period! > 0) return Math.round((quota! / period!) * 100) / 100;
    } catch {
      // The other version of control groups, or none.
    }
  }
  return undefined;
}
