import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProgram, type Program } from "./child.js";

/** A process that is watched and then ends in some way. */
export interface DyingRun<Seen = undefined> {
  /** Where it wrote down how it was. */
  readonly folder: string;
  readonly code: number | null;
  readonly signal: string | null;
  readonly err: string;
  /** What was made of the folder while the process was there. */
  readonly seen?: Seen;
}

/** How it is started, and ended from outside. */
export interface Death {
  readonly node?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Sent one after the other, each when the process has said one more `ready`. */
  readonly signals?: readonly NodeJS.Signals[];
}

/** A program that watches itself, with beats that come fifty times as often, and does what it is told to. */
export interface DyingProgram {
  /** @param look - called when the process has first said `ready`, before anything is sent to it */
  run<Seen>(what: string, death?: Death, look?: (folder: string) => Promise<Seen>): Promise<DyingRun<Seen>>;
  remove(): void;
}

const CODE = `
import { Worker, isMainThread } from "node:worker_threads";
import { systemClock } from "./node/clock.js";
import { recordRun } from "./node/spool/run-recorder.js";

const [folder, what] = process.argv.slice(2);
const stay = () => setInterval(() => undefined, 1000);
const ready = () => console.log("ready");
const kept = [];
const fill = () => {
  for (let n = 0; n < 2000; n++) kept.push({ n, list: [n, n + 1] });
};
const ways = {
  wait: () => { stay(); setTimeout(ready, 50); },
  exit: () => process.exit(0),
  end: () => undefined,
  "exit-3": () => process.exit(3),
  throw: () => { throw new Error("nobody catches this"); },
  reject: () => { Promise.reject(new Error("nobody catches this")); },
  abort: () => setTimeout(() => process.abort(), 50),
  "leak": function leak() { fill(); setImmediate(ways.leak); },
  "leak-at-once": function leakAtOnce() { for (;;) fill(); },
  "stop": () => { stop(); ready(); stay(); },
  "handle": () => { stay(); process.on("SIGTERM", ready); ready(); },
  "handle-once": () => { stay(); process.once("SIGTERM", ready); ready(); },
  "handle-and-leave": () => {
    stay();
    const listener = () => undefined;
    process.on("SIGTERM", listener);
    process.off("SIGTERM", listener);
    ready();
  },
  "clean-up": () => {
    stay();
    const listener = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (process.listeners("SIGTERM").length !== 1) return;
      process.off("SIGTERM", listener);
      process.kill(process.pid, "SIGTERM");
    };
    process.on("SIGTERM", listener);
    setImmediate(ready);
  },
  "worker": () => { new Worker(__filename, { argv: [folder + "/none", "in-worker"] }).on("exit", ready); stay(); },
  "in-worker": () => process.exit(0),
};
const stop = recordRun({
  folder: () => folder,
  head: JSON.stringify({ release: "shop@1.0.0", environment: "test", server_name: "web-1" }),
  crumbs: () => ['{"message":"a step"}'],
  clock: {
    ...systemClock,
    schedule: (fn, delayMs) => systemClock.schedule(fn, delayMs / 50),
  },
});
ways[what]();
`;

/** Bundles it. */
export async function createDyingProgram(): Promise<DyingProgram> {
  const program = await createProgram(CODE);
  const folders: string[] = [];
  return {
    run(what, death = {}, look = undefined) {
      const folder = mkdtempSync(join(tmpdir(), "corvid-run-"));
      folders.push(folder);
      return die({ program, folder, what, death, ...(look === undefined ? {} : { look }) });
    },
    remove() {
      program.remove();
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Dying<Seen> {
  readonly program: Program;
  readonly folder: string;
  readonly what: string;
  readonly death: Death;
  readonly look?: (folder: string) => Promise<Seen>;
}

async function die<Seen>({ program, folder, what, death, look }: Dying<Seen>): Promise<DyingRun<Seen>> {
  const { node = process.execPath, flags = [], env, signals = [] } = death;
  const child = spawn(node, [...flags, program.file, folder, what], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const patience = setTimeout(() => child.kill("SIGKILL"), 30_000);
  const waiting = [...signals];
  let err = "";
  let seen: Promise<Seen> | undefined;
  child.stderr.on("data", (chunk) => (err += chunk));
  child.stdout.on("data", async (chunk: Buffer) => {
    seen ??= look?.(folder);
    await seen;
    for (const _ of chunk.toString().matchAll(/ready/g)) child.kill(waiting.shift() ?? 0);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  clearTimeout(patience);
  return { folder, code, signal, err, ...(seen === undefined ? {} : { seen: await seen }) };
}
