import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const SOURCES = fileURLToPath(new URL("../../src", import.meta.url));

/** A program made of our sources, for what only a process of its own can show. */
export interface Program {
  /** What Node is given to run. */
  readonly file: string;
  /** Starts it; standard input and output are pipes. @param flags - Node's own */
  start(
    args?: readonly string[],
    stdio?: "pipe" | ("ignore" | "pipe" | number)[],
    flags?: readonly string[],
  ): ChildProcess;
  remove(): void;
}

/** Bundles `code`, whose imports are relative to `src`. */
export async function createProgram(code: string): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), "corvid-program-"));
  const outfile = join(folder, "program.cjs");
  writeFileSync(join(folder, "package.json"), "{}");
  await build({
    stdin: { contents: code, resolveDir: SOURCES, loader: "ts" },
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "error",
  });
  return {
    file: outfile,
    start: (args = [], stdio = "pipe", flags = []) =>
      spawn(process.execPath, [...flags, outfile, ...args], { stdio }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** How a process ended, what it said, and after how long. */
export async function ended(
  child: ChildProcess,
): Promise<{ code: number | null; out: string; err: string; afterMs: number }> {
  const startedAt = performance.now();
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk) => (out += chunk));
  child.stderr?.on("data", (chunk) => (err += chunk));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, out, err, afterMs: performance.now() - startedAt };
}
