import { readArguments } from "./arguments.js";
import { entryFindings } from "./doctor/entry.js";
import { tellEnvironment } from "./doctor/environment.js";
import { nodeFinding } from "./doctor/node-version.js";
import { packageFindings } from "./doctor/packages.js";
import { readProject } from "./doctor/project.js";
import { tellSpool } from "./doctor/spool.js";
import { createReport } from "./report.js";
import type { ExitCode, World } from "./world.js";

/** What `corvid doctor --help` prints. */
export const DOCTOR_HELP = `Usage: corvid doctor [options]

Looks at the application in this folder and its environment: what Corvid will find there, and what it will miss. Reads
files and variables; sends nothing, changes nothing.

  --entry FILE   the file that is started (default: what package.json says)
  --spool DIR    the folder of the spool option (default: the one that Corvid chooses for SENTRY_DSN)
  --json         one JSON document in place of text
  --help         print this
`;

const OPTIONS = { entry: "string", spool: "string", json: "boolean", help: "boolean" } as const;

/**
 * `corvid doctor`: what Corvid finds around the application.
 *
 * @throws {UsageError}
 */
export async function doctor(args: readonly string[], world: World): Promise<ExitCode> {
  const { flags, values } = readArguments(args, OPTIONS, 0);
  const report = createReport("doctor", flags.has("json"), world);
  const project = readProject(world.cwd, values.entry);
  report.add(nodeFinding(process.versions.node));
  for (const finding of packageFindings(project)) report.add(finding);
  const dsn = tellEnvironment(project, world, report);
  await tellSpool(values.spool, dsn, world, report);
  for (const finding of entryFindings(project, world)) report.add(finding);
  return report.end("No problem found.");
}
