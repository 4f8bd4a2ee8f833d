/** Test runners, with what `@corvid/core/testing` is for, and with a real delivery from inside a test. */
import { createProject, writeFiles } from "./project.mjs";
import { snippetWith } from "./snippets.mjs";

/** What the README's lines leave to their reader. */
const SHOP = `
const order = { id: 7 };
async function chargeCard({ id }) {
  throw new Error("The card of order " + id + " was declined");
}
`;

const snippet = snippetWith("packages/core/README.md", "withCapturedEvents", "js");
const [imports] = /^(?:import .*\n)+/.exec(snippet);

/** The README's own lines, with the matcher it names, and one event that leaves. */
const TESTS = (more) => `
import { captureException, close, init } from "@corvid/core";
${more}${imports}${SHOP}
test("withCapturedEvents sees what is reported", async () => {
${snippet.slice(imports.length)}
  expect(events).toHaveCaptured({ type: "Error", message: /declined/ });
});

test("an event leaves from within a test", async () => {
  init();
  await chargeCard(order).catch((error) => captureException(error));
  if (!(await close())) throw new Error("The event did not leave");
});
`;

const EVENTS = ["Error: The card of order 7 was declined"];
const MATCHERS = { setupFilesAfterEnv: ["@corvid/core/testing/jest"] };
const JEST = "node_modules/jest/bin/jest.js";

export function runnerCases({ tarballs, folder, results, delivers }) {
  const core = tarballs.get("@corvid/core");
  const inJest = (project, title, args) =>
    results.attempt(title, "Jest 30", async () => {
      await delivers({ command: process.execPath, args, cwd: project, events: EVENTS });
    });
  return [
    async () => {
      const project = await createProject(`${folder}/jest`, [
        core,
        "jest@30",
        "babel-jest@30",
        "@babel/plugin-transform-modules-commonjs@7",
      ]);
      writeFiles(project, {
        "transformed/app.test.js": TESTS(""),
        "transformed/babel.config.json": '{ "plugins": ["@babel/plugin-transform-modules-commonjs"] }',
        "transformed/jest.config.json": JSON.stringify(MATCHERS),
        "esm/app.test.mjs": TESTS('import { expect, test } from "@jest/globals";\n'),
        "esm/jest.config.json": JSON.stringify({ ...MATCHERS, transform: {}, testMatch: ["**/*.test.mjs"] }),
      });
      await inJest(project, "tests, transformed to CommonJS", [
        JEST,
        "--rootDir",
        "transformed",
        "-c",
        "transformed/jest.config.json",
      ]);
      await inJest(project, "tests, ES modules", [
        "--experimental-vm-modules",
        JEST,
        "--rootDir",
        "esm",
        "-c",
        "esm/jest.config.json",
      ]);
    },
    async () => {
      const project = await createProject(`${folder}/vitest`, [core, "vitest@4", "vite@7"]);
      writeFiles(project, {
        "app.test.js": TESTS(
          'import "@corvid/core/testing/vitest";\nimport { expect, test } from "vitest";\n',
        ),
      });
      await results.attempt("tests, ES modules", "vitest 4", async () => {
        const args = ["node_modules/vitest/vitest.mjs", "run"];
        await delivers({ command: process.execPath, args, cwd: project, events: EVENTS });
      });
    },
  ];
}
