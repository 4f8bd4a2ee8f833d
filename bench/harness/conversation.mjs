/**
 * Questions to the processes the bench starts: the parent asks by name, the child answers from a table of functions
 * (`serve.mjs`). Every process has a limit of life and is ended by its own id.
 */
import { fork } from "node:child_process";

const ALIVE = new Set();

/**
 * Starts a process that serves a table of functions.
 *
 * @param {string | URL} file - a module that calls `serve`
 * @param {{ limitMs?: number, execArgv?: string[] }} [options] - `limitMs`, default
 *   120 000: after that the process is killed and what was asked of it fails
 */
export function startProcess(file, { limitMs = 120_000, execArgv = [] } = {}) {
  const child = fork(file, {
    execArgv,
    env: quietEnvironment(),
    stdio: ["ignore", "ignore", process.env.BENCH_STDERR ? "inherit" : "ignore", "ipc"],
    serialization: "advanced",
  });
  const open = new Map();
  let lastId = 0;
  let whyKilled = "";

  const exited = new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      clearTimeout(limit);
      ALIVE.delete(child);
      for (const { reject } of open.values())
        reject(new Error(`${name(file)} ended early (${whyKilled || signal || code})`));
      resolve({ code, signal });
    });
  });
  const limit = setTimeout(() => {
    whyKilled = `killed after ${limitMs} ms`;
    child.kill("SIGKILL");
  }, limitMs);
  ALIVE.add(child);
  child.on("error", () => undefined);
  child.on("message", ({ id, value, error }) => {
    const waiting = open.get(id);
    open.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(`${name(file)}: ${error}`));
  });

  return {
    pid: child.pid,
    /** How it ended: `{ code, signal }`. */
    exited,
    /** Calls `question` of the child's table. */
    ask(question, ...details) {
      lastId += 1;
      const id = lastId;
      return new Promise((resolve, reject) => {
        open.set(id, { resolve, reject });
        if (!child.connected) return reject(new Error(`${name(file)} has ended`));
        child.send({ id, question, details }, (error) => error && reject(error));
      });
    },
    /** Lets go of it, so that nothing of ours keeps it alive. */
    letGo() {
      if (child.connected) child.disconnect();
    },
    async end() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Ends every process that is still there, by its id. */
export function endAll() {
  for (const child of ALIVE) child.kill("SIGKILL");
}

/** The environment without what would change how a client reports, or where to. */
function quietEnvironment() {
  const kept = ["PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SystemRoot", "LANG"];
  return {
    ...Object.fromEntries(kept.filter((key) => key in process.env).map((key) => [key, process.env[key]])),
    NODE_ENV: "production",
  };
}

function name(file) {
  return String(file).split("/").at(-1);
}
