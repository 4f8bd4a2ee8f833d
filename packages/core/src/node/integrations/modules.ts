import { readFileSync } from "node:fs";
import Module from "node:module";
import { join } from "node:path";
import type { Integration } from "../../client/integration.js";
import type { Clock } from "../../model/clock.js";
import { read } from "../../model/safe-read.js";
import { systemClock } from "../clock.js";

/** The time one event may spend on finding packages; a later event has the rest. */
const BUDGET_MS = 4;
/** By the protocol, for all names and versions together. */
const MOST_BYTES = 8192;
/** How long it takes until packages that were loaded meanwhile are looked for. */
const PAUSE_MS = 60_000;

/**
 * `Modules`: names and versions of packages, in `modules`: those that the application's package.json asks for and that are
 * installed, then those that were loaded by `require`. Looked up while events are made, a few milliseconds at a time,
 * and each once.
 *
 * @param root - absolute path of the application's folder
 * @param loaded - absolute paths of all files loaded so far
 */
export function modulesIntegration(
  root: string,
  loaded: () => readonly string[] = loadedFiles,
  clock: Clock = systemClock,
): Integration {
  const versions: Record<string, string> = {};
  const seen = new Set<string>();
  let bytes = 0;
  let search: Iterator<string> | undefined;
  let nextAt = Number.NEGATIVE_INFINITY;

  const learn = (folder: string): void => {
    if (seen.has(folder)) return;
    seen.add(folder);
    const manifest = readManifest(folder);
    const [name, version] = [read(manifest, "name"), read(manifest, "version")];
    if (typeof name !== "string" || typeof version !== "string" || name in versions) return;
    bytes += name.length + version.length + 6;
    if (bytes <= MOST_BYTES) versions[name] = version;
  };

  const lookAround = (): void => {
    const startedAt = clock.monotonic();
    if (startedAt < nextAt || bytes > MOST_BYTES) return;
    search ??= packageFolders(root, loaded());
    while (clock.monotonic() - startedAt < BUDGET_MS) {
      const { done, value } = search.next();
      if (done === true) {
        search = undefined;
        nextAt = clock.monotonic() + PAUSE_MS;
        return;
      }
      learn(value);
    }
  };

  return {
    name: "Modules",
    process(event) {
      lookAround();
      return event.modules === undefined && seen.size > 0 ? { ...event, modules: { ...versions } } : event;
    },
  };
}

function* packageFolders(root: string, files: readonly string[]): Generator<string> {
  const dependencies = read(readManifest(root), "dependencies");
  if (typeof dependencies === "object" && dependencies !== null)
    for (const name of Object.keys(dependencies)) yield join(root, "node_modules", name);
  for (const file of files) {
    const [folder] = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(file) ?? [];
    if (folder !== undefined) yield folder;
  }
}

function readManifest(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * `require.cache`, by the private name under which `node:module` exports the same object: bundlers replace
 * `createRequire` by something of their own. Absent in runners that bring a module system of their own.
 */
function loadedFiles(): readonly string[] {
  return Object.keys(read(Module, "_cache") ?? {});
}
