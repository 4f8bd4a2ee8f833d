import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import type { Dsn } from "../../../model/dsn.js";
import { dsnKeyOf, nearestFolder, placeTrouble, spoolPlaces } from "../../spool/default-dir.js";
import { DEFAULT_MAX_BYTES } from "../../spool/store.js";
import type { Finding } from "../report.js";
import type { World } from "../world.js";

/** A folder to keep events in. */
export interface SpoolFolder {
  /** Absolute. */
  readonly path: string;
  /** Named on the command line, or the one that Corvid chooses. */
  readonly source: "--spool" | "default";
}

/** The folder that a client would choose; it is not made. */
export function defaultFolder(dsn: Dsn, { env }: World): SpoolFolder {
  const places = spoolPlaces({ env, dsnKey: dsnKeyOf(dsn) });
  return { path: places.find(isUsable) ?? places.at(-1)!, source: "default" };
}

/** How a spool folder is: there, whose, writable, with room. `details.exists` says whether to look into it. */
export function folderFinding(folder: SpoolFolder): Finding {
  const stat = existsSync(folder.path) ? statSync(folder.path) : undefined;
  if (stat === undefined) return missingFolder(folder);
  const hasModes = process.getuid !== undefined;
  const mode = hasModes ? (stat.mode & 0o7777).toString(8).padStart(4, "0") : null;
  const room = freeBytes(folder.path);
  const owner = stat.uid === process.getuid?.() ? "this user" : `user ${stat.uid}`;
  const text = `${folder.path}${hasModes ? `, mode ${mode}, of ${owner}` : ""}`;
  const details = {
    ...folder,
    exists: stat.isDirectory(),
    mode,
    owner: hasModes ? stat.uid : null,
    freeBytes: room,
  };
  const trouble = stat.isDirectory() ? troubleWith(folder) : "It is no folder: events wait in memory only.";
  return trouble === undefined
    ? { topic: "spool", text: `${text}${roomText(room)}`, ...judged(room), details }
    : { topic: "spool", state: "problem", text, advice: trouble, details };
}

function missingFolder({ path, source }: SpoolFolder): Finding {
  const details = { path, source, exists: false };
  const above = nearestFolder(path);
  if (!isOpen(above)) {
    return {
      topic: "spool",
      // Nobody may have asked for the default one.
      state: source === "default" ? "note" : "problem",
      text: `${path} does not exist, and ${above} cannot be written`,
      advice:
        "With fileSpool(), events would wait in memory only. Name a folder of this user: fileSpool({ dir: DIR }).",
      details,
    };
  }
  const text =
    source === "default"
      ? `none; fileSpool() would make ${path}`
      : `${path} does not exist yet: it is made when the application starts`;
  return { topic: "spool", state: "ok", text, details };
}

/** One that was named may be a link or a group's; one that was chosen, perhaps in a place for all, may not. */
function troubleWith({ path, source }: SpoolFolder): string | undefined {
  if (!isOpen(path)) return "This user cannot read and write there: events wait in memory only.";
  const trouble = source === "default" ? placeTrouble(path, process.getuid?.()) : undefined;
  return trouble === undefined ? undefined : `Not used, because ${trouble}: events wait in memory only.`;
}

function isUsable(path: string): boolean {
  const above = nearestFolder(path);
  return isOpen(above) && (above !== path || placeTrouble(path, process.getuid?.()) === undefined);
}

/** A folder that this user can look into and write. */
function isOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function freeBytes(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return null;
  }
}

function judged(room: number | null): Pick<Finding, "state" | "advice"> {
  if (room === null || room >= DEFAULT_MAX_BYTES) return { state: "ok" };
  return {
    state: "note",
    advice: `A spool takes up to ${sizeText(DEFAULT_MAX_BYTES)}, unless its maxBytes says otherwise. On a full disk, events wait in memory only.`,
  };
}

function roomText(room: number | null): string {
  return room === null ? "" : `, ${sizeText(room)} free`;
}

function sizeText(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1024 ? `${Math.floor(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
