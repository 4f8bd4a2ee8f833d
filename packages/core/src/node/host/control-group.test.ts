import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { memoryGroup } from "./control-group.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "corvid-group-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function put(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const EVENTS = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n";

describe("memoryGroup()", () => {
  test("finds that of a service, in version 2, and the limit that is set above it", () => {
    put({
      "/proc/self/cgroup": "0::/shop.slice/web.service\n",
      "/sys/fs/cgroup/memory.current": "9000\n",
      "/sys/fs/cgroup/shop.slice/memory.max": "4096\n",
      "/sys/fs/cgroup/shop.slice/memory.current": "3000\n",
      "/sys/fs/cgroup/shop.slice/memory.events": "oom_kill 99\n",
      "/sys/fs/cgroup/shop.slice/web.service/memory.max": "max\n",
      "/sys/fs/cgroup/shop.slice/web.service/memory.current": "1000\n",
      "/sys/fs/cgroup/shop.slice/web.service/memory.events": EVENTS,
    });
    const group = memoryGroup(root);

    expect(group?.limit).toBe(4096);
    expect(group?.read()).toEqual({ current: 3000, oomKills: 2 });
  });

  test("finds that of a container, which stands at the top", () => {
    put({
      "/proc/self/cgroup": "0::/\n",
      "/sys/fs/cgroup/memory.max": "2048\n",
      "/sys/fs/cgroup/memory.current": "1024\n",
      "/sys/fs/cgroup/memory.events": EVENTS,
    });

    expect(memoryGroup(root)).toMatchObject({ limit: 2048, id: expect.stringMatching(/^\d+:\d+$/) });
  });

  test("finds that of version 1, whose path is the host's", () => {
    put({
      "/proc/self/cgroup": "5:cpu,memory:/docker/abc\n0::/\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "2048\n",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": "1024\n",
      "/sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
    });
    const group = memoryGroup(root);

    expect(group?.limit).toBe(2048);
    expect(group?.read()).toEqual({ current: 1024, oomKills: 1 });
  });

  test("knows the limit that is none", () => {
    put({
      "/proc/self/cgroup": "4:memory:/\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": "1024\n",
    });
    const group = memoryGroup(root)!;

    expect(group.limit).toBeUndefined();
    expect(group.read()).toEqual({ current: 1024 });
  });

  test("goes on without anything: no files, other files, a group that ends", () => {
    expect(memoryGroup(root)).toBeUndefined();
    put({ "/proc/self/cgroup": "garbage\n0::/../../etc\n" });
    expect(memoryGroup(root)).toBeUndefined();
    put({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.current": "1024\n" });
    const group = memoryGroup(root);
    rmSync(join(root, "sys"), { recursive: true });

    expect(group?.read()).toEqual({});
  });
});
