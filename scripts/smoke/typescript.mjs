/** The same programs as TypeScript: checked with the library's own types, by old and new compilers, and run. */
import { join } from "node:path";
import { runWell } from "./command.mjs";
import { FRAMEWORKS, PROGRAMS, TRIED } from "./programs.mjs";
import { createProject, writeFiles } from "./project.mjs";

const COMPILERS = { 5.4: "5.4.5", "6.0": "6.0.3", "7.0": "7.0.2" };
const TYPES = ["@types/node@20", ...TRIED.flatMap(({ types }) => types?.latest ?? [])];
const DECLARATIONS = TRIED.flatMap(({ declarations = [] }) => declarations);

/** How projects find types. `bundler` is also what most frameworks' templates set. */
const RESOLUTIONS = {
  bundler: { module: "ESNext", moduleResolution: "bundler" },
  node16: { module: "Node16", moduleResolution: "Node16" },
  nodenext: { module: "NodeNext", moduleResolution: "NodeNext" },
};
/** How types were found before there were `exports`; 7.0 does not know it any more. */
const NODE10 = { module: "CommonJS", moduleResolution: "node10" };

const STRICT = {
  strict: true,
  target: "ES2022",
  lib: ["ES2023"],
  types: ["node"],
  esModuleInterop: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
};

/** All entries of all packages, with what leads to most of their declarations. */
const ENTRIES = `
import { captureException, Client, type ClientOptions, consoleTransport, httpTransport, init } from "@corvid/core";
import { findLoggedError } from "@corvid/core/bridge";
import { withCapturedEvents } from "@corvid/core/testing";
${DECLARATIONS.map(({ imports }) => imports).join("\n")}
import { startTestServer } from "@corvid/test-server";
const options: ClientOptions = { sampleRate: 1, transport: [httpTransport(), consoleTransport()] };
const clients = new Map<string, Client>([["a", new Client({ dsn: false })]]);
const chosen = [${DECLARATIONS.flatMap(({ uses }) => uses).join(", ")}];
const used = [captureException, init, findLoggedError, withCapturedEvents, clients];
export const all: unknown[] = [...used, ...chosen, startTestServer, options];
`;

export function typescriptCases({ tarballs, folder, results, delivers }) {
  const ours = [...tarballs.values()];
  let shared;
  const project = () => {
    shared ??= createProject(
      `${folder}/typescript`,
      [...ours, ...FRAMEWORKS.latest, ...TYPES, ...Object.keys(COMPILERS).map(compilerNamed)],
      { type: "module" },
    );
    return shared;
  };
  return [
    ...Object.keys(COMPILERS).map((version) => () => compilesAll(version)),
    ...TRIED.filter(({ types }) => types?.previous !== undefined).map(
      (tried) => () => compilesPrevious(tried),
    ),
  ];

  async function compilesAll(version) {
    const where = { cwd: await project(), version };
    for (const [name, resolution] of Object.entries(RESOLUTIONS)) {
      await programs({
        ...where,
        name,
        resolution,
        ran: name === "nodenext" ? Object.keys(PROGRAMS) : ["core"],
      });
    }
    await entries({ ...where, name: "nodenext", resolution: RESOLUTIONS.nodenext, type: "module" });
    await entries({ ...where, name: "node16, CommonJS", resolution: RESOLUTIONS.node16, type: "commonjs" });
    if (version === "5.4") await entries({ ...where, name: "node10", resolution: NODE10, type: "commonjs" });
  }

  async function compilesPrevious({ short, frameworks: { previous }, types }) {
    const version = "6.0";
    const frameworks = [...previous, ...types.previous, "@types/node@20"];
    const cwd = await createProject(
      `${folder}/typescript-previous-${short}`,
      [...ours, ...frameworks, compilerNamed(version)],
      { type: "module" },
    );
    const resolution = RESOLUTIONS.nodenext;
    await programs({
      cwd,
      version,
      name: types.previous.join(", "),
      resolution,
      checked: [short],
      ran: [short],
    });
  }

  /** Checks the programs beside the frameworks' types, whose own flaws are not ours to find, and runs what came out. */
  async function programs({ cwd, version, name, resolution, checked = Object.keys(PROGRAMS), ran }) {
    const out = `${version} ${name}`.replace(/\W+/g, "-");
    await results.attempt(`TypeScript, ${name}`, `tsc ${version}`, async () => {
      const files = Object.fromEntries(checked.map((one) => [`${one}.ts`, PROGRAMS[one].code]));
      await compile({ cwd, version, out, files, options: { ...resolution, skipLibCheck: true } });
      for (const one of ran) {
        const file = join(out, "dist", `${one}.js`);
        await delivers({ command: process.execPath, args: [file], cwd, events: PROGRAMS[one].events });
      }
    });
  }

  /** Checks our declarations themselves, with nothing else's beside them but Node's. */
  async function entries({ cwd, version, name, resolution, type }) {
    const out = `entries ${version} ${name}`.replace(/\W+/g, "-");
    await results.attempt(`declarations, ${name}`, `tsc ${version}`, async () => {
      const files = { "entries.ts": ENTRIES, "package.json": JSON.stringify({ type }) };
      await compile({ cwd, version, out, files, options: { ...resolution, skipLibCheck: false } });
      await runWell(process.execPath, [join(out, "dist/entries.js")], { cwd });
    });
  }
}

/** What npm is told to install for one of the compilers. */
export function compilerNamed(version) {
  return `typescript-${version}@npm:typescript@${COMPILERS[version]}`;
}

/** Writes sources to a folder of a project, and compiles them strictly to `dist` in it. */
export async function compile({ cwd, version, out, files, options }) {
  const compilerOptions = { ...STRICT, ...options, rootDir: ".", outDir: "dist" };
  const settings = { "tsconfig.json": JSON.stringify({ compilerOptions, include: ["*.ts"] }) };
  for (const [file, text] of Object.entries({ ...files, ...settings }))
    writeFiles(join(cwd, out), { [file]: text });
  await runWell(process.execPath, [`node_modules/typescript-${version}/bin/tsc`, "-p", out], { cwd });
}
