import { existsSync } from "node:fs";
import { dirname } from "node:path";

/** Whether something is there, as far as one may look: under Node's permission model `existsSync` throws. */
export function isThere(path: string): boolean {
  try {
    return existsSync(path);
  } catch {
    return false;
  }
}

/** Where the process works; when that folder was deleted, and a deploy may do so, where its main file is. */
export function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return dirname(process.argv[1] ?? process.execPath);
  }
}
