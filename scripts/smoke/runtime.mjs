/** Each way of using Corvid, as ES module and as CommonJS, on each version of Node. */

import { FRAMEWORKS, javascript, PROGRAMS, TRIED } from "./programs.mjs";
import { createProject, writeFiles } from "./project.mjs";

const WITH_PREVIOUS = TRIED.filter(({ frameworks }) => frameworks?.previous).map(({ short }) => short);

/** @returns tasks, one for each project */
export function runtimeCases({ tarballs, folder, results, delivers, nodes }) {
  const newest = [...nodes.keys()].at(-1);
  return [
    () => everyProgram("latest", Object.keys(PROGRAMS), [...nodes]),
    () => everyProgram("previous", WITH_PREVIOUS, [[newest, nodes.get(newest)]]),
  ];

  async function everyProgram(which, names, chosen) {
    const project = await createProject(`${folder}/${which}`, [...tarballs.values(), ...FRAMEWORKS[which]]);
    for (const name of names) {
      const program = PROGRAMS[name];
      for (const [format, file] of [
        ["esm", `${name}.mjs`],
        ["cjs", `${name}.cjs`],
      ]) {
        writeFiles(project, { [file]: await javascript(program, format) });
        const title = `${name}, ${which === "latest" ? "" : "previous major, "}${format}`;
        for (const [major, node] of chosen) {
          await results.attempt(title, `Node ${major}`, async () => {
            await delivers({ command: node, args: [file], cwd: project, events: program.events });
          });
        }
      }
    }
  }
}
