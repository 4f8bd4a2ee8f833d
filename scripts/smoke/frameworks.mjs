/**
 * The middleware beside each major of its framework, of the framework's types and of its router: strictly typed, as ES module
 * and as CommonJS, with routes in routers and in what is mounted.
 */
import { join } from "node:path";
import { TRIED } from "./programs.mjs";
import { createProject } from "./project.mjs";
import { compile, compilerNamed } from "./typescript.mjs";

const VERSION = "6.0";

/** @returns tasks, one for each project */
export function frameworkCases({ tarballs, folder, results, delivers }) {
  return TRIED.flatMap(({ majors = [] }) => majors).map(({ program, needs }) => async () => {
    const title = needs.filter((name) => !name.startsWith("@types/")).join(", ");
    const cwd = await createProject(`${folder}/frameworks-${title.replace(/\W+/g, "-")}`, [
      ...tarballs.values(),
      ...needs,
      "@types/node@20",
      compilerNamed(VERSION),
    ]);
    for (const type of ["module", "commonjs"]) {
      await results.attempt(title, `tsc ${VERSION}, ${type}`, async () => {
        const files = { "app.ts": program.code, "package.json": JSON.stringify({ type }) };
        const options = { module: "NodeNext", moduleResolution: "NodeNext", skipLibCheck: true };
        await compile({ cwd, version: VERSION, out: type, files, options });
        const args = [join(type, "dist/app.js")];
        await delivers({ command: process.execPath, args, cwd, events: program.events });
      });
    }
  });
}
