/** What happens once per process: starting from the outside, ending by a crash, several copies at once. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { createProject, writeFiles } from "./project.mjs";

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

export function processCases({ tarballs, folder, results, delivers, nodes }) {
  return [
    async () => {
      const project = await createProject(`${folder}/process`, [tarballs.get("@corvid/core")]);
      writeFiles(project, {
        "crash.mjs": CRASH,
        "crash.cjs": CRASH,
        "copies.mjs": COPIES,
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
      }
    },
  ];
}
