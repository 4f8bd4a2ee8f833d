import type { Breadcrumb } from "../../model/event.js";
import { complete, field, flag, isReadable, list, object, type Read } from "../../process/conform/fields.js";

/** How the process was at one beat. */
export interface RunSample {
  /** When, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** Bytes. */
  readonly heapUsed: number;
  /** Bytes. */
  readonly rss: number;
  /** How late the beat was, in milliseconds: the loop could not come to it. */
  readonly lateMs: number;
  /** Share of the time since the beat before that the event loop was working, 0 to 1. */
  readonly busy: number;
}

/** A signal that a listener of the application was told of. */
export interface RunSignal {
  readonly name: string;
  /** When, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Of which deployment a process was, as far as it was known. */
export interface RunHead {
  readonly release?: string;
  readonly environment?: string;
  readonly server_name?: string;
  readonly dist?: string;
}

/** What does not change while a process runs. */
export interface RunFacts {
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** `v20.19.0`. */
  readonly node: string;
  readonly pid: number;
  /** What tells this process from all others; see `SeenProcess`. */
  readonly identity?: string;
  /** Bytes at which V8 gives up: what objects that live long may take. */
  readonly heapLimit: number;
  /** Bytes that the process may use at most: those of its container, else those of the machine. */
  readonly memoryLimit: number;
  /** The memory group it runs in; see `MemoryGroup`. */
  readonly group?: string;
  /** It was started from a terminal. */
  readonly terminal?: boolean;
}

/** What a process last wrote of itself. */
export interface RunRecord extends RunFacts {
  readonly head?: RunHead;
  /** The last beats, oldest first; at least one. */
  readonly samples: readonly RunSample[];
  /** Bytes outside of the heap that belong to objects in it. */
  readonly external?: number;
  /** Bytes that its memory group uses, the page cache included. */
  readonly groupCurrent?: number;
  /** Processes of its group that were killed for lack of memory. */
  readonly oomKills?: number;
  /** Oldest first. */
  readonly signals?: readonly RunSignal[];
  /** Oldest first. */
  readonly crumbs?: readonly Breadcrumb[];
}

/** Written with every record; a reader leaves those alone that are newer than itself. */
export const RUN_FORMAT = 1;
/** Beats that are kept. */
export const MAX_SAMPLES = 12;
/** Signals that are kept. */
export const MAX_SIGNALS = 4;

const MAX_CRUMBS = 500;
const MAX_NAME = 256;

/** Moments are those a `Date` can be, amounts are not negative: nothing that is made of them can fail. */
const MAX_NUMBER = 8.64e15;

const amount: Read<number> = (value) =>
  typeof value === "number" && value >= 0 && value <= MAX_NUMBER ? value : undefined;
const name: Read<string> = (value) =>
  typeof value === "string" && value !== "" ? value.slice(0, MAX_NAME) : undefined;

const sample = object<RunSample>({ at: amount, heapUsed: amount, rss: amount, lateMs: amount, busy: amount });
const signal = object<RunSignal>({ name, at: amount });

const headOf = object<RunHead>({ release: name, environment: name, server_name: name, dist: name });

const recordOf = complete(
  object<RunRecord>({
    startedAt: amount,
    node: name,
    pid: amount,
    identity: name,
    heapLimit: amount,
    memoryLimit: amount,
    group: name,
    terminal: flag,
    head: headOf,
    samples: list(complete(sample, "at", "heapUsed", "rss", "lateMs", "busy"), MAX_SAMPLES),
    external: amount,
    groupCurrent: amount,
    oomKills: amount,
    signals: list(complete(signal, "name", "at"), MAX_SIGNALS),
    crumbs: list((crumb) => (isReadable(crumb) ? (crumb as Breadcrumb) : undefined), MAX_CRUMBS),
  }),
  "startedAt",
  "node",
  "pid",
  "heapLimit",
  "memoryLimit",
  "samples",
);

/**
 * Reads what a process last wrote of itself.
 *
 * @param text - JSON, maybe of a later version of Corvid, or damaged
 * @returns `undefined` for one that cannot be read
 */
export function readRunRecord(text: string): RunRecord | undefined {
  const json = parse(text);
  return isReadable(json) && field(json, "format") === RUN_FORMAT ? recordOf(json) : undefined;
}

/** The known parts of a head; none of anything that is no JSON. */
export function readRunHead(text: string): RunHead {
  return headOf(parse(text)) ?? {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
