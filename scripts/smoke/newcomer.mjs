/**
 * The way of somebody new: an empty folder, the command that the README names, its lines in a file, and an event. Timed,
 * because it is what people judge by. Then the local server that the README offers, as a command.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { run } from "./command.mjs";
import { javascript, PROGRAMS, TRIED } from "./programs.mjs";
import { createProject, writeFiles } from "./project.mjs";
import { installed } from "./snippets.mjs";

const WAYS = {
  core: "packages/core/README.md",
  ...Object.fromEntries(TRIED.map(({ short, readme }) => [short, readme])),
};

export function newcomerCases({ tarballs, folder, results, delivers }) {
  const ways = Object.entries(WAYS).map(([name, readme]) => async () => {
    await results.attempt(`empty folder to first event: ${name}`, "npm", async () => {
      const named = installed(readme).map((dependency) => tarballs.get(dependency) ?? dependency);
      const project = await createProject(join(folder, `new-${name}`), named);
      writeFiles(project, { "app.mjs": await javascript(PROGRAMS[name], "esm") });
      const { events } = PROGRAMS[name];
      await delivers({ command: process.execPath, args: ["app.mjs"], cwd: project, events });
    });
  });
  return [...ways, localServer];

  async function localServer() {
    await results.attempt("corvid-test-server shows an event", "npm", async () => {
      const names = ["@corvid/core", "@corvid/test-server"];
      const project = await createProject(
        join(folder, "new-server"),
        names.map((name) => tarballs.get(name)),
      );
      writeFiles(project, { "app.mjs": await javascript(PROGRAMS.core, "esm") });
      const bin = join(project, "node_modules/.bin/corvid-test-server");
      const server = spawn(bin, ["--port", "0"], { cwd: project, stdio: ["ignore", "pipe", "inherit"] });
      try {
        const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
        const dsn = await lineWith(lines, /(http:\/\/[^@\s]+@[^\s"]+)/);
        const ended = await run(process.execPath, ["app.mjs"], { cwd: project, env: { SENTRY_DSN: dsn } });
        assert.equal(ended.code, 0, ended.stderr);
        await lineWith(lines, /(RangeError: Order 7 has no card)/);
      } finally {
        server.kill("SIGTERM");
        await once(server, "exit");
      }
    });
  }
}

/** What a pattern finds in the first line that has it. */
async function lineWith(lines, pattern) {
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    const found = pattern.exec(next.value)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`The server ended without printing ${pattern}`);
}
