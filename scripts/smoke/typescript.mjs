/** The same programs as TypeScript: checked with the library's own types, by old and new compilers, and run. */
import { join } from "node:path";
import { runWell } from "./command.mjs";
import { FRAMEWORKS, PROGRAMS } from "./programs.mjs";
import { createProject, writeFiles } from "./project.mjs";

const COMPILERS = {
  5.4: "typescript-5.4@npm:typescript@5.4.5",
  "6.0": "typescript-6.0@npm:typescript@6.0.3",
  "7.0": "typescript-7.0@npm:typescript@7.0.2",
};
const TYPES = ["@types/node@20", "@types/express@5", "@types/koa@3"];

/** How projects find types. `bundler` is also what most frameworks' templates set. */
const RESOLUTIONS = {
  bundler: { module: "ESNext", moduleResolution: "bundler" },
  node16: { module: "Node16", moduleResolution: "Node16" },
  nodenext: { module: "NodeNext", moduleResolution: "NodeNext" },
};

const STRICT = {
  strict: true,
  target: "ES2022",
  types: ["node"],
  esModuleInterop: true,
  noUncheckedIndexedAccess: true,
};

/** All entries by name, as a CommonJS file under old resolutions sees them. */
const ENTRIES = `
import { captureException, type ClientOptions } from "@corvid/core";
import { findLoggedError } from "@corvid/core/bridge";
import { withCapturedEvents } from "@corvid/core/testing";
const options: ClientOptions = { sampleRate: 1 };
export const used: unknown[] = [captureException, findLoggedError, withCapturedEvents, options];
`;

export function typescriptCases({ tarballs, folder, results, delivers }) {
  const all = [...tarballs.values()];
  return [
    async () => {
      const project = await createProject(
        `${folder}/typescript`,
        [...all, ...FRAMEWORKS.latest, ...TYPES, ...Object.values(COMPILERS)],
        { type: "module" },
      );
      for (const version of Object.keys(COMPILERS)) {
        for (const [name, resolution] of Object.entries(RESOLUTIONS))
          await programs(project, version, name, { ...STRICT, ...resolution });
      }
      await entries(project, "5.4", { module: "CommonJS", moduleResolution: "node10" });
      await entries(project, "7.0", { module: "Node16", moduleResolution: "Node16" });
    },
    async () => {
      const project = await createProject(
        `${folder}/typescript-express-4`,
        [...all, "express@4", "@types/express@4", "@types/node@20", COMPILERS["6.0"]],
        { type: "module" },
      );
      const compilerOptions = { ...STRICT, ...RESOLUTIONS.nodenext };
      await programs(project, "6.0", "@types/express 4", compilerOptions, ["express"]);
    },
  ];

  async function programs(project, version, name, compilerOptions, names = Object.keys(PROGRAMS)) {
    const out = `${version}-${name.replace(/\W+/g, "-")}`;
    await results.attempt(`TypeScript, ${name}`, `tsc ${version}`, async () => {
      writeFiles(project, Object.fromEntries(names.map((one) => [`${out}/${one}.ts`, PROGRAMS[one].code])));
      await compile(project, version, out, compilerOptions);
      for (const one of names) {
        const file = join(out, "dist", `${one}.js`);
        await delivers({
          command: process.execPath,
          args: [file],
          cwd: project,
          events: PROGRAMS[one].events,
        });
      }
    });
  }

  async function entries(project, version, resolution) {
    const out = `${version}-entries`;
    await results.attempt(
      `TypeScript, CommonJS by ${resolution.moduleResolution}`,
      `tsc ${version}`,
      async () => {
        writeFiles(project, {
          [`${out}/entries.ts`]: ENTRIES,
          [`${out}/package.json`]: '{ "type": "commonjs" }',
        });
        await compile(project, version, out, { ...STRICT, ...resolution });
        await runWell(process.execPath, [join(out, "dist/entries.js")], { cwd: project });
      },
    );
  }

  /** With `skipLibCheck` off, so that our declarations themselves are checked. */
  async function compile(project, version, out, compilerOptions) {
    const all = { ...compilerOptions, skipLibCheck: false, rootDir: ".", outDir: "dist", lib: ["ES2023"] };
    writeFiles(project, {
      [`${out}/tsconfig.json`]: JSON.stringify({ compilerOptions: all, include: ["*.ts"] }),
    });
    const tsc = join(project, `node_modules/typescript-${version}/bin/tsc`);
    await runWell(process.execPath, [tsc, "-p", out], { cwd: project });
  }
}
