import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** An example that runs in a process of its own, on the build, as its users would start it. */
export interface Example {
  readonly child: ChildProcess;
  /** The JSON values it has printed so far, one a line. */
  printed(): unknown[];
  errors(): string;
  /** Waits for its first line: where it listens. */
  listening(): Promise<string>;
  /** Waits for its end. @returns its exit code */
  end(): Promise<number | null>;
}

/**
 * Starts an example.
 *
 * @param file - its script, relative to this folder
 */
export function startExample(file: string, env: Readonly<Record<string, string>>): Example {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path], {
    env: { PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const ended = once(child, "close");
  const printed = (): unknown[] =>
    output
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));

  return {
    child,
    printed,
    errors: () => errors,
    async listening() {
      while (printed().length === 0) {
        await Promise.race([once(child.stdout, "data"), ended]);
        if (child.exitCode !== null) throw new Error(`${file} ended: ${errors}`);
      }
      return (printed()[0] as { listening: string }).listening;
    },
    async end() {
      await ended;
      return child.exitCode;
    },
  };
}
