import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for a spool, where nobody has written yet. */
export interface SpoolFolder {
  readonly dir: string;
  /** Folders of instances in it. */
  instances(): string[];
  /** Lets a minute pass for what nobody writes to any more, as far as the file system can tell. */
  age(): void;
  remove(): void;
}

export function createSpoolFolder(): SpoolFolder {
  const root = mkdtempSync(join(tmpdir(), "corvid-spool-"));
  const dir = join(root, "spool");
  const instances = (): string[] => {
    try {
      return readdirSync(dir);
    } catch {
      return [];
    }
  };
  return {
    dir,
    instances,
    age() {
      const then = Date.now() / 1000 - 60;
      for (const name of instances()) utimesSync(join(dir, name), then, then);
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
