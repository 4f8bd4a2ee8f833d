import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const SUITE = resolve(import.meta.dirname, "../scrub-libraries");
const DIST = resolve(import.meta.dirname, "../../dist/esm");
const LIBRARIES = [
  ...[
    "ioredis",
    "mongoose",
    "joi",
    "class-validator",
    "express-validator",
    "pg",
    "mysql2",
    "knex",
    "drizzle",
  ],
  ...[
    "sequelize",
    "sequelize, connecting",
    "axios",
    "the AWS SDK",
    "child_process",
    "child_process, arguments",
  ],
  ...["new URL", "fetch", "JSON.parse"],
];

const folder: string = mkdtempSync(join(tmpdir(), "corvid-libraries-"));
const events = new Map<string, string>();

beforeAll(() => {
  cpSync(SUITE, folder, { recursive: true, filter: (path) => !path.endsWith("node_modules") });
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], {
    cwd: folder,
    stdio: "ignore",
  });
  const printed = execFileSync(process.execPath, ["errors.mjs", DIST], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  for (const line of printed.split("\n").filter((text) => text.startsWith('{"name"'))) {
    const { name, event } = JSON.parse(line) as { name: string; event: unknown };
    events.set(name, JSON.stringify(event));
  }
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(LIBRARIES)("the error of %s leaves without the secret it carries", (name) => {
  expect(events.get(name)).toContain('"exception"');
  expect(events.get(name)).not.toContain("hunterZq7S");
});
