import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";

/** Name of the folder, in that of a process, where Node puts its report. */
export const REPORT_FOLDER = "report";

/** The part of `process.report` that is looked at. */
interface ReportSettings {
  reportOnFatalError: boolean;
  reportOnSignal: boolean;
  reportOnUncaughtException: boolean;
  directory: string;
  filename: string;
  excludeNetwork?: boolean;
  /** Not before Node 22. */
  excludeEnv?: boolean;
}

/**
 * Has Node write a report when it crashes: on a full heap, or a fatal error in native code. What is written holds no
 * environment and no names from the network; it holds the command line, which is never read. Node says on stderr
 * that it writes one, and reports that the application asks for come to the same folder.
 *
 * Nothing is set where the environment cannot be left out (before Node 22), or where the application has settings of
 * its own.
 *
 * @param folder - that of the process
 * @param warn - told in one sentence why there will be no reports; must not throw
 * @returns gives back what was set, as far as nobody else has set it since. Does not throw
 * @see https://nodejs.org/api/report.html
 */
export function enableCrashReport(
  folder: string,
  warn: (text: string) => void,
  settings: ReportSettings = process.report,
): () => void {
  const refused = refusal(settings);
  if (refused !== undefined) {
    warn(`Node's diagnostic report stays off: ${refused}`);
    return () => undefined;
  }
  const directory = join(folder, REPORT_FOLDER);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    warn(`Node's diagnostic report stays off: ${error}`);
    return () => undefined;
  }
  const undo = set(settings, {
    directory,
    reportOnFatalError: true,
    excludeEnv: true,
    excludeNetwork: true,
  });
  return () => {
    undo();
    try {
      rmdirSync(directory);
    } catch {
      // Not empty, or gone with the folder.
    }
  };
}

function refusal(settings: ReportSettings): string | undefined {
  const { excludeEnv, reportOnFatalError, reportOnSignal, reportOnUncaughtException } = settings;
  if (excludeEnv === undefined)
    return `Node ${process.version} would write every environment variable into it`;
  const isSet = reportOnFatalError || reportOnSignal || reportOnUncaughtException;
  if (isSet || settings.directory !== "" || settings.filename !== "")
    return "the application has settings of its own for it";
  return undefined;
}

/** @returns puts back what was there, where nobody else has set it since */
function set(settings: ReportSettings, ours: Partial<ReportSettings>): () => void {
  const keys = Object.keys(ours) as (keyof ReportSettings)[];
  const before = Object.fromEntries(keys.map((key) => [key, settings[key]]));
  Object.assign(settings, ours);
  return () => {
    for (const key of keys) if (settings[key] === ours[key]) Object.assign(settings, { [key]: before[key] });
  };
}
