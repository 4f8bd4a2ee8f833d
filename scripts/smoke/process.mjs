/**
 * What happens once per process: starting from the outside, ending by a crash or a kill, several copies at once; and the
 * command.
 */
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { manifestIn } from "../packages.mjs";
import { run } from "./command.mjs";
import { createProject, writeFiles } from "./project.mjs";
import { toCommonJs } from "./snippets.mjs";

const CRASH = `setTimeout(() => { throw new Error("Nobody caught this"); });\n`;
const CRASHED = { events: ["Error: Nobody caught this"], code: 1 };

/** Three copies of core see one error: it is one event, of the client that any of them made. */
const COPIES = `
import { captureException, close, init } from "@corvid/core";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const cjs = require("@corvid/core");
const other = await import("./other/index.mjs");
const copies = [captureException, cjs.captureException, other.captureException];
if (new Set(copies).size !== 3) throw new Error("These are not three copies");

init();
const error = new RangeError("Seen by three");
const ids = copies.map((capture) => capture(error));
if (new Set(ids).size !== 1) throw new Error("One failure got the ids " + ids);
await other.close();
`;

/**
 * Starts itself once more, as a process that is killed right after a capture, and delivers what that left. Who is dead is
 * known by a silence, which is not waited for.
 */
const KILLED = `
import { captureException, flush, init } from "@corvid/core";
import { fileSpool } from "@corvid/core/spool";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";

const [, file, given] = process.argv;
const dir = given ?? mkdtempSync(join(process.cwd(), "spool-"));
if (given !== undefined) {
  init({ spool: fileSpool({ dir }) });
  captureException(new RangeError("Captured before the kill"));
  process.kill(process.pid, "SIGKILL");
}
const { signal } = spawnSync(process.execPath, [file, dir]);
if (signal !== "SIGKILL") throw new Error("Expected SIGKILL, received " + signal);
for (const name of readdirSync(dir)) utimesSync(join(dir, name), 1, 1);
init({ spool: fileSpool({ dir }) });
if (!(await flush(20_000))) throw new Error("What the killed process left did not arrive");
`;
const DELIVERED = {
  events: [
    "RangeError: Captured before the kill",
    "The previous run ended without an exit: killed, or crashed in native code",
  ],
};

const TESTED = {
  args: ["test"],
  events: ["Error: This is a test: the command `corvid test` was run, and nothing is wrong"],
  isOwnCode: false,
};
/** Nobody listens there. */
const NOBODY = "http://key@127.0.0.1:9/1";

export function processCases({ tarballs, folder, results, delivers, nodes }) {
  return [
    async () => {
      const project = await createProject(`${folder}/process`, [tarballs.get("@corvid/core")]);
      writeFiles(project, {
        "crash.mjs": CRASH,
        "crash.cjs": CRASH,
        "copies.mjs": COPIES,
        "killed.mjs": KILLED,
        "killed.cjs": toCommonJs(KILLED),
        "other/index.mjs": 'export { captureException, close } from "@corvid/core";\n',
      });
      cpSync(join(project, "node_modules"), join(project, "other/node_modules"), { recursive: true });
      for (const [major, node] of nodes) {
        const on = (title, args, expected) =>
          results.attempt(title, `Node ${major}`, async () => {
            await delivers({ command: node, args, cwd: project, ...expected });
          });
        await on(
          "--import @corvid/core/register",
          ["--import", "@corvid/core/register", "crash.mjs"],
          CRASHED,
        );
        await on(
          "--require @corvid/core/register",
          ["--require", "@corvid/core/register", "crash.cjs"],
          CRASHED,
        );
        await on("three copies, one client", ["copies.mjs"], { events: ["RangeError: Seen by three"] });
        await on("killed, then started again, esm", ["killed.mjs"], DELIVERED);
        await on("killed, then started again, cjs", ["killed.cjs"], DELIVERED);
        await results.attempt("the command corvid", `Node ${major}`, () => runsCommand(project, node));
      }
    },
  ];

  /** As npm installs it: an executable file, which finds its Node on the path. */
  async function runsCommand(cwd, node) {
    const command = join(cwd, "node_modules/.bin/corvid");
    const env = { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
    const { version } = manifestIn(join(cwd, "node_modules/@corvid/core"));
    const printed = await run(command, ["--version"], { cwd, env });
    assert.deepEqual(printed, { code: 0, stdout: `${version}\n`, stderr: "" });
    await delivers({ command, cwd, env, ...TESTED });
    assert.equal((await run(command, ["test", NOBODY], { cwd, env })).code, 1);
    assert.equal((await run(command, ["tset"], { cwd, env })).code, 2);
  }
}
