/** Commands that must not stop the server which runs in this process. */
import { spawn } from "node:child_process";
import { once } from "node:events";

const DEFAULT_TIMEOUT_MS = 180_000;

/**
 * Runs a command to its end.
 *
 * @returns exit code, and what it printed; a command that takes too long is ended, with `null` as its code
 */
export async function run(command, args, { cwd, env = {}, timeoutMs = DEFAULT_TIMEOUT_MS }) {
  const child = spawn(command, args, {
    cwd,
    env: { ...cleanEnvironment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8").on("data", (text) => {
      said[name] += text;
    });
  }
  const [code] = await once(child, "close");
  return { code, ...said };
}

/** Runs a command that must succeed; returns what it printed. */
export async function runWell(command, args, options) {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${tail(stdout + stderr)}`);
}

/** The end of an output, where the reason stands. */
export function tail(text) {
  return text.trim().split("\n").slice(-30).join("\n");
}

/** The environment without what would change how a user's project installs and runs. */
function cleanEnvironment() {
  const isOurs = /^(npm_(?!config_cache)|pnpm_|turbo_|vitest|sentry_|node_options|node_env|ci$)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOurs.test(name)));
}
