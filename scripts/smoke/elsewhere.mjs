/** Other installers, and another runtime. */
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../packages.mjs";
import { runWell } from "./command.mjs";
import { javascript, PROGRAMS } from "./programs.mjs";
import { createProject, writeFiles } from "./project.mjs";

export function elsewhereCases({ tarballs, folder, results, delivers }) {
  const needed = ["@corvid/core", "@corvid/express"].map((name) => tarballs.get(name));
  return [
    () =>
      results.attempt("installed with", "pnpm", async () => {
        const project = await emptyProject("pnpm");
        const { packageManager } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
        const flags = ["--yes", packageManager, "add", "--prefer-offline", "--silent"];
        await runWell("npx", [...flags, ...needed, "express@5"], { cwd: project });
        await runExpress(project, process.execPath, []);
      }),
    () =>
      results.attempt("installed with", "Yarn 1", async () => {
        const project = await emptyProject("yarn-1");
        const added = needed.map((tarball) => `file:${tarball}`);
        const flags = ["--yes", "yarn@1.22.22", "add", "--silent", "--no-progress", "--prefer-offline"];
        await runWell("npx", [...flags, ...added, "express@5"], { cwd: project });
        await runExpress(project, process.execPath, []);
      }),
    () =>
      results.attempt("installed with", "Yarn 4, Plug'n'Play", async () => {
        const project = await emptyProject("yarn-4");
        writeFiles(project, {
          "yarn.lock": "",
          ".yarnrc.yml": await yarnSettings(),
        });
        const yarn = ["--yes", "-p", "@yarnpkg/cli-dist@4.10.3", "yarn"];
        const added = ["core", "express"].map((name, index) => `@corvid/${name}@file:${needed[index]}`);
        await runWell("npx", [...yarn, "add", ...added, "express@5"], { cwd: project });
        await runExpress(project, process.execPath, [
          "--require",
          "./.pnp.cjs",
          "--loader",
          "./.pnp.loader.mjs",
        ]);
      }),
    () =>
      results.attempt("core, esm", "Bun", async () => {
        const project = await createProject(`${folder}/bun`, [tarballs.get("@corvid/core"), "bun@1"]);
        const bun = join(project, "node_modules/.bin/bun");
        await access(bun).catch(() => {
          throw new Error("BUN DID NOT RUN: its binary is not there, so nothing is known of Corvid on Bun");
        });
        await runWell(bun, ["--version"], { cwd: project });
        writeFiles(project, { "app.mjs": await javascript(PROGRAMS.core, "esm") });
        await delivers({ command: bun, args: ["app.mjs"], cwd: project, events: PROGRAMS.core.events });
      }),
  ];

  /** Yarn does not read npm's settings, yet must ask the registry that npm asks, and trust whom npm trusts. */
  async function yarnSettings() {
    const { registry, cafile } = JSON.parse(
      await runWell("npm", ["config", "list", "--json"], { cwd: folder }),
    );
    const settings = {
      enableTelemetry: false,
      enableGlobalCache: false,
      npmRegistryServer: registry.replace(/\/$/, ""),
      ...(cafile ? { httpsCaFilePath: cafile } : {}),
    };
    return JSON.stringify(settings);
  }

  async function emptyProject(name) {
    const project = join(folder, name);
    writeFiles(project, { "package.json": '{ "name": "project", "private": true }' });
    return project;
  }

  async function runExpress(project, command, args) {
    const { events } = PROGRAMS.express;
    writeFiles(project, { "app.mjs": await javascript(PROGRAMS.express, "esm") });
    await delivers({ command, args: [...args, "app.mjs"], cwd: project, events });
  }
}
