import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { resolveOptions } from "../../packages/core/src/client/options.js";
import { Scope } from "../../packages/core/src/context/scope.js";
import { Client } from "../../packages/core/src/node/client.js";
import { DROP_REASONS } from "../../packages/core/test/support/drop-reasons.js";
import { publicPackages } from "../../scripts/packages.mjs";
import { ROOT } from "../check/pages.js";

/** What the entries of a package export, but for those that act by being imported. */
const entries: object[] = await Promise.all(
  publicPackages().flatMap(({ folder, manifest }) =>
    Object.entries(manifest.exports ?? {})
      .filter(([entry]) => /^\.(?:\/(?:bridge|testing|spool))?$/.test(entry))
      .map(([, { "corvid-source": source }]) => import(`${ROOT}${folder}/${source}`)),
  ),
);

/** Everything that can be called. */
const CALLABLE: ReadonlySet<string> = new Set([
  ...entries.flatMap((entry) => Object.keys(entry)),
  ...[Scope.prototype, Client.prototype, Object.getPrototypeOf(Client.prototype)].flatMap((methods) =>
    Object.getOwnPropertyNames(methods),
  ),
]);

function read(page: string): string {
  return readFileSync(`${ROOT}docs/${page}`, "utf8");
}

/** The last cells of all rows of a page's tables: what stands for what was asked in the first. */
function answers(page: string): string[] {
  return read(page)
    .split("\n")
    .filter((line) => /^\| (?!-)/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).at(-2)!);
}

test.each([["migrating-from-raven.md"], ["migrating-from-sentry.md"]])(
  "%s tells of functions that exist",
  (page) => {
    const code = answers(page).flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, span]) => span!));
    const called = code.flatMap((span) => [...span.matchAll(/\b([a-z]\w+)\(/g)].map(([, name]) => name!));

    expect(called.length).toBeGreaterThan(10);
    expect(called.filter((name) => !CALLABLE.has(name))).toEqual([]);
  },
);

test("never-lost.md tells of each reason for a drop, and of no other", () => {
  const told = [...read("never-lost.md").matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, reason]) => reason);

  expect(told.sort()).toEqual([...DROP_REASONS].sort());
});

test("once.md tells the budget that holds", () => {
  const { once } = resolveOptions({}, {});
  if (once === false) throw new Error("repeats are not folded");
  const page = read("once.md").replace(/\s+/g, " ");

  expect(page).toContain(`(${once.full} a minute)`);
  expect(page).toContain(`waits ${once.mergeMs} ms for that`);
  expect(page).toContain(`holds ${once.keys.toLocaleString("en")} (\`once.keys\`)`);
  expect(once.windowMs).toBe(60_000);
});
