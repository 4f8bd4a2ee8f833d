/** Applications bundled into one file, which run where nothing is installed. */
import { join } from "node:path";
import { build } from "esbuild";
import { FRAMEWORKS, PROGRAMS, TRIED } from "./programs.mjs";
import { createProject, writeFiles } from "./project.mjs";

/** Ends by a crash right after a capture, so that both leave in the process's last moment, through the inlined worker. */
const CRASH = `
import { captureException, init } from "@corvid/core";
init();
setTimeout(() => {
  captureException(new RangeError("Captured at the end"));
  throw new Error("Nobody caught this");
});
`;

export function bundleCases({ tarballs, folder, results, delivers }) {
  return [
    async () => {
      const project = await createProject(`${folder}/bundle`, [...tarballs.values(), ...FRAMEWORKS.latest]);
      // What awaits at its top level cannot be CommonJS; what requires Node's modules, as frameworks do, only that.
      const cases = [
        ["core", PROGRAMS.core, ["esm"], 0],
        ...TRIED.filter(({ bundled }) => bundled).map(({ short, program, bundled }) => [
          short,
          program,
          bundled,
          0,
        ]),
        [
          "crash",
          { code: CRASH, events: ["Error: Nobody caught this", "RangeError: Captured at the end"] },
          ["esm", "cjs"],
          1,
        ],
      ];
      for (const [name, { code, events }, formats, exitCode] of cases) {
        for (const format of formats) {
          await results.attempt(`bundled ${name}`, `esbuild, ${format}`, async () => {
            const file = await bundle(project, name, code, format);
            await delivers({
              command: process.execPath,
              args: [file],
              cwd: join(folder, "deployed"),
              events,
              code: exitCode,
            });
          });
        }
      }
    },
  ];

  async function bundle(project, name, code, format) {
    const outfile = join(folder, "deployed", `${name}.${format === "esm" ? "mjs" : "cjs"}`);
    writeFiles(project, { [`${name}.ts`]: code });
    await build({
      entryPoints: [join(project, `${name}.ts`)],
      outfile,
      bundle: true,
      minify: true,
      platform: "node",
      target: "node20",
      format,
      logLevel: "error",
    });
    return outfile;
  }
}
