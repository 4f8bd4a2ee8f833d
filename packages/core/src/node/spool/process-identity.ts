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

/** This process, as {@link isProvenDead} reads it; `""` on systems other than Linux. */
export function ownerText(): string {
  const space = pidSpace();
  const ticks = startTicks(process.pid);
  return space === undefined || ticks === undefined
    ? ""
    : `${space.boot} ${space.namespace} ${process.pid} ${ticks}`;
}

/**
 * Whether the process of an {@link ownerText} has ended: its pid is free, or belongs to a process that started later. A
 * living process proves nothing, because threads and closed clients leave folders, too.
 */
export function isProvenDead(owner: string): boolean {
  const [boot, namespace, pid, ticks] = owner.split(" ");
  const here = pidSpace();
  if (ticks === undefined || here === undefined || boot !== here.boot || namespace !== here.namespace)
    return false;
  return startTicks(Number(pid)) !== ticks;
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
