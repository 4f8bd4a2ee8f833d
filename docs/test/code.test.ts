import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startTestServer } from "@corvid/test-server";
import { transform } from "esbuild";
import { beforeAll, expect, test } from "vitest";
import { compile, FOLDER, fileOf, modulesOf, writeModules } from "../check/compile.js";
import { ROOT, readPages } from "../check/pages.js";

const modules = modulesOf(readPages());
/** What the pages report to, and where they write: while they run, it is our own. */
const DSN = /https:\/\/KEY@[\w.]+\/\d+/g;
const DIRECTORY = /\/var\/tmp\/shop\b/g;
const HOME = `${FOLDER}home`;

beforeAll(() => writeModules(modules));

test("the blocks of all pages pass the compiler, against the packages as they are published", () => {
  expect(modules.length).toBeGreaterThan(0);
  expect(compile()).toEqual([]);
}, 60_000);

test("the blocks of all pages run", async () => {
  const server = await startTestServer();
  const running = modules.filter(({ whyNotRun }) => whyNotRun === undefined);
  const files = await Promise.all(running.map((module) => built(fileOf(module), server.dsn)));
  const shop = await built(
    fileURLToPath(new URL("../check/shop", import.meta.url)),
    server.dsn,
    `${FOLDER}shop`,
  );
  const { reports, errors } = await run([shop, ...files]);
  const problems = server.problems();
  await server.close();

  expect(reports, errors).toEqual([{ ran: running.length }]);
  expect(problems).toEqual([]);
}, 60_000);

/** Makes what Node runs out of a file. */
async function built(file: string, dsn: string, target: string = file): Promise<string> {
  const source = readFileSync(`${file}.ts`, "utf8").replaceAll(DSN, dsn).replaceAll(DIRECTORY, HOME);
  const { code } = await transform(source, { loader: "ts", format: "esm", target: "node20.19" });
  writeFileSync(`${target}.mjs`, code);
  return `${target}.mjs`;
}

async function run(files: readonly string[]): Promise<{ reports: unknown[]; errors: string }> {
  const child = spawn(process.execPath, [`${ROOT}docs/check/run-blocks.mjs`, ...files], {
    cwd: FOLDER,
    env: { PATH: process.env.PATH ?? "", HOME, XDG_STATE_HOME: HOME, TMPDIR: HOME },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  await once(child, "close");
  const reports = output.split("\n").filter((line) => line.startsWith(REPORT));
  return { reports: reports.map((line) => JSON.parse(line.slice(REPORT.length))), errors };
}

/** In front of the lines of the runner, as blocks print lines of their own. */
const REPORT = "run-blocks: ";
