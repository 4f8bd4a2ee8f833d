/**
 * Checks the package in the current folder as it would be published: what its tarball holds, whether Node, bundlers and
 * TypeScript find their way in it, and that importing it changes nothing in a process.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manifestIn, pack } from "./packages.mjs";
import { inspect } from "./tarball.mjs";

const manifest = manifestIn(".");
const folder = mkdtempSync(join(tmpdir(), "corvid-check-"));
try {
  const tarball = pack([manifest.name], folder).get(manifest.name);
  const { problems, bytes, files } = await inspect(tarball);
  problems.push(...complaintsOf("publint", ["run", tarball, "--strict"]));
  problems.push(...complaintsOf("attw", [tarball, "--quiet"]));
  for (const file of harmlessEntries()) problems.push(...effectsOf(file));
  for (const problem of problems) process.stderr.write(`✗ ${manifest.name}: ${problem}\n`);
  process.stdout.write(`${manifest.name}: ${files} files, ${Math.ceil(bytes / 1024)} KiB installed\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Runs one of the package's tools. */
function complaintsOf(tool, args) {
  const { status, stdout, stderr } = spawnSync(join("node_modules", ".bin", tool), args, {
    encoding: "utf8",
  });
  return status === 0 ? [] : [`${tool} says:\n${stdout}${stderr}`];
}

/** The files of all entries that say they have no effects. */
function harmlessEntries() {
  const effects = Array.isArray(manifest.sideEffects) ? manifest.sideEffects : [];
  return Object.values(manifest.exports)
    .filter((target) => typeof target !== "string")
    .flatMap((target) => [target.import.default, target.require.default])
    .filter((file) => !effects.includes(file));
}

/** What importing a file changes in a process. It must also end by itself, and say nothing. */
function effectsOf(file) {
  const program = `
    import { isDeepStrictEqual } from "node:util";
    const look = () => ({
      listeners: process.eventNames().map(String),
      globals: Object.getOwnPropertyNames(globalThis),
      prepareStackTrace: Error.prepareStackTrace,
      stackTraceLimit: Error.stackTraceLimit,
    });
    const before = look();
    await import(process.argv[1]);
    for (const [what, value] of Object.entries(look())) {
      if (!isDeepStrictEqual(value, before[what])) console.log(what, value);
    }
  `;
  const said = execFileSync(
    process.execPath,
    ["--input-type=module", "--eval", program, join(process.cwd(), file)],
    { encoding: "utf8", timeout: 20_000 },
  );
  return said === "" ? [] : [`importing ${file} has effects: ${said.trim()}`];
}
