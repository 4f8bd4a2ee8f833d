import type { RunFacts, RunRecord, RunSample } from "./run-record.js";

/** Time between beats, once a process has run for a while. */
export const BEAT_MS = 5000;

/**
 * How full the heap may be before it is taken for full. V8 collects at the latest half way between what lives and the
 * limit, so at nine tenths at least eight tenths live; when it gives up, usually more than 95 % are in use.
 */
const HEAP_FULL = 0.9;
/** The same for the memory of a container. The kernel counts more than the process does: buffers, sockets, page tables. */
const MEMORY_FULL = 0.9;
/** From here on a process is looked at more often. */
const PRESSED = 0.75;
/** What rises while there is so much room does so every day. */
const HALF = 0.5;
/** Beats one after the other that must show more each time. */
const RISING = 3;

type Memory = "heapUsed" | "rss";
type Limits = Pick<RunFacts, "heapLimit" | "memoryLimit">;

/** Memory that was used up, or nearly. */
export interface Shortage {
  readonly of: Memory;
  /** Bytes. */
  readonly used: number;
  readonly limit: number;
  /** Bytes per second; absent where it was full already. */
  readonly rising?: number;
}

/** What a process was short of at its last beat, if anything. */
export function shortageOf(
  record: Pick<RunRecord, "samples" | "heapLimit" | "memoryLimit" | "groupCurrent">,
): Shortage | undefined {
  const { samples, heapLimit, memoryLimit, groupCurrent = memoryLimit } = record;
  const { heapUsed, rss } = samples.at(-1)!;
  if (heapUsed >= HEAP_FULL * heapLimit) return { of: "heapUsed", used: heapUsed, limit: heapLimit };
  // Of a process some is shared, such as Node's own code, of a group some is page cache: only both together mean a lack.
  if (Math.min(rss, groupCurrent) >= MEMORY_FULL * memoryLimit)
    return { of: "rss", used: rss, limit: memoryLimit };
  return risingTo(samples, "heapUsed", heapLimit) ?? risingTo(samples, "rss", memoryLimit);
}

/** Whether memory may be used up soon, so that a beat every five seconds would come too late. */
export function isPressed(samples: readonly RunSample[], { heapLimit, memoryLimit }: Limits): boolean {
  const { heapUsed, rss } = samples.at(-1)!;
  return (
    heapUsed >= PRESSED * heapLimit ||
    rss >= PRESSED * memoryLimit ||
    isReached(samples, "heapUsed", heapLimit) ||
    isReached(samples, "rss", memoryLimit)
  );
}

/** It rose at each of the last beats, and would have reached the limit before the next one. */
function risingTo(samples: readonly RunSample[], of: Memory, limit: number): Shortage | undefined {
  const last = samples.slice(-RISING);
  const used = last.at(-1)![of];
  const isRising =
    last.length === RISING && last.every((sample, n) => n === 0 || sample[of] > last[n - 1]![of]);
  if (!isRising || used < HALF * limit || !isReached(samples, of, limit)) return undefined;
  return { of, used, limit, rising: speed(samples, of) * 1000 };
}

/** Whether it reaches the limit within the time of a beat, going on as between the last two. */
function isReached(samples: readonly RunSample[], of: Memory, limit: number): boolean {
  return samples.at(-1)![of] + speed(samples, of) * BEAT_MS >= limit;
}

/** Bytes per millisecond, between the last two beats. */
function speed(samples: readonly RunSample[], of: Memory): number {
  const [before, last] = samples.slice(-2);
  return last === undefined ? 0 : (last[of] - before![of]) / Math.max(1, last.at - before!.at);
}
