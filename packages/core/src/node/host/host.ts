import { readFileSync, realpathSync } from "node:fs";
import os from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import type { Json } from "../../model/event.js";
import { read, readText } from "../../model/safe-read.js";
import { cloudContext, containerContext } from "./cloud.js";
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
    os: osContext,
    runtime: runtimeContext,
    app: () => ({ app_start_time: startTime(), app_arch: process.arch, ...application(projectRoot) }),
    device: deviceContext,
    culture: () => cultureContext(env.TZ),
    cloud_resource: () => cloudContext(env),
    container: () => containerContext(env),
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
    boot_time: new Date(Date.now() - os.uptime() * 1000).toISOString(),
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

/** The operating system by the name its users give it. */
function osContext(): Record<string, Json> {
  const kernel = { kernel_version: os.release(), build: os.version() };
  if (process.platform === "win32") return { name: "Windows", version: os.release(), ...kernel };
  if (process.platform === "darwin") {
    const version = fieldOf("/System/Library/CoreServices/SystemVersion.plist", PRODUCT_VERSION);
    return { name: "macOS", version: version ?? os.release(), ...kernel };
  }
  const release = "/etc/os-release";
  return {
    name: fieldOf(release, /^NAME=["']?(.+?)["']?$/m) ?? os.type(),
    version: fieldOf(release, /^VERSION_ID=["']?(.+?)["']?$/m) ?? os.release(),
    ...kernel,
  };
}

const PRODUCT_VERSION = /<key>ProductVersion<\/key>\s*<string>([^<]+)/;

/** @see https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
function fieldOf(path: string, pattern: RegExp): string | undefined {
  try {
    return pattern.exec(readFileSync(path, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

/**
 * The application's folder: that of the package its main file belongs to, so that a monorepo's applications differ and
 * the working directory does not matter. Where the main file is a tool of the project (a test runner, a framework's
 * command), the package of the working directory.
 */
export function findProjectRoot(cwd: string, mainFile: string | undefined): string {
  if (mainFile === undefined) return cwd;
  const entry = realPath(resolve(cwd, mainFile));
  const packages = entry.replaceAll("\\", "/").lastIndexOf("/node_modules/");
  const isTool = packages !== -1 && `${cwd}/`.startsWith(`${entry.slice(0, packages)}${sep}`);
  return (isTool ? undefined : packageAbove(dirname(entry))) ?? packageAbove(cwd) ?? cwd;
}

function packageAbove(start: string): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    if (isPackage(join(folder, "package.json"))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

/** A manifest that says nothing but a `type` marks a build's folder. */
function isPackage(path: string): boolean {
  if (!isThere(path)) return false;
  try {
    const manifest: unknown = JSON.parse(readFileSync(path, "utf8"));
    return (
      ["name", "version"].some((name) => read(manifest, name) !== undefined) ||
      read(manifest, "type") === undefined
    );
  } catch {
    return true;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
