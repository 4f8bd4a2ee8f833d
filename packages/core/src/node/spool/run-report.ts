import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Json } from "../../model/event.js";
import { field, isReadable } from "../../process/conform/fields.js";
import { readFileStart } from "./file-start.js";

/** What is taken of the report that Node writes when it crashes. */
export interface CrashReport {
  /** What Node says that happened: `Allocation failed - JavaScript heap out of memory`. */
  readonly event: string;
  readonly isOutOfMemory: boolean;
  /** For people: stacks, parts of the heap, open handles. Sizes in bytes. */
  readonly context: Readonly<Record<string, Json>>;
}

const MAX_BYTES = 4 * 1024 * 1024;
/** Event and trigger stand at the very beginning. */
const HEADER_CHARS = 2000;
const MAX_LINES = 20;
const MAX_LINE = 300;
const MAX_KINDS = 20;

/**
 * Reads the newest report in a folder.
 *
 * @returns `undefined` where there is none, or none of a crash
 */
export async function readCrashReport(folder: string): Promise<CrashReport | undefined> {
  // Their names begin with day and time.
  const names = await readdir(folder).catch(() => []);
  const newest = names
    .filter((name) => name.endsWith(".json"))
    .sort()
    .at(-1);
  if (newest === undefined) return undefined;
  return crashReport((await readFileStart(join(folder, newest), MAX_BYTES)).toString());
}

/**
 * Picks what is worth knowing out of a report. Of one that is cut off, that is what happened; of the command line, the
 * environment, folders, the network and the libraries it is nothing.
 */
export function crashReport(text: string): CrashReport | undefined {
  const start = text.slice(0, HEADER_CHARS);
  const [event, trigger] = [headerText(start, "event"), headerText(start, "trigger")];
  if (event === undefined || (trigger !== "OOMError" && trigger !== "FatalError")) return undefined;
  const report = parse(text);
  return {
    event,
    isOutOfMemory: trigger === "OOMError" || /out of memory/i.test(event),
    context: {
      event,
      trigger,
      ...defined("javascript_stack", lines(part(report, "javascriptStack", "stack"))),
      ...defined("native_stack", nativeStack(part(report, "nativeStack"))),
      ...defined("heap_spaces", heapSpaces(part(report, "javascriptHeap", "heapSpaces"))),
      ...defined("handles", handles(part(report, "libuv"))),
    },
  };
}

function headerText(start: string, key: string): string | undefined {
  return new RegExp(`"${key}": ?"([^"\\\\]{1,${MAX_LINE}})"`).exec(start)?.[1];
}

function nativeStack(frames: unknown): string[] | undefined {
  // Behind the name stands the path of the program or library.
  return lines(list(frames).map((frame) => String(part(frame, "symbol") ?? "").replace(/ ?\[[^\]]*\]$/, "")));
}

function lines(texts: unknown): string[] | undefined {
  const kept = list(texts)
    .filter((text) => typeof text === "string" && text.trim() !== "")
    .slice(0, MAX_LINES);
  return kept.length === 0 ? undefined : kept.map((text) => String(text).trim().slice(0, MAX_LINE));
}

/** Those in use: `{ old_space: { used, size } }`. */
function heapSpaces(spaces: unknown): Record<string, Json> | undefined {
  if (!isReadable(spaces)) return undefined;
  const kept = Object.keys(spaces)
    .slice(0, MAX_KINDS)
    .flatMap((name) => {
      const [used, size] = [part(spaces, name, "used"), part(spaces, name, "memorySize")];
      return typeof used === "number" && typeof size === "number" && size > 0 ? [[name, { used, size }]] : [];
    });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** How many there are of each kind: `{ tcp: 120, timer: 2 }`. */
function handles(all: unknown): Record<string, Json> | undefined {
  const byKind = new Map<string, number>();
  for (const handle of list(all)) {
    const kind = part(handle, "type");
    if (typeof kind === "string" && (byKind.has(kind) || byKind.size < MAX_KINDS))
      byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
  }
  return byKind.size === 0 ? undefined : Object.fromEntries(byKind);
}

function part(value: unknown, ...path: string[]): unknown {
  return path.reduce((found, key) => (isReadable(found) ? field(found, key) : undefined), value);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function defined(key: string, value: Json | undefined): Record<string, Json> {
  return value === undefined ? {} : { [key]: value };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
