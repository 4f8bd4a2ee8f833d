import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { type ClaimOptions, claimEnded, flattenClaimed, namesIn } from "./claims.js";
import { CLAIMED, isPassing, parseFolderName } from "./layout.js";
import { type Scan, scanFolder } from "./scan.js";

/** An ended instance, in one's own folder now, and what is in it. */
export interface Found {
  readonly folder: string;
  readonly instance: string;
  readonly scan: Scan;
}

export interface AdoptionOptions extends ClaimOptions {
  readonly destinations: readonly string[] | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** Those that were found before. */
  readonly isKnown: (folder: string) => boolean;
  /** A folder was taken over, with so many undelivered captures in it. */
  readonly onClaimed: (folder: string, undelivered: number) => void;
}

/** How deep an instance's folder goes: what it claimed had claimed something itself. */
const DEPTH = 3;

/** Takes over what ended, and reads it: one instance after the other, as they are asked for. */
export async function* adoptEnded(options: AdoptionOptions): AsyncGenerator<Found> {
  const { dir, home, destinations, now, diagnostics, mayGoOn } = options;
  await claimEnded(options, await namesIn(dir));
  for (const instance of await flattenClaimed(home, mayGoOn)) {
    const folder = join(home, CLAIMED, instance);
    if (options.isKnown(folder)) continue;
    try {
      const scan = await scanFolder(folder, destinations, now);
      if (!mayGoOn()) return;
      options.onClaimed(folder, scan.entries.byId.size);
      yield { folder, instance, scan };
    } catch (error) {
      if (!isPassing(error)) throw error;
      diagnostics.warn("spool-left-alone", "it cannot be read now", `${folder}: ${String(error)}`);
    }
  }
}

/** Other instances' folders: whether there are any, and how much is in them. */
export async function instancesBeside(dir: string, home: string): Promise<string[]> {
  return (await namesIn(dir))
    .filter((name) => parseFolderName(name) !== undefined)
    .map((name) => join(dir, name))
    .filter((folder) => folder !== home);
}

/** Bytes of all files in the folders. */
export async function bytesIn(folders: readonly string[], depth: number = DEPTH): Promise<number> {
  let bytes = 0;
  for (const folder of folders) {
    for (const name of await namesIn(folder)) {
      const path = join(folder, name);
      const stat = await lstat(path).catch(() => undefined);
      if (stat?.isFile()) bytes += stat.size;
      if (stat?.isDirectory() && depth > 1) bytes += await bytesIn([path], depth - 1);
    }
  }
  return bytes;
}
