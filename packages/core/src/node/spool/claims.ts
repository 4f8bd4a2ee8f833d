import type { Stats } from "node:fs";
import { mkdirSync, renameSync } from "node:fs";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostics } from "../../model/diagnostics.js";
import {
  BEATS,
  CLAIMED,
  codeOf,
  DEAD_AFTER_MS,
  FOLDER_MODE,
  isInstance,
  OWNER,
  parseFolderName,
} from "./layout.js";
import { isProvenDead } from "./process-identity.js";
import { isNewer } from "./scan.js";

export interface ClaimOptions {
  readonly dir: string;
  /** One's own folder, which exists. */
  readonly home: string;
  readonly group: string;
  /** What belongs to another group is taken too, to be deleted, when it was left alone for so long. */
  readonly maxAgeMs: number;
  /** The time of the file system, and who we are for it. */
  readonly fileTime: number;
  readonly owner: number;
  readonly diagnostics: Diagnostics;
  /** Asked after everything that took time: the store may be closed, its folder gone. */
  readonly mayGoOn: () => boolean;
}

/** In one round; the rest waits for the next. */
const MOST_AT_ONCE = 1000;
/** One after the other, with other work between. */
const MOVES_AT_A_TIME = 50;

/**
 * Takes over the folders of instances that have ended: one rename each, which of several that try it only one can do.
 * A folder of another user, a link, and what a later Corvid wrote are left alone.
 */
export async function claimEnded(options: ClaimOptions, names: readonly string[]): Promise<void> {
  const { dir, home, mayGoOn } = options;
  let claimed = 0;
  for (const name of names) {
    const parsed = parseFolderName(name);
    const folder = join(dir, name);
    if (parsed === undefined || folder === home || claimed >= MOST_AT_ONCE) continue;
    const stat = await lstat(folder).catch(() => undefined);
    if (stat === undefined || !isOurs(stat, folder, options)) continue;
    const isProven = parsed.group === options.group && (await hasDeadOwner(folder));
    if (!isProven && !hasEnded(stat, parsed, options)) continue;
    if (await isFromLater(folder, options)) continue;
    if (!mayGoOn()) return;
    const target = join(home, CLAIMED, parsed.instance);
    if (!move(folder, target)) continue;
    claimed++;
    if (!isProven) await putBackIfMistaken(target, folder, stat, options);
  }
}

/** What the claimed had claimed themselves is put beside them. @returns the instances that are there */
export async function flattenClaimed(home: string, mayGoOn: () => boolean): Promise<string[]> {
  const claimed = join(home, CLAIMED);
  const found = new Set((await namesIn(claimed)).filter(isInstance));
  let moves = 0;
  for (const outer of found) {
    for (const inner of (await namesIn(join(claimed, outer, CLAIMED))).filter(isInstance)) {
      if (!mayGoOn()) return [];
      if (move(join(claimed, outer, CLAIMED, inner), join(claimed, inner))) found.add(inner);
      if (++moves % MOVES_AT_A_TIME === 0) await lstat(claimed).catch(() => undefined);
    }
  }
  return [...found];
}

/** The names in a folder; none when it is not there or cannot be read. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

function isOurs(
  stat: Stats,
  folder: string,
  { owner, diagnostics }: Pick<ClaimOptions, "owner" | "diagnostics">,
): boolean {
  if (stat.isDirectory() && stat.uid === owner) return true;
  diagnostics.warn("spool-left-alone", "it is no folder of this user", folder);
  return false;
}

function hasEnded(
  { mtimeMs }: Stats,
  name: { readonly group: string; readonly state: "live" | "left" },
  { group, fileTime, maxAgeMs }: ClaimOptions,
): boolean {
  // A time to come is one from before the clock was set back.
  const silentMs = Math.abs(fileTime - mtimeMs);
  if (name.group !== group) return silentMs > Math.max(maxAgeMs, DEAD_AFTER_MS);
  return name.state === "left" || silentMs > DEAD_AFTER_MS;
}

/** Whether the process that wrote to a folder is proven dead, before its heartbeat has run out. */
export async function hasDeadOwner(folder: string): Promise<boolean> {
  return isProvenDead(await readFile(join(folder, OWNER), "latin1").catch(() => ""));
}

async function isFromLater(folder: string, { diagnostics }: ClaimOptions): Promise<boolean> {
  try {
    if (!(await isNewer(folder))) return false;
    diagnostics.warn("spool-left-alone", "a later version of Corvid wrote it", folder);
    return true;
  } catch (error) {
    // Taken by another just now, or unreadable: not for us.
    if (codeOf(error) !== "ENOENT")
      diagnostics.warn("spool-left-alone", `it cannot be read: ${codeOf(error)}`, folder);
    return true;
  }
}

/** Between the look and the rename its owner may have woken up, or someone may have put another thing there. */
async function putBackIfMistaken(
  target: string,
  folder: string,
  before: Stats,
  options: ClaimOptions,
): Promise<void> {
  const after = await lstat(target).catch(() => undefined);
  if (after === undefined || !options.mayGoOn()) return;
  const isSame = after.ino === before.ino && after.uid === before.uid;
  // There may be file systems on which the move itself touches the folder; only a beat touches what is in it.
  if (isSame && (after.mtimeMs === before.mtimeMs || !(await hasJustBeaten(target, options)))) return;
  if (options.mayGoOn()) move(target, folder);
}

async function hasJustBeaten(folder: string, { fileTime }: ClaimOptions): Promise<boolean> {
  for (const name of BEATS) {
    const stat = await lstat(join(folder, name)).catch(() => undefined);
    if (stat !== undefined && fileTime - stat.ctimeMs < DEAD_AFTER_MS) return true;
  }
  return false;
}

/** @returns false when another was faster, or the system does not allow it */
function move(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") return false;
  }
  try {
    mkdirSync(join(to, ".."), { mode: FOLDER_MODE });
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}
