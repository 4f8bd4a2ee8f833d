import { type ChildProcess, execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createProgram, ended, type Program } from "../../../test/support/child.js";
import { numbered } from "../../../test/support/script.js";
import { OptionsError } from "../../model/option-checks.js";
import { reportEnvelope } from "../../transport/envelope.js";
import { consoleTransport } from "./console-transport.js";
import { fileTransport } from "./file-transport.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corvid-lines-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const line = (number: number): string => `${numbered(number).payload}\n`;

describe("fileTransport()", () => {
  test("appends one line of JSON per event, and nothing for what is no event", async () => {
    const path = join(folder, "deep", "events.ndjson");
    const transport = fileTransport(path);
    const report = reportEnvelope("f".repeat(32), 1, []);
    const results = await transport.send([
      numbered(1, [{ filename: "a", data: "left out" }]),
      report,
      numbered(2),
    ]);
    await transport.send([numbered(3)]);
    await transport.close?.(0);

    expect(results).toEqual([{ kind: "accepted" }, { kind: "accepted" }, { kind: "accepted" }]);
    expect(readFileSync(path, "utf8")).toBe(line(1) + line(2) + line(3));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("writes last words at once", () => {
    const path = join(folder, "events.ndjson");
    const transport = fileTransport({ path, mode: 0o640 });

    expect(transport.sendSync?.([numbered(1), numbered(2)], 100)).toEqual([
      { kind: "accepted" },
      { kind: "accepted" },
    ]);
    expect(readFileSync(path, "utf8")).toBe(line(1) + line(2));
  });

  test("goes on in the new file after a rotation by renaming, and at the start after one by truncating", async () => {
    const path = join(folder, "events.ndjson");
    const transport = fileTransport(path);
    await transport.send([numbered(1)]);
    renameSync(path, `${path}.1`);
    const isNew = async (): Promise<boolean> => {
      await transport.send([numbered(2)]);
      return existsSync(path);
    };
    await expect.poll(isNew, { timeout: 5000 }).toBe(true);
    truncateSync(path);
    await transport.send([numbered(3)]);

    expect(readFileSync(path, "utf8")).toBe(line(3));
    expect(readFileSync(`${path}.1`, "utf8").startsWith(line(1))).toBe(true);
  });

  test("rejects while the file cannot be had, and works when it can", async () => {
    const obstacle = join(folder, "events");
    writeFileSync(obstacle, "");
    const transport = fileTransport(join(obstacle, "a.ndjson"));

    await expect(transport.send([numbered(1)])).rejects.toThrow(/ENOTDIR|EEXIST/);
    rmSync(obstacle);
    await transport.send([numbered(1)]);
    expect(readFileSync(join(obstacle, "a.ndjson"), "utf8")).toBe(line(1));
  });

  test.each([[""], [undefined], [5]])("throws for the path %j", (path) => {
    expect(() => fileTransport({ path: path as never })).toThrow(OptionsError);
  });

  test("rejects instead of filling a device", async () => {
    await expect(fileTransport("/dev/full").send([numbered(1)])).rejects.toThrow(/ENOSPC/);
  });

  test("starts a new line after one that was torn", async () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const transport = fileTransport(fifo);
    const long = { ...numbered(1), payload: `"${"x".repeat(100_000)}"` };
    expect(() => transport.sendSync?.([long], 20)).toThrow(/the reader of the pipe has stopped/);
    const torn = readSync(reader, Buffer.alloc(200_000));
    await transport.send([numbered(2)]);

    expect(torn).toBeLessThan(100_000);
    const rest = Buffer.alloc(1000);
    expect(rest.toString("utf8", 0, readSync(reader, rest))).toBe(`\n${line(2)}`);
    closeSync(reader);
  });
});

/** Writes `argv[2]` events of 10 kB; exits at once, with last words, if `argv[3]` says so. */
const CODE = `
import { systemClock } from "./node/clock.js";
import { silentDiagnostics } from "./model/diagnostics.js";
import { eventEnvelope } from "./transport/envelope.js";
import { consoleTransport } from "./node/transports/console-transport.js";
import { createDelivery } from "./delivery/delivery.js";

const [count, then] = process.argv.slice(2);
if (then === "touched") process.stdout.write("");
const delivery = createDelivery({
  transport: consoleTransport(), clock: systemClock, random: Math.random, diagnostics: silentDiagnostics,
  newId: () => "f".repeat(32), queueSize: 10_000, queueBytes: 2 ** 26, onSettled: () => undefined,
});
for (let number = 0; number < Number(count); number++) {
  const id = String(number).padStart(32, "0");
  delivery.offer(eventEnvelope({ id, payload: JSON.stringify({ event_id: id, text: "x".repeat(10_000) }) }));
}
process.on("exit", () => {
  delivery.sendSync(2000);
  process.stderr.write(JSON.stringify(delivery.stats().delivered));
});
if (then === "flush") delivery.flush(5000);
if (then === "exit" || then === "touched") setTimeout(() => process.exit(3), 50);
`;

describe("consoleTransport()", () => {
  let program: Program;
  beforeAll(async () => {
    program = await createProgram(CODE);
  });
  afterAll(() => program.remove());

  test("throws for a stream that is none", () => {
    expect(() => consoleTransport({ stream: "stdin" as never })).toThrow(OptionsError);
  });

  test.each(["flush", "exit", "touched"])("brings everything through a pipe, once (%s)", async (then) => {
    const child = program.start(["500", then]);
    const { out, err } = await ended(child);
    const ids = out
      .trimEnd()
      .split("\n")
      .map((text) => Number(JSON.parse(text).event_id));

    expect(ids).toEqual(Array.from({ length: 500 }, (_, number) => number));
    expect(err).toBe("500");
  });

  test.each<[string, (child: Program) => ChildProcess]>([
    ["socket", (program) => program.start(["500", "exit"])],
    [
      "pipe",
      (program) => program.start(["500", "exit"], ["ignore", openSync(join(folder, "fifo"), "r+"), "pipe"]),
    ],
  ])("ends in time when nobody reads the other end of the %s", async (_, start) => {
    execFileSync("mkfifo", [join(folder, "fifo")]);
    const child = start(program);
    const startedAt = performance.now();
    const code = await new Promise((resolve) => child.on("exit", resolve));
    child.stdout?.destroy();

    expect(code).toBe(3);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  test("keeps the process alive neither", async () => {
    const child = program.start(["500", "linger"]);
    const code = await new Promise((resolve) => child.on("exit", resolve));
    child.stdout?.destroy();

    expect(code).toBe(0);
  });

  test("is no trouble when the reader is gone", async () => {
    const child = program.start(["500", "exit"]);
    child.stdout?.destroy();
    const { code, err } = await ended(child);

    expect(code).toBe(3);
    expect(err).toMatch(/^\d+$/);
  });
});
