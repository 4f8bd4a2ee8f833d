/**
 * Builds one application with one bundler: `node build.mjs <bundler> <format> <entry> <output folder>`. Runs on the Node
 * that is tested, from a folder in which the bundlers are installed.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

const [bundler, format, entry, outdir] = process.argv.slice(2);
const isEsm = format === "esm";
const outfile = join(outdir, isEsm ? "app.mjs" : "app.cjs");

const BUILD = {
  async esbuild() {
    const { build } = await import("esbuild");
    const platform = { platform: "node", target: "node20.19" };
    await build({ entryPoints: [entry], outfile, bundle: true, minify: true, format, ...platform });
  },

  async webpack() {
    const { default: webpack } = await import("webpack");
    const compiler = webpack({
      mode: "production",
      target: "node20",
      entry,
      output: {
        path: outdir,
        filename: isEsm ? "app.mjs" : "app.cjs",
        chunkFormat: isEsm ? "module" : "commonjs",
        library: { type: isEsm ? "module" : "commonjs2" },
      },
      experiments: { outputModule: isEsm },
    });
    await new Promise((resolve, reject) => {
      compiler.run((error, stats) => {
        const { errors = [], warnings = [] } =
          stats?.toJson({ all: false, errors: true, warnings: true }) ?? {};
        const complaints = [...errors, ...warnings].map(({ message }) => message);
        if (error !== null) reject(error);
        else if (complaints.length > 0) reject(new Error(complaints.join("\n")));
        else compiler.close(resolve);
      });
    });
  },

  async rollup() {
    const [{ rollup }, { default: commonjs }, { nodeResolve }] = await Promise.all([
      import("rollup"),
      import("@rollup/plugin-commonjs"),
      import("@rollup/plugin-node-resolve"),
    ]);
    const complaints = [];
    const bundle = await rollup({
      input: entry,
      external: /^node:/,
      plugins: [nodeResolve({ preferBuiltins: true }), commonjs()],
      onwarn: ({ message }) => complaints.push(message),
    });
    await bundle.write({ file: outfile, format: isEsm ? "es" : "cjs", inlineDynamicImports: true });
    if (complaints.length > 0) throw new Error(complaints.join("\n"));
  },

  async ncc() {
    const ncc = createRequire(import.meta.url)("@vercel/ncc");
    const { code, assets } = await ncc(entry, { quiet: true, cache: false, minify: false });
    await mkdir(outdir, { recursive: true });
    await writeFile(outfile, code);
    for (const [name, { source }] of Object.entries(assets)) await writeFile(join(outdir, name), source);
  },

  async vite() {
    const { build } = await import("vite");
    await build({
      configFile: false,
      root: outdir,
      logLevel: "error",
      ssr: { noExternal: true },
      build: { ssr: entry, outDir: outdir, rollupOptions: { output: { entryFileNames: "app.mjs" } } },
    });
  },

  async turbopack() {
    await next("");
  },

  async "next webpack"() {
    await next("--webpack");
  },
};

/** Next builds in the application's own folder. */
async function next(flag) {
  const { spawnSync } = await import("node:child_process");
  const command = [join("node_modules", "next", "dist", "bin", "next"), "build", outdir, flag];
  const { status, stdout, stderr } = spawnSync(process.execPath, command.filter(Boolean), {
    encoding: "utf8",
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1", SENTRY_DSN: "" },
  });
  if (status !== 0) throw new Error(`next build ended with ${status}:\n${stdout}${stderr}`);
}

await BUILD[bundler]();
if (!bundler.includes("next") && bundler !== "turbopack") await readFile(outfile);
