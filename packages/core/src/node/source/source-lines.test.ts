import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Clock } from "../../model/clock.js";
import type { Frame } from "../../model/event.js";
import { createSourceLines } from "./source-lines.js";
import type { FileFacts, SourceFileSystem } from "./source-reader.js";

const BYTES = 1024 * 1024;

/** Files in memory that count how often they are read, or hang. */
function memoryFiles(files: Record<string, string>, hanging: readonly string[] = []) {
  const reads: string[] = [];
  let active = 0;
  let mostActive = 0;
  const facts = (path: string): FileFacts => {
    const content = files[path];
    if (content === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    return { isFile: () => true, size: Buffer.byteLength(content), mtimeMs: 0, ctimeMs: 0 };
  };
  const fileSystem: SourceFileSystem = {
    async stat(path) {
      reads.push(path);
      mostActive = Math.max(mostActive, ++active);
      if (hanging.includes(path)) await new Promise(() => undefined);
      await null;
      active--;
      return facts(path);
    },
    async read(path) {
      return Buffer.from(files[path] as string);
    },
    statSync(path) {
      reads.push(path);
      return facts(path);
    },
    readSync: (path) => Buffer.from(files[path] as string),
  };
  return { fileSystem, reads, mostActive: () => mostActive };
}

/** A clock whose timers run when told to. */
function handClock(): Clock & { ring(): void } {
  const timers = new Set<() => void>();
  return {
    now: () => 0,
    monotonic: () => 0,
    schedule(fn) {
      timers.add(fn);
      return { cancel: () => timers.delete(fn) };
    },
    ring() {
      for (const fn of timers) fn();
    },
  };
}

const frame = (abs_path: string, lineno = 2, more: Partial<Frame> = {}): Frame => ({
  abs_path,
  lineno,
  in_app: true,
  ...more,
});
const TEXT = "one\ntwo\nthree\nfour\n";

describe("createSourceLines().addTo()", () => {
  test("adds the lines in place", async () => {
    const { fileSystem } = memoryFiles({ "/srv/a.js": TEXT });
    const frames = [frame("/srv/a.js", 2, { colno: 1 })];

    await createSourceLines({ contextLines: 1, fileSystem }).addTo(frames);

    expect(frames).toEqual([
      {
        abs_path: "/srv/a.js",
        lineno: 2,
        colno: 1,
        in_app: true,
        context_line: "two",
        pre_context: ["one"],
        post_context: ["three"],
      },
    ]);
  });

  test("reads a file once, however many frames, events and lines", async () => {
    const { fileSystem, reads } = memoryFiles({ "/srv/a.js": TEXT.repeat(5000) });
    const lines = createSourceLines({ contextLines: 5, fileSystem });

    await Promise.all([1, 2, 3].map(() => lines.addTo([frame("/srv/a.js", 1), frame("/srv/a.js", 19_000)])));
    for (const lineno of [7, 20_000, 900]) {
      const frames = [frame("/srv/a.js", lineno)];
      await lines.addTo(frames);

      expect(frames[0]?.context_line).toBeDefined();
    }

    expect(reads).toEqual(["/srv/a.js"]);
  });

  test("a frame that cannot be written costs the others nothing", async () => {
    const { fileSystem, reads } = memoryFiles({ "/srv/a.js": TEXT, "/srv/b.js": TEXT });
    const lines = createSourceLines({ contextLines: 1, fileSystem });
    const frames = [frame("/srv/a.js"), Object.freeze(frame("/srv/b.js"))];

    await lines.addTo(frames);
    await lines.addTo([frame("/srv/b.js")]);

    expect(frames.map((one) => one.context_line)).toEqual(["two", undefined]);
    expect(reads).toHaveLength(2);
  });

  test("weighs what it learns of a file, so that a file of many lines stays within the budget", async () => {
    const { fileSystem, reads } = memoryFiles({ "/srv/a.js": "\n".repeat(100_000), "/srv/b.js": TEXT });
    const lines = createSourceLines({ contextLines: 1, fileSystem, maxCacheBytes: 400_000 });
    for (const lineno of [1, 99_999, 1]) await lines.addTo([frame("/srv/a.js", lineno), frame("/srv/b.js")]);

    expect(reads).toEqual(["/srv/b.js", "/srv/a.js", "/srv/a.js"]);
  });

  test("asks for a missing file once", async () => {
    const { fileSystem, reads } = memoryFiles({});
    const lines = createSourceLines({ contextLines: 5, fileSystem });
    for (let i = 0; i < 3; i++) await lines.addTo([frame("/srv/gone.js")]);

    expect(reads).toEqual(["/srv/gone.js"]);
  });

  test("keeps of a bundle larger than the budget the places shown, and reads it again only for others", async () => {
    const { fileSystem, reads } = memoryFiles({ "/srv/bundle.js": `${"x;".repeat(BYTES)}\nlast` });
    const lines = createSourceLines({ contextLines: 5, fileSystem, maxCacheBytes: BYTES });
    const show = async (colno: number): Promise<string | undefined> => {
      const frames = [frame("/srv/bundle.js", 1, { colno })];
      await lines.addTo(frames);
      return frames[0]?.context_line;
    };

    expect(await show(1000)).toMatch(/^….+…$/);
    expect(await show(1000)).toMatch(/^….+…$/);
    expect(reads).toHaveLength(1);

    for (let colno = 0; colno < 100; colno++) await show(colno * 1000);

    expect(reads).toHaveLength(8);
    expect(await show(1000)).toMatch(/^….+…$/);
  });

  test("stays within its budget", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`/srv/${i}.js`, TEXT.repeat(1000)]),
    );
    const { fileSystem, reads } = memoryFiles(files);
    const lines = createSourceLines({ contextLines: 1, fileSystem, maxCacheBytes: 200_000 });
    for (const path of Object.keys(files)) await lines.addTo([frame(path)]);
    await lines.addTo([frame("/srv/99.js")]);
    await lines.addTo([frame("/srv/0.js")]);

    expect(reads).toHaveLength(101);
    expect(reads.at(-1)).toBe("/srv/0.js");
  });

  test("reads the files of in-app frames first, nearest to the failure first, two at a time", async () => {
    const { fileSystem, reads, mostActive } = memoryFiles({});

    await createSourceLines({ contextLines: 1, fileSystem }).addTo([
      frame("/srv/main.js"),
      frame("/srv/node_modules/p/a.js", 1, { in_app: false }),
      frame("/srv/orders.js"),
      frame("/srv/node_modules/p/b.js", 1, { in_app: false }),
    ]);

    expect(reads).toEqual([
      "/srv/orders.js",
      "/srv/main.js",
      "/srv/node_modules/p/b.js",
      "/srv/node_modules/p/a.js",
    ]);
    expect(mostActive()).toBe(2);
  });

  test("does not wait for a disk that hangs, nor asks it again", async () => {
    const clock = handClock();
    const { fileSystem, reads } = memoryFiles({ "/srv/a.js": TEXT }, ["/nfs/a.js"]);
    const lines = createSourceLines({ contextLines: 1, fileSystem, clock });
    const frames = [frame("/nfs/a.js"), frame("/srv/a.js")];

    const first = lines.addTo(frames);
    await new Promise((resolve) => setImmediate(resolve));
    clock.ring();
    await first;

    expect(frames.map((one) => one.context_line)).toEqual([undefined, "two"]);

    await lines.addTo([frame("/nfs/a.js")]);

    expect(reads.filter((path) => path === "/nfs/a.js")).toHaveLength(1);
  });

  test("opens nothing but scripts on this machine", async () => {
    const { fileSystem, reads } = memoryFiles({});
    const paths = [
      "node:fs",
      "src/a.js",
      "wasm://wasm/a.js",
      "data:text/javascript,x.js",
      "https://example.com/a.js",
      "webpack-internal:///./a.js",
      "//host/share/a.js",
      "\\\\host\\share\\a.js",
      "/srv/a\0.js",
      "/srv/keys.pem",
      "/srv/config.json",
      `/srv/${"a".repeat(5000)}.js`,
      "",
    ];
    const lines = createSourceLines({ contextLines: 1, fileSystem });
    await lines.addTo(paths.map((path) => frame(path)));
    lines.addToSync(paths.map((path) => frame(path)));

    expect(reads).toEqual([]);
  });

  test("is off with 0 context lines", async () => {
    const { fileSystem, reads } = memoryFiles({ "/srv/a.js": TEXT });
    const lines = createSourceLines({ contextLines: 0, fileSystem });
    await lines.addTo([frame("/srv/a.js")]);
    lines.addToSync([frame("/srv/a.js")]);

    expect(reads).toEqual([]);
  });

  test("never throws", async () => {
    const { fileSystem } = memoryFiles({ "/srv/a.js": TEXT });
    const lines = createSourceLines({ contextLines: 1, fileSystem });
    const hostile = [
      null,
      Object.freeze(frame("/srv/a.js")),
      { abs_path: 7, lineno: "x" },
    ] as unknown as Frame[];

    for (const frames of [hostile, hostile.slice(1), undefined as unknown as Frame[]]) {
      await expect(lines.addTo(frames)).resolves.toBeUndefined();
      expect(() => lines.addToSync(frames)).not.toThrow();
    }
  });
});

describe("createSourceLines().addToSync()", () => {
  test("shows what is remembered and reads five files more", async () => {
    const files = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`/srv/${i}.js`, TEXT]));
    const { fileSystem, reads } = memoryFiles(files);
    const lines = createSourceLines({ contextLines: 1, fileSystem });
    await lines.addTo([frame("/srv/0.js")]);
    const frames = Object.keys(files).map((path) => frame(path));

    lines.addToSync(frames);

    expect(frames.filter((one) => one.context_line === "two").map((one) => one.abs_path)).toEqual(
      [0, 4, 5, 6, 7, 8].map((i) => `/srv/${i}.js`),
    );
    expect(reads).toHaveLength(6);
  });
});

describe("createSourceLines() on real files", () => {
  let directory = "";
  const later = (): number => Date.now() + 60_000;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "corvid-lines-"));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const shown = async (path: string, trustedUntilMs?: number): Promise<(string | undefined)[]> => {
    const options = { contextLines: 1, ...(trustedUntilMs === undefined ? {} : { trustedUntilMs }) };
    const [asynchronous, synchronous] = [frame(path), frame(path)];
    await createSourceLines(options).addTo([asynchronous]);
    createSourceLines(options).addToSync([synchronous]);
    return [asynchronous.context_line, synchronous.context_line];
  };
  const written = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };

  test("reads a file", async () => {
    expect(await shown(written("a.js", TEXT), later())).toEqual(["two", "two"]);
    expect(await shown(written("empty.js", ""), later())).toEqual([undefined, undefined]);
  });

  test("shows no file that was changed after the process started, were it dated back", async () => {
    const path = written("deployed.js", TEXT);
    utimesSync(path, new Date(0), new Date(0));

    expect(statSync(path).mtimeMs).toBe(0);
    expect(await shown(path)).toEqual([undefined, undefined]);
    expect(await shown(path, later())).toEqual(["two", "two"]);
  });

  test("shows a file without an extension only when it is a script", async () => {
    expect(await shown(written("command", "#!/usr/bin/env node\ntwo\n"), later())).toEqual(["two", "two"]);
    expect(await shown(written("password", "user\ntwo\n"), later())).toEqual([undefined, undefined]);
    expect(await shown(written(".env", "A=1\nB=2\n"), later())).toEqual([undefined, undefined]);
  });

  test("is not held by pipes, devices and directories", async () => {
    const pipe = join(directory, "pipe.js");
    execFileSync("mkfifo", [pipe]);
    symlinkSync("/dev/zero", join(directory, "zero.js"));

    for (const path of [pipe, join(directory, "zero.js"), directory]) {
      expect(await shown(path, later())).toEqual([undefined, undefined]);
    }
  });
});
