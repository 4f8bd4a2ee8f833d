/**
 * Installs the packed packages into empty projects, as users do, and captures errors with them, with a real server at the
 * other end: each way of using them as ES module, CommonJS, TypeScript, in test runners, bundled, on each version of Node.
 *
 *     node scripts/smoke.mjs                       everything
 *     node scripts/smoke.mjs --node 20,22          on these versions of Node; others than the running one come from npm
 *     node scripts/smoke.mjs --only bundles,process
 *
 * Needs the packages built.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startTestServer } from "../test-server/dist/esm/index.js";
import { pack, publicPackages } from "./packages.mjs";
import { builderCases } from "./smoke/builders.mjs";
import { bundleCases } from "./smoke/bundles.mjs";
import { createDelivery } from "./smoke/delivery.mjs";
import { elsewhereCases } from "./smoke/elsewhere.mjs";
import { frameworkCases } from "./smoke/frameworks.mjs";
import { newcomerCases } from "./smoke/newcomer.mjs";
import { nodeOf } from "./smoke/nodes.mjs";
import { processCases } from "./smoke/process.mjs";
import { createResults, inPairs } from "./smoke/results.mjs";
import { runnerCases } from "./smoke/runners.mjs";
import { runtimeCases } from "./smoke/runtime.mjs";
import { typescriptCases } from "./smoke/typescript.mjs";
import { versionCases } from "./smoke/versions.mjs";
import { inspect } from "./tarball.mjs";

/** The longest first, so that the two that run at a time end together. */
const SUITES = {
  builders: builderCases,
  typescript: typescriptCases,
  runtime: runtimeCases,
  runners: runnerCases,
  process: processCases,
  bundles: bundleCases,
  frameworks: frameworkCases,
  elsewhere: elsewhereCases,
  newcomer: newcomerCases,
  versions: versionCases,
};

const { values: flags } = parseArgs({
  options: {
    node: { type: "string", default: "20,22,24,26" },
    only: { type: "string", default: Object.keys(SUITES).join() },
  },
});
const startedAt = performance.now();
const folder = mkdtempSync(join(tmpdir(), "corvid-smoke-"));
mkdirSync(join(folder, "deployed"));
const server = await startTestServer();
const results = createResults();
try {
  const tarballs = pack(
    publicPackages().map(({ name }) => name),
    folder,
  );
  const nodes = new Map();
  for (const major of flags.node.split(",")) nodes.set(major, await nodeOf(major));
  const context = { tarballs, folder, results, delivers: createDelivery(server), nodes };
  const chosen = flags.only.split(",").map((name) => SUITES[name] ?? unknownSuite(name));
  await inPairs(chosen.flatMap((casesOf) => casesOf(context)).map((task) => guarded(task)));
  await report([...tarballs.values()]);
} finally {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}

/** A project that cannot even be made is a failure like others. */
function guarded(task) {
  return () =>
    task().catch((error) => results.attempt("making a project", "npm", () => Promise.reject(error)));
}

async function report(tarballs) {
  const sizes = await Promise.all(tarballs.map(inspect));
  say("");
  console.table(
    Object.fromEntries(
      sizes.map(({ name, files, packed, bytes }) => [
        name,
        { files, "packed KiB": Math.ceil(packed / 1024), "installed KiB": Math.ceil(bytes / 1024) },
      ]),
    ),
  );
  say(`\n${results.table()}\n`);
  for (const { title, column, failure } of results.failures)
    say(`✗ ${title}, ${column}: ${failure.message}\n`);
  for (const { kind, detail } of server.problems()) say(`✗ the server found a problem: ${kind}: ${detail}`);
  const flaws = sizes.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}`));
  for (const flaw of flaws) say(`✗ ${flaw}`);
  const isGood = results.failures.length + server.problems().length + flaws.length === 0;
  say(`${isGood ? "✓" : "✗"} ${Math.round((performance.now() - startedAt) / 1000)} s`);
  process.exitCode = isGood ? 0 : 1;
}

function unknownSuite(name) {
  throw new Error(`Expected ${Object.keys(SUITES).join(", ")}, received ${name}`);
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
