import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** How a process ended, and what it said. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly afterMs: number;
}

/** What is started. */
export interface NodeProcess {
  /** Path of the Node to run. Default: this one. */
  readonly node?: string;
  readonly argv: readonly string[];
  /** All that the process sees of the environment, besides `PATH`: nothing of the test runner's reaches it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Sent once the process has said `ready`. */
  readonly signal?: NodeJS.Signals;
}

/** `packages/core`: from here, `@corvid/core` is the build of this package. */
const FOLDER = fileURLToPath(new URL("../..", import.meta.url));
/** A process that should long have ended is ended. */
const PATIENCE_MS = 30_000;

/** Runs Node until it ends. */
export function runNode({ node = process.execPath, argv, env, signal }: NodeProcess): Promise<Ending> {
  const startedAt = performance.now();
  const child = spawn(node, argv, {
    cwd: FOLDER,
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (signal !== undefined && text.includes("ready")) child.kill(signal);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, endedBy) => {
      clearTimeout(timer);
      resolve({ code, signal: endedBy, stdout, stderr, afterMs: performance.now() - startedAt });
    });
  });
}

/** Runs an ES module given as text, with everything of `@corvid/core` as `corvid`. */
export function runCode(code: string, more: Omit<NodeProcess, "argv"> = {}): Promise<Ending> {
  const text = `import * as corvid from "@corvid/core";\n${code}`;
  return runNode({ ...more, argv: ["--input-type=module", "--eval", text] });
}

/** Does all of `items`, a few at a time. @returns the results in the order of `items` */
export async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index]!);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
