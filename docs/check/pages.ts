import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository's folder, with a slash at the end. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** A page of Markdown. */
export interface Page {
  /** Relative to the repository's folder, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Folders that hold nothing of ours, or nothing for readers. */
const SKIPPED: ReadonlySet<string> = new Set(["node_modules", "dist", "coverage", "api", "results"]);

/** All pages of the repository, but for what tools write. */
export function readPages(folder = ""): Page[] {
  return readdirSync(ROOT + folder, { withFileTypes: true }).flatMap((entry): Page[] => {
    const path = folder + entry.name;
    if (entry.isDirectory())
      return SKIPPED.has(entry.name) || entry.name.startsWith(".") ? [] : readPages(`${path}/`);
    if (!entry.name.endsWith(".md") || entry.name === "CHANGELOG.md") return [];
    return [{ path, text: readFileSync(ROOT + path, "utf8") }];
  });
}
