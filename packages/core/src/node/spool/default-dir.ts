import { createHash } from "node:crypto";
import { lstatSync, mkdirSync } from "node:fs";
import os from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import type { Diagnostics } from "../../model/diagnostics.js";
import type { Dsn } from "../../model/dsn.js";
import { isThere } from "../host/folders.js";
import { FOLDER_MODE, textOf } from "./layout.js";

export interface SpoolPlaceOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What is spooled for: another text, another folder. Only a hash of it is used. */
  readonly dsnKey: string;
  /** Default: this system's. */
  readonly platform?: NodeJS.Platform;
  readonly home?: string;
  readonly tmp?: string;
  /** The user's id; `undefined` where users have none. */
  readonly uid?: number;
}

export interface DefaultSpoolDirOptions extends SpoolPlaceOptions {
  readonly diagnostics: Diagnostics;
}

/**
 * The spool folder of an application that named none, made if it was not there: the first of {@link spoolPlaces} that
 * can be written and is not another user's.
 *
 * @returns its path; `undefined`, with a warning, when there is no place that is ours alone
 */
export function defaultSpoolDir(options: DefaultSpoolDirOptions): string | undefined {
  const { diagnostics, uid = process.getuid?.() } = options;
  let trouble = "";
  for (const place of spoolPlaces(options)) {
    const dir = made(place, uid);
    if (typeof dir === "string") return dir;
    trouble = dir.trouble;
  }
  diagnostics.warn("spool-trouble", "no folder to keep events in", trouble);
  return undefined;
}

/**
 * Where an application that named no spool folder may have it, the best place first: in the user's state directory
 * (`XDG_STATE_HOME`, `~/.local/state`; on macOS `~/Library/Application Support`, on Windows `LOCALAPPDATA`), and in the
 * temporary one. Makes nothing.
 */
export function spoolPlaces(options: SpoolPlaceOptions): readonly string[] {
  const { dsnKey, tmp = os.tmpdir(), uid = process.getuid?.() } = options;
  const name = createHash("sha256")
    .update(`${uid ?? ""}\n${dsnKey}`)
    .digest("hex")
    .slice(0, 16);
  const state = stateDir(options);
  // What root makes in another's home would be in that one's way.
  const isOurs = state !== undefined && isOwnedBy(nearestFolder(state), uid);
  return [...(isOurs ? [join(state, "corvid", name)] : []), join(tmp, `corvid-${name}`)];
}

/** What tells the events for one DSN from those for another: all of it but its secret. Empty without a DSN. */
export function dsnKeyOf(dsn: Dsn | undefined): string {
  return dsn === undefined ? "" : `${dsn.publicKey}@${dsn.host}:${dsn.port}${dsn.path}/${dsn.projectId}`;
}

/**
 * Why a folder is no place to keep events in; `undefined` when it is ours alone.
 *
 * @throws what the system says, when it is not there
 */
export function placeTrouble(dir: string, uid: number | undefined): string | undefined {
  const stat = lstatSync(dir);
  const isOurs = stat.isDirectory() && (uid === undefined || stat.uid === uid);
  if (!isOurs) return `${dir} is another user's`;
  return uid !== undefined && (stat.mode & 0o022) !== 0 ? `${dir} can be written by others` : undefined;
}

function stateDir(options: SpoolPlaceOptions): string | undefined {
  const { env, platform = process.platform } = options;
  if (platform === "win32") return absolute(env.LOCALAPPDATA);
  const home = absolute(options.home ?? env.HOME ?? homedir());
  // Made of nothing, a home would be one that nobody has.
  if (home === undefined || !isThere(home)) return undefined;
  if (platform === "darwin") return join(home, "Library", "Application Support");
  return absolute(env.XDG_STATE_HOME) ?? join(home, ".local", "state");
}

/** Makes the folder, and looks whether it is really ours: in a directory for all, another may have been there first. */
function made(dir: string, uid: number | undefined): string | { readonly trouble: string } {
  try {
    mkdirSync(dirname(dir), { recursive: true, mode: FOLDER_MODE });
    mkdirSync(dir, { recursive: true, mode: FOLDER_MODE });
    const trouble = placeTrouble(dir, uid);
    return trouble === undefined ? dir : { trouble };
  } catch (error) {
    return { trouble: textOf(error) };
  }
}

function isOwnedBy(dir: string, uid: number | undefined): boolean {
  try {
    return uid === undefined || lstatSync(dir).uid === uid;
  } catch {
    return false;
  }
}

/** The folder itself, or the nearest above it that exists. */
export function nearestFolder(dir: string): string {
  return isThere(dir) || dirname(dir) === dir ? dir : nearestFolder(dirname(dir));
}

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

function homedir(): string | undefined {
  try {
    return os.homedir();
  } catch {
    return undefined;
  }
}
