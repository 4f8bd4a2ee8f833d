import { existsSync } from "node:fs";
import os from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Json } from "../event.js";

/** The contexts of this host and process that never change: read once, at the first event. */
export function hostContexts(): Record<string, Record<string, Json>> {
  const cpus = os.cpus();
  return {
    os: { name: os.type(), version: os.release(), kernel_version: os.version() },
    runtime: { name: "node", version: process.version },
    app: {
      app_start_time: new Date(Date.now() - process.uptime() * 1000).toISOString(),
      app_arch: process.arch,
    },
    device: {
      name: os.hostname(),
      arch: os.arch(),
      memory_size: os.totalmem(),
      processor_count: cpus.length,
      ...(cpus[0] === undefined ? {} : { cpu_description: cpus[0].model }),
    },
    culture: { ...cultureOf(Intl.DateTimeFormat().resolvedOptions()) },
  };
}

function cultureOf({ locale, timeZone, calendar }: Intl.ResolvedDateTimeFormatOptions): Record<string, Json> {
  return { locale, timezone: timeZone, calendar };
}

/** The application's folder: where it was started if a package.json stands there, else the one its main file belongs to. */
export function findProjectRoot(cwd: string, mainFile: string | undefined): string {
  if (mainFile === undefined || existsSync(join(cwd, "package.json"))) return cwd;
  for (let folder = dirname(resolve(cwd, mainFile)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json")) && !/[\\/]node_modules(?:[\\/]|$)/.test(folder))
      return folder;
    if (dirname(folder) === folder) return cwd;
  }
}
