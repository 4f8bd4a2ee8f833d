import { readFileSync, readlinkSync } from "node:fs";

/** Where process ids mean the same: one start of one machine, and one pid namespace of it. */
export interface PidSpace {
  readonly boot: string;
  readonly namespace: string;
}

/** The pid namespace of this process; `undefined` on systems other than Linux. */
export function pidSpace(): PidSpace | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    return { boot, namespace: readlinkSync("/proc/self/ns/pid") };
  } catch {
    return undefined;
  }
}

/**
 * When a process of this pid namespace was started, in clock ticks since the machine's start. Together with the pid it
 * names one process: a later one with the same pid started later.
 *
 * @returns `undefined` when there is no such process, or its start time cannot be read
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The program's name stands in brackets and may hold brackets and spaces. The field behind it is number 3.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3];
  } catch {
    return undefined;
  }
}
