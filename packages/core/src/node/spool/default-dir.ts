import { createHash } from "node:crypto";
import { lstatSync, mkdirSync } from "node:fs";
import os from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import type { Diagnostics } from "../../diagnostics.js";
import { isThere } from "../folders.js";
import { FOLDER_MODE, textOf } from "./layout.js";

export interface DefaultSpoolDirOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What is spooled for: another text, another folder. Only a hash of it is used. */
  readonly dsnKey: string;
  readonly diagnostics: Diagnostics;
  /** Default: this system's. */
  readonly platform?: NodeJS.Platform;
  readonly home?: string;
  readonly tmp?: string;
  /** The user's id; `undefined` where users have none. */
  readonly uid?: number;
}

/**
 * The spool folder of an application that named none, made if it was not there: in the user's state directory
 * (`XDG_STATE_HOME`, `~/.local/state`; on macOS `~/Library/Application Support`, on Windows `LOCALAPPDATA`), or where
 * that cannot be written or is another user's, in the temporary one.
 *
 * @returns its path; `undefined`, with a warning, when there is no place that is ours alone
 */
export function defaultSpoolDir(options: DefaultSpoolDirOptions): string | undefined {
  const { dsnKey, diagnostics, tmp = os.tmpdir(), uid = process.getuid?.() } = options;
  const name = createHash("sha256")
    .update(`${uid ?? ""}\n${dsnKey}`)
    .digest("hex")
    .slice(0, 16);
  const state = stateDir(options);
  // What root makes in another's home would be in that one's way.
  if (state !== undefined && isOwnedBy(nearestFolder(state), uid)) {
    const inState = made(join(state, "corvid", name), uid);
    if (typeof inState === "string") return inState;
  }
  const inTmp = made(join(tmp, `corvid-${name}`), uid);
  if (typeof inTmp === "string") return inTmp;
  diagnostics.warn("spool-trouble", "no folder to keep events in", inTmp.trouble);
  return undefined;
}

function stateDir(options: DefaultSpoolDirOptions): string | undefined {
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
    const stat = lstatSync(dir);
    const isOurs = stat.isDirectory() && (uid === undefined || stat.uid === uid);
    if (!isOurs) return { trouble: `${dir} is another user's` };
    if (uid !== undefined && (stat.mode & 0o022) !== 0) return { trouble: `${dir} can be written by others` };
    return dir;
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

function nearestFolder(dir: string): string {
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
