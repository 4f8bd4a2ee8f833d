import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { textOf } from "./layout.js";
import { nodeFlags } from "./node-flags.js";

/** Name of the folder, in that of a process, where Node puts its report. */
export const REPORT_FOLDER = "report";

/** The part of `process.report` that is looked at. */
interface ReportSettings {
  reportOnFatalError: boolean;
  reportOnSignal: boolean;
  reportOnUncaughtException: boolean;
  directory: string;
  filename: string;
}

/** What must not be written. `process.report` can say so too, but when Node crashes only its flags count. */
const REQUIRED = ["--report-exclude-env", "--report-exclude-network"];

/**
 * Has Node write a report when it crashes: on a full heap, or a fatal error in native code. Node says on stderr that it
 * writes one, and reports that the application asks for come to the same folder.
 *
 * Nothing is set unless Node was started with `--report-exclude-env`, which it knows from Node 22 on, because every
 * environment variable would be written, and `--report-exclude-network`, because names of all peers would be looked up
 * before the process can end; or where the application has settings of its own. The command line is written; it is
 * never read.
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
  flags: readonly string[] = nodeFlags(),
): () => void {
  const refused = refusal(settings, flags);
  if (refused !== undefined) {
    warn(refused);
    return () => undefined;
  }
  const directory = join(folder, REPORT_FOLDER);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    warn(textOf(error));
    return () => undefined;
  }
  Object.assign(settings, { directory, reportOnFatalError: true });
  return () => {
    if (settings.directory === directory)
      Object.assign(settings, { directory: "", reportOnFatalError: false });
    try {
      rmdirSync(directory);
    } catch {
      // Not empty, or gone with the folder.
    }
  };
}

function refusal(settings: ReportSettings, flags: readonly string[]): string | undefined {
  if (!REQUIRED.every((flag) => flags.includes(flag)))
    return `expected Node 22 or newer, started with ${REQUIRED.join(" ")} (NODE_OPTIONS will do), received ${flags.join(" ") || "no flags"}`;
  const { reportOnFatalError, reportOnSignal, reportOnUncaughtException, directory, filename } = settings;
  const isSet = reportOnFatalError || reportOnSignal || reportOnUncaughtException;
  return isSet || directory !== "" || filename !== ""
    ? "expected process.report as Node sets it, received settings of the application's own"
    : undefined;
}
