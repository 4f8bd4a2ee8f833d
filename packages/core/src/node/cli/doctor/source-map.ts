import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** What is known of the source map of a file. */
export type SourceMapFacts =
  /** The file names none. `looksBuilt`: it does not look written by hand. */
  | { readonly state: "none"; readonly looksBuilt: boolean }
  /** The file is a source itself. */
  | { readonly state: "source" }
  | { readonly state: "broken"; readonly trouble: string }
  | {
      readonly state: "read";
      readonly sources: number;
      /** How many of them are on disk. */
      readonly present: number;
      /** How many have their text inside the map. */
      readonly embedded: number;
    };

/** Nobody ships larger ones; and whoever does should not wait for us. */
const LARGEST_BYTES = 256 * 1024 * 1024;
const LARGEST_FILE_BYTES = 64 * 1024 * 1024;
const LONGEST_WRITTEN_LINE = 2000;

/** Looks at the source map that a file names, and at the sources it leads to. Never throws. */
export function readSourceMap(path: string): SourceMapFacts {
  if (/\.[cm]?tsx?$/.test(path)) return { state: "source" };
  try {
    const code = readBounded(path, LARGEST_FILE_BYTES);
    const url = namedMap(code);
    if (url === undefined) return { state: "none", looksBuilt: looksBuilt(code) };
    return factsOf(url, path);
  } catch (error) {
    return { state: "broken", trouble: (error as Error).message };
  }
}

/** The last one counts, as for Node. */
function namedMap(code: string): string | undefined {
  const start = Math.max(
    code.lastIndexOf("//# sourceMappingURL="),
    code.lastIndexOf("/*# sourceMappingURL="),
  );
  if (start === -1) return undefined;
  const end = code.slice(start + "//# sourceMappingURL=".length);
  return /^[^\s'"*]+/.exec(end)?.[0];
}

function factsOf(url: string, path: string): SourceMapFacts {
  const { text, folder } = loadMap(url, path);
  const map = JSON.parse(text) as unknown;
  if (typeof map !== "object" || map === null) throw new Error("expected a JSON object");
  const { sources, sourcesContent, sourceRoot, sections } = map as Record<string, unknown>;
  if (Array.isArray(sections))
    throw new Error("expected a plain map, received one in sections, which Node does not read");
  if (!Array.isArray(sources)) throw new Error('expected a list "sources", received none');
  const names = sources.filter((source) => typeof source === "string");
  const base = resolve(folder, typeof sourceRoot === "string" ? pathOf(sourceRoot) : "");
  const contents = Array.isArray(sourcesContent) ? sourcesContent : [];
  return {
    state: "read",
    sources: names.length,
    present: names.filter((source) => existsSync(resolve(base, pathOf(source)))).length,
    embedded: Math.min(names.length, contents.filter((content) => typeof content === "string").length),
  };
}

function loadMap(url: string, path: string): { readonly text: string; readonly folder: string } {
  const data = /^data:application\/json[^,]*?(;base64)?,/.exec(url);
  if (data !== null) {
    const body = url.slice(data[0].length);
    const text = data[1] === undefined ? decodeURIComponent(body) : Buffer.from(body, "base64").toString();
    return { text, folder: dirname(path) };
  }
  if (/^https?:/.test(url)) throw new Error("it is on the web, where Node does not look");
  const file = resolve(dirname(path), pathOf(url));
  return { text: readBounded(file, LARGEST_BYTES), folder: dirname(file) };
}

function pathOf(source: string): string {
  if (source.startsWith("file:")) return fileURLToPath(source);
  try {
    return decodeURIComponent(source);
  } catch {
    return source;
  }
}

function readBounded(path: string, mostBytes: number): string {
  const stat = statSync(path);
  if (!stat.isFile()) throw new Error(`${path}: expected a file`);
  if (stat.size > mostBytes)
    throw new Error(`${path}: expected at most ${mostBytes} bytes, received ${stat.size}`);
  return readFileSync(path, "utf8");
}

/** Marks that compilers and bundlers leave, or a line nobody would write. */
function looksBuilt(code: string): boolean {
  if (
    /^(?:var __defProp = |var __create = |"use strict";\s*Object\.defineProperty\(exports, "__esModule")/m.test(
      code,
    )
  )
    return true;
  return /__webpack_require__|^var __(?:importDefault|awaiter|decorate) = /m.test(code) || hasLongLine(code);
}

function hasLongLine(code: string): boolean {
  for (let start = 0; ; ) {
    const end = code.indexOf("\n", start);
    if ((end === -1 ? code.length : end) - start > LONGEST_WRITTEN_LINE) return true;
    if (end === -1) return false;
    start = end + 1;
  }
}
