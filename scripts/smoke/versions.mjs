/**
 * The oldest and the newest release of each major of Node that `engines` admits, and those in between that lack
 * something of Node's: each imports the package, delivers an event, and reports its crash.
 */
import { nodeOf } from "./nodes.mjs";
import { createProject, writeFiles } from "./project.mjs";
import { toCommonJs } from "./snippets.mjs";

const VERSIONS = "20.19.0 20 21.7.3 22.0.0 22.1.0 22 23 24.0.0 24 25 26.0.0 26".split(" ");

const APP = `import { captureException, flush, init } from "@corvid/core";
init();
captureException(new RangeError("Order 7 has no card"));
flush().then(() => {
  throw new TypeError("Nobody caught this");
});
`;

/** @returns one task: all versions share one project */
export function versionCases({ tarballs, folder, results, delivers }) {
  return [
    async () => {
      const project = await createProject(`${folder}/versions`, [tarballs.get("@corvid/core")]);
      writeFiles(project, { "app.mjs": APP, "app.cjs": toCommonJs(APP) });
      for (const version of VERSIONS) {
        for (const format of ["mjs", "cjs"]) {
          await results.attempt(`imports, delivers, crashes, ${format}`, `Node ${version}`, async () => {
            const command = await nodeOf(version);
            const events = ["RangeError: Order 7 has no card", "TypeError: Nobody caught this"];
            await delivers({ command, args: [`app.${format}`], cwd: project, events, code: 1 });
          });
        }
      }
    },
  ];
}
