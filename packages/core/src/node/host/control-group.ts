import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** The memory side of a Linux control group, which is what a container or a service is to the kernel. */
export interface MemoryGroup {
  /** The same for as long as this very group exists; a restarted container has another one. */
  readonly id: string;
  /** Bytes that it may use, all its processes together; absent without a limit. */
  readonly limit?: number;
  read(): GroupReading;
}

/** The changing figures. Absent where the kernel has none. */
export interface GroupReading {
  /** Bytes in use, the page cache included. */
  readonly current?: number;
  /** Processes of the group that the kernel has killed for lack of memory, since the group exists. */
  readonly oomKills?: number;
}

/** Where one version of control groups keeps things. */
interface Layout {
  /** The line of `/proc/self/cgroup` with the path of the process's own group. */
  readonly line: RegExp;
  readonly root: string;
  readonly limit: string;
  readonly current: string;
  readonly events: string;
}

/** Where both are in use, memory belongs to the first version, if that lists it. */
const LAYOUTS: readonly Layout[] = [
  {
    line: /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(\/.*)$/m,
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    current: "memory.usage_in_bytes",
    events: "memory.oom_control",
  },
  {
    line: /^0::(\/.*)$/m,
    root: "/sys/fs/cgroup",
    limit: "memory.max",
    current: "memory.current",
    events: "memory.events",
  },
];

/**
 * The memory group of this process.
 *
 * @param root - put in front of every path, so that tests bring a file system of their own
 * @returns `undefined` where there is none, as anywhere but on Linux
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
 */
export function memoryGroup(root = ""): MemoryGroup | undefined {
  const paths = readText(join(root, "/proc/self/cgroup"));
  if (paths === undefined) return undefined;
  for (const layout of LAYOUTS) {
    const path = layout.line.exec(paths)?.[1];
    if (path === undefined) continue;
    const top = join(root, layout.root);
    // Within a container the path is often that of the host, and the group itself stands at the top.
    const own = [join(top, path), top].find((folder) => numberIn(join(folder, layout.current)) !== undefined);
    if (own !== undefined) return groupAt(own, top, layout);
  }
  return undefined;
}

function groupAt(own: string, top: string, layout: Layout): MemoryGroup {
  // The limit may be set further up, for a pod or a slice. The count of kills is the own group's, so that others don't add to it.
  const limiting = ancestors(own, top).find((folder) => isLimit(numberIn(join(folder, layout.limit)))) ?? own;
  const limit = numberIn(join(limiting, layout.limit));
  return {
    id: identity(own),
    ...(isLimit(limit) ? { limit } : {}),
    read() {
      const current = numberIn(join(limiting, layout.current));
      const kills = /^oom_kill (\d+)$/m.exec(readText(join(own, layout.events)) ?? "")?.[1];
      return {
        ...(current === undefined ? {} : { current }),
        ...(kills === undefined ? {} : { oomKills: Number(kills) }),
      };
    },
  };
}

/** A folder and those above it, up to `top`. */
function ancestors(folder: string, top: string): string[] {
  const above = dirname(folder);
  return folder === top || above === folder ? [folder] : [folder, ...ancestors(above, top)];
}

/** The first version says "none" with a number beyond any machine. */
const NO_LIMIT = 2 ** 60;

function isLimit(bytes: number | undefined): bytes is number {
  return bytes !== undefined && bytes > 0 && bytes < NO_LIMIT;
}

/** The kernel numbers groups, and shows the number as that of the folder. */
function identity(folder: string): string {
  try {
    const { dev, ino } = statSync(folder);
    return `${dev}:${ino}`;
  } catch {
    return "";
  }
}

/** `max` is no number. */
function numberIn(file: string): number | undefined {
  const text = readText(file)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}
