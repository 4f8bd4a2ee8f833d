import { fstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { devNull } from "node:os";
import { setTimeout } from "node:timers/promises";

/** A process that is there. */
export interface SeenProcess {
  /** Not even a process that gets the same number later, or in another container, has the same. */
  readonly identity: string;
  /** It works at this moment: it waits for nothing, and is not halted. */
  readonly isRunning: boolean;
  /** What it has used of the processor, in hundredths of a second. */
  readonly cpuTicks: number;
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
    // The name of the program stands in brackets, and may hold some itself. What follows is numbered from 3.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, user, system, started] = [3, 14, 15, 22].map((number) => fields[number - 3]);
    const machine = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    const space = readlinkSync("/proc/self/ns/pid");
    return {
      identity: `${machine} ${space} ${pid} ${started}`,
      isRunning: state === "R",
      cpuTicks: Number(user) + Number(system),
    };
  } catch {
    return undefined;
  }
}

const LOOKS = 5;
const LOOK_AGAIN_MS = 100;
/** A tenth of the time: on a crowded machine it gets no more. */
const BUSY_TICKS = (LOOKS * LOOK_AGAIN_MS) / 100;

/**
 * Looks at a process for half a second: one that hangs in its own work never rests.
 *
 * @returns `undefined` when that very process is not there
 */
export async function watchProcess(
  pid: number,
  identity: string,
): Promise<{ readonly isBusy: boolean } | undefined> {
  const first = seeProcess(pid);
  if (first?.identity !== identity) return undefined;
  let last = first;
  let isBusy = first.isRunning;
  for (let looks = 0; looks < LOOKS; looks++) {
    await setTimeout(LOOK_AGAIN_MS, undefined, { ref: false });
    const now = seeProcess(pid);
    if (now?.identity !== identity) return undefined;
    isBusy &&= now.isRunning;
    last = now;
  }
  return { isBusy: isBusy && last.cpuTicks - first.cpuTicks >= BUSY_TICKS };
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
  flags: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return (
    env["VSCODE_INSPECTOR_OPTIONS"] !== undefined ||
    flags.some((flag) => /^--inspect(-brk|-wait)?(=|$)/.test(flag))
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
