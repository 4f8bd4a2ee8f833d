import { fstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { devNull } from "node:os";

/** A process that is there, and how it is. */
export interface SeenProcess {
  /** Not even a process that gets the same number later, or in another container, has the same. */
  readonly identity: string;
  /** It is working at this moment: not waiting for anything, not halted by a debugger. */
  readonly isBusy: boolean;
}

/**
 * Looks a process up by its number: when it was started, in which name space, since which start of the machine.
 *
 * @returns `undefined` where there is none with that number, or where one cannot know: anywhere but on Linux
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function seeProcess(pid: number): SeenProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name of the program stands in brackets, and may hold some itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const started = fields[19];
    const machine = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    const space = readlinkSync("/proc/self/ns/pid");
    return { identity: `${machine} ${space} ${pid} ${started}`, isBusy: fields[0] === "R" };
  } catch {
    return undefined;
  }
}

/** Whether people start and stop the process by hand: its input or its output is a terminal. */
export function isAtTerminal(): boolean {
  return [0, 1].some((handle) => {
    try {
      // As `node:tty` would tell, which takes a millisecond to load: only terminals and the null device are of this kind.
      const stats = fstatSync(handle);
      return stats.isCharacterDevice() && stats.rdev !== statSync(devNull).rdev;
    } catch {
      return false;
    }
  });
}

/** Whether the process was started to be debugged: with `--inspect` and its kin, or by an editor. */
export function isStartedForDebugging(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const flags = [...argv, ...(env["NODE_OPTIONS"] ?? "").split(/\s+/)];
  return (
    env["VSCODE_INSPECTOR_OPTIONS"] !== undefined ||
    flags.some((flag) => /^"?--inspect(-brk|-wait)?(=|"?$)/.test(flag))
  );
}

/** Whether a debugger can attach at this moment. The first call loads `node:inspector`, which takes a millisecond. */
export function isInspectorOpen(): boolean {
  try {
    return process.getBuiltinModule("node:inspector").url() !== undefined;
  } catch {
    // A Node that was built without one.
    return false;
  }
}
