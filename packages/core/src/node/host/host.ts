import { readFileSync } from "node:fs";
import os from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Json } from "../../model/event.js";
import { readText } from "../../model/safe-read.js";
import { cloudContext } from "./cloud.js";
import { cultureContext } from "./culture.js";
import { isThere } from "./folders.js";

/**
 * The contexts of this host and process that never change: read once, at the first event. A system that refuses one of
 * them costs the event that one.
 *
 * @param projectRoot - absolute path of the application's folder, whose package.json names the application
 * @param onFailure - called with the name of each context that could not be read, and the error
 */
export function hostContexts(
  projectRoot: string,
  env: Readonly<Record<string, string | undefined>>,
  onFailure: (name: string, error: unknown) => void,
): Record<string, Record<string, Json>> {
  const readers: Readonly<Record<string, () => Record<string, Json> | undefined>> = {
    os: () => ({ name: os.type(), version: os.release(), kernel_version: os.version(), ...distribution() }),
    runtime: runtimeContext,
    app: () => ({ app_start_time: startTime(), app_arch: process.arch, ...application(projectRoot) }),
    device: deviceContext,
    culture: () => cultureContext(env.TZ),
    cloud_resource: () => cloudContext(env),
  };
  const contexts: Record<string, Record<string, Json>> = {};
  for (const [name, readContext] of Object.entries(readers)) {
    try {
      const context = readContext();
      if (context !== undefined) contexts[name] = context;
    } catch (error) {
      onFailure(name, error);
    }
  }
  return contexts;
}

function deviceContext(): Record<string, Json> {
  const cpus = os.cpus();
  return {
    name: os.hostname(),
    arch: os.arch(),
    memory_size: os.totalmem(),
    processor_count: cpus.length,
    ...(cpus[0] === undefined ? {} : { cpu_description: cpus[0].model }),
  };
}

/** What runs the application. */
export function runtimeContext(): Record<string, Json> {
  return { name: "node", version: process.version };
}

/** When the process started. */
export function startTime(): string {
  return new Date(Date.now() - process.uptime() * 1000).toISOString();
}

/** Name and version as package.json has them. */
function application(projectRoot: string): Record<string, Json> {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8"));
    const [name, version] = [readText(manifest, "name"), readText(manifest, "version")];
    return {
      ...(name === undefined ? {} : { app_name: name }),
      ...(version === undefined ? {} : { app_version: version }),
    };
  } catch {
    return {};
  }
}

/**
 * The Linux distribution, as its own file tells.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/os-release.html
 */
function distribution(): Record<string, Json> {
  if (process.platform !== "linux") return {};
  try {
    const text = readFileSync("/etc/os-release", "utf8");
    const names = { ID: "name", VERSION_ID: "version", PRETTY_NAME: "pretty_name" };
    return Object.fromEntries(
      Object.entries(names).flatMap(([key, name]) => {
        const value = new RegExp(`^${key}=["']?(.+?)["']?$`, "m").exec(text)?.[1];
        return value === undefined ? [] : [[`distribution_${name}`, value]];
      }),
    );
  } catch {
    return {};
  }
}

/** The application's folder: where it was started if a package.json stands there, else the one its main file belongs to. */
export function findProjectRoot(cwd: string, mainFile: string | undefined): string {
  if (mainFile === undefined || isThere(join(cwd, "package.json"))) return cwd;
  for (let folder = dirname(resolve(cwd, mainFile)); ; folder = dirname(folder)) {
    if (isThere(join(folder, "package.json")) && !/[\\/]node_modules(?:[\\/]|$)/.test(folder)) return folder;
    if (dirname(folder) === folder) return cwd;
  }
}
