import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The application that is looked at. */
export interface Project {
  /** Folder of its package.json, or where the command was started. */
  readonly root: string;
  /** Its package.json; `undefined` when there is none that can be read. */
  readonly manifest: Manifest | undefined;
  readonly entry: Entry | undefined;
}

/** The file that is started. */
export interface Entry {
  /** Absolute. */
  readonly path: string;
  /** What says so: `--entry`, or a field of package.json. */
  readonly source: string;
}

/** The fields of package.json that are looked at; whatever stands in them. */
export type Manifest = Readonly<Record<string, unknown>>;

/** Finds the application a folder belongs to. @param entry - `--entry`, relative to `cwd` */
export function readProject(cwd: string, entry: string | undefined): Project {
  const root = folderOfManifest(cwd) ?? cwd;
  const manifest = readManifest(root);
  const chosen =
    entry === undefined ? entryOf(root, manifest) : { path: resolve(cwd, entry), source: "--entry" };
  return { root, manifest, entry: chosen };
}

/** A package.json as far as it can be read: `undefined` when it is missing, broken or no object. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return isRecord(manifest) ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Keys of a part of the manifest: names of dependencies. */
export function namesIn(part: unknown): readonly string[] {
  return isRecord(part) ? Object.keys(part) : [];
}

/** The field of a manifest, if it is a text. */
export function textIn(part: unknown, name: string): string | undefined {
  const value = isRecord(part) ? part[name] : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}

function folderOfManifest(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Servers say it in `scripts.start`, libraries and commands in `main` and `bin`. */
function entryOf(root: string, manifest: Manifest | undefined): Entry | undefined {
  const bin = manifest?.["bin"];
  const candidates: readonly (readonly [string, string | undefined])[] = [
    ["scripts.start", startedFile(textIn(manifest?.["scripts"], "start"))],
    ["main", textIn(manifest, "main")],
    ["bin", typeof bin === "string" ? bin : textIn(bin, namesIn(bin)[0] ?? "")],
  ];
  for (const [field, file] of candidates) {
    if (file !== undefined) return { path: resolve(root, file), source: `${field} of package.json` };
  }
  const path = join(root, "index.js");
  return existsSync(path) ? { path, source: "Node's default" } : undefined;
}

const WITH_VALUE =
  /^(?:-r|--require|--import|--loader|--experimental-loader|--env-file|--env-file-if-exists|-C|--conditions)$/;

/** `node --import ./tracing.js dist/main.js --port 80` starts `dist/main.js`. */
function startedFile(script: string | undefined): string | undefined {
  const words = script?.trim().split(/\s+/) ?? [];
  const node = words.findIndex((word) => /(?:^|\/)node(?:\.exe)?$/.test(word));
  if (node === -1) return undefined;
  for (let index = node + 1; index < words.length; index++) {
    const word = words[index]!;
    if (WITH_VALUE.test(word)) index++;
    else if (!word.startsWith("-")) return word.replace(/^["']|["']$/g, "");
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
