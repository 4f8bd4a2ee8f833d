/** How Node treats an unhandled rejection. @see https://nodejs.org/api/cli.html#--unhandled-rejectionsmode */
export type RejectionMode = "throw" | "strict" | "warn" | "warn-with-error-code" | "none";

const MODES: readonly string[] = ["throw", "strict", "warn", "warn-with-error-code", "none"];

/**
 * The mode of this process, read from where it can be set: the command line, which wins, and `NODE_OPTIONS`.
 *
 * @param execArgv - Node's own arguments, as in `process.execArgv`
 */
export function rejectionMode(execArgv: readonly string[], nodeOptions: string | undefined): RejectionMode {
  return lastMode(execArgv) ?? lastMode((nodeOptions ?? "").split(/\s+/)) ?? "throw";
}

/** Node takes `--a-b=value`, `--a_b=value` and the value as the next argument; the last one counts. */
function lastMode(args: readonly string[]): RejectionMode | undefined {
  let mode: string | undefined;
  args.forEach((arg, index) => {
    const [name = "", value] = arg.replaceAll('"', "").split("=", 2);
    if (name.replaceAll("_", "-") === "--unhandled-rejections") mode = value ?? args[index + 1];
  });
  return MODES.includes(mode ?? "") ? (mode as RejectionMode) : undefined;
}
