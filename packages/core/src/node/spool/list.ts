import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import type { Event } from "../../model/event.js";
import { readFinished } from "../../spool/finished.js";
import { eventOf } from "../../transport/envelope.js";
import { hasDeadOwner, namesIn } from "./claims.js";
import { capturesOf, type Entry, isFinished } from "./entries.js";
import { CLAIMED, codeOf, DEAD_AFTER_MS, isInstance, parseFolderName } from "./layout.js";
import type { Line } from "./line.js";
import { isNewer, payloadOf, scanFolder } from "./scan.js";
import { bytesIn } from "./takeover.js";

/** What one client left in a spool folder, or is writing there now. */
export interface SpoolInstance {
  readonly folder: string;
  /** 16 hex digits. */
  readonly instance: string;
  /** 8 hex digits; instances of one group report to the same destinations and take over from each other. */
  readonly group: string;
  /**
   * - `live`: somebody is at work on it.
   * - `left`: its client was closed. `dead`: its process ended without that. Both wait to be taken over.
   * - `newer`: written by a later version of Corvid. `foreign`: no folder, or of a user who is neither this one nor the
   *   owner of the spool. Neither was looked into.
   * - `unreadable`: the system does not let us look.
   */
  readonly state: "live" | "left" | "dead" | "newer" | "foreign" | "unreadable";
  readonly bytes: number;
  /** When its oldest file was begun, and its last sign of life; milliseconds since the Unix epoch. */
  readonly begunAt: number | undefined;
  readonly lastSeenAt: number;
  /** Lines that are damaged. */
  readonly unreadable: number;
  readonly events: readonly ListedEvent[];
}

/** An event that waits on disk. */
export interface ListedEvent {
  readonly id: string;
  /** `finished`: it can be sent as it is. `raw`: only the application, with its hooks, can make it what is sent. */
  readonly kind: "raw" | "finished";
  /** How many captures it stands for. */
  readonly captures: number;
  /** When it happened, for a finished one; else when its file was begun. Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Of a finished one: type and message, at most 200 characters. */
  readonly summary: string | undefined;
  /** Destinations that have it. */
  readonly settled: readonly string[];
}

const SUMMARY_LENGTH = 200;
const LARGEST_SUMMARISED_BYTES = 2 * 1024 * 1024;

/**
 * Says what waits in a spool folder, and changes nothing in it. What an instance took over of others is listed as
 * instances of their own, with its state.
 *
 * @param options - `now`: milliseconds since the Unix epoch, default the present
 * @returns in the order they were begun; empty when there is no such folder
 */
export async function listSpool(
  dir: string,
  { now = Date.now() }: { readonly now?: number } = {},
): Promise<SpoolInstance[]> {
  const found: SpoolInstance[] = [];
  const owners = new Set([process.getuid?.(), (await lstat(dir).catch(() => undefined))?.uid]);
  for (const name of await namesIn(dir)) {
    const parsed = parseFolderName(name);
    const stat = await lstat(join(dir, name)).catch(() => undefined);
    if (parsed === undefined || stat === undefined) continue;
    const isOurs = stat.isDirectory() && owners.has(stat.uid);
    if (isOurs) found.push(...(await listInstance(join(dir, name), parsed, stat, now)));
    else
      found.push({
        ...parsed,
        ...NOTHING_SEEN,
        folder: join(dir, name),
        lastSeenAt: stat.mtimeMs,
        state: "foreign",
      });
  }
  return found.sort((a, b) => (a.begunAt ?? a.lastSeenAt) - (b.begunAt ?? b.lastSeenAt));
}

async function listInstance(
  folder: string,
  { instance, group, state: named }: { instance: string; group: string; state: "live" | "left" },
  stat: Stats,
  now: number,
): Promise<SpoolInstance[]> {
  const base = { folder, instance, group, lastSeenAt: stat.mtimeMs };
  const isDead = now - stat.mtimeMs > DEAD_AFTER_MS || (await hasDeadOwner(folder));
  const state = named === "live" && isDead ? "dead" : named;

  const list: SpoolInstance[] = [await look(folder, base, state, now)];
  for (const inner of (await namesIn(join(folder, CLAIMED))).filter(isInstance)) {
    const innerFolder = join(folder, CLAIMED, inner);
    const innerStat = await lstat(innerFolder).catch(() => undefined);
    if (innerStat === undefined || !innerStat.isDirectory()) continue;
    const listed = await listInstance(innerFolder, { instance: inner, group, state: "left" }, innerStat, now);
    for (const each of listed) list.push(each.state === "left" ? { ...each, state } : each);
  }
  return list;
}

async function look(
  folder: string,
  base: Pick<SpoolInstance, "folder" | "instance" | "group" | "lastSeenAt">,
  state: "live" | "left" | "dead",
  now: number,
): Promise<SpoolInstance> {
  try {
    if (await isNewer(folder))
      return { ...base, ...NOTHING_SEEN, state: "newer", bytes: await bytesIn([folder], 1) };
    const facts = new Map<string, Facts>();
    const scan = await scanFolder(folder, undefined, now, (line, bytes) => note(line, bytes, facts));
    return {
      ...base,
      state,
      bytes: await bytesIn([folder], 1),
      begunAt: scan.segments[0]?.begunAt,
      unreadable: scan.unreadable + scan.toldBefore,
      events: [...scan.entries.byId.values()].map((entry) => listed(entry, facts.get(entry.id))),
    };
  } catch (error) {
    // What was there a moment ago was taken over meanwhile.
    const isGone = codeOf(error) === "ENOENT";
    return { ...base, ...NOTHING_SEEN, state: isGone ? "live" : "unreadable" };
  }
}

const NOTHING_SEEN: Pick<SpoolInstance, "bytes" | "begunAt" | "unreadable" | "events"> = {
  bytes: 0,
  begunAt: undefined,
  unreadable: 0,
  events: [],
};

interface Facts {
  readonly captures: number;
  readonly at?: number | undefined;
  readonly summary?: string | undefined;
}

function note(line: Line, bytes: Buffer, facts: Map<string, Facts>): void {
  if (line.kind !== "finished" || line.end - line.payloadStart > LARGEST_SUMMARISED_BYTES) return;
  const envelope = readFinished(payloadOf(line, bytes));
  if (envelope === undefined) return;
  const event = eventOf(envelope);
  const told = event === undefined ? {} : { at: timeOf(event), summary: summaryOf(event) };
  facts.set(line.id, { captures: envelope.weight, ...told });
}

function listed(entry: Entry, facts: Facts | undefined): ListedEvent {
  return {
    id: entry.id,
    kind: isFinished(entry) ? "finished" : "raw",
    captures: facts?.captures ?? capturesOf(entry),
    at: facts?.at ?? entry.parts[0]!.segment.begunAt,
    summary: facts?.summary,
    settled: [...(entry.settled ?? [])],
  };
}

function timeOf({ timestamp }: Event): number | undefined {
  return typeof timestamp === "number" ? timestamp * 1000 : undefined;
}

/** The caught error is the last of an event's exceptions. */
function summaryOf({ exception, message }: Event): string | undefined {
  const caught = Array.isArray(exception?.values) ? exception.values.at(-1) : undefined;
  const text = caught
    ? [caught.type, caught.value].filter((part) => typeof part === "string").join(": ")
    : message;
  return typeof text === "string" ? text.slice(0, SUMMARY_LENGTH) : undefined;
}
