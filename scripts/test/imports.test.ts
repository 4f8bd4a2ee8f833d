import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { describe, expect, test } from "vitest";

/** The rooms of core, from left to right: at run time a file imports from its own room and from rooms to the left. */
const ROOMS = [
  "model",
  "stacktrace",
  "trace",
  "transport",
  "process",
  "context",
  "capture",
  "gate",
  "delivery",
  "pipeline",
  "spool",
  "client",
  "request",
  "bridge",
  "node",
  "testing",
];
/** The file that puts the client together belongs to its room; other files at the root are entries and import anything. */
const ROOM_OF: Readonly<Record<string, string>> = { "client.ts": "client" };

const packagesDir = join(import.meta.dirname, "../../packages");
const core = join(packagesDir, "core/src");

/** The source files of a package, tests apart, with the files that each of them imports at run time. */
function runtimeImports(root: string): Map<string, readonly string[]> {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.endsWith(".d.ts"))
    .map((file) => join(root, file));
  return new Map(
    files.map((file) => [
      file,
      specifiers(readFileSync(file, "utf8"))
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => join(dirname(file), specifier.replace(/\.js$/, ".ts"))),
    ]),
  );
}

/** What a file's static and dynamic imports and re-exports name, type-only ones apart. */
function specifiers(source: string): string[] {
  const found: string[] = [];
  const text = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  for (const [, clause = "", specifier] of text.matchAll(
    /^(?:import|export)\b\s*((?:type\s+)?(?:[\w*][^;"'{]*)?(?:\{[^}]*\})?)\s*(?:from\s*)?"([^"\n]+)"/gm,
  )) {
    if (!isTypeOnly(clause.trim())) found.push(specifier!);
  }
  for (const [, specifier] of text.matchAll(/\bimport\(\s*"([^"\n]+)"\s*\)(?!\.\w+[;,>\s|)])/g))
    found.push(specifier!);
  return found;
}

function isTypeOnly(clause: string): boolean {
  if (/^type\b/.test(clause)) return true;
  const names = /^\{([^}]*)\}$/.exec(clause.replace(/\s*from$/, ""))?.[1];
  if (names === undefined) return false;
  const listed = names.split(",").map((name) => name.trim());
  return listed.filter((name) => name !== "").every((name) => name.startsWith("type "));
}

/** The circles among files, each as the path that comes back to where it began. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

function roomOf(file: string): string | undefined {
  const path = relative(core, file).replaceAll("\\", "/");
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : ROOM_OF[path];
}

describe.each(readdirSync(packagesDir).filter((name) => existsSync(join(packagesDir, name, "src"))))(
  "imports of packages/%s",
  (name) => {
    const root = join(packagesDir, name, "src");
    const graph = runtimeImports(root);

    test("name files that exist", () => {
      const missing = [...graph].flatMap(([file, imports]) =>
        imports.filter((target) => !existsSync(target)).map((target) => [relative(root, file), target]),
      );

      expect(missing).toEqual([]);
    });

    test("have no circle at run time", () => {
      const named = circles(graph).map((circle) => circle.map((file) => relative(root, file)));

      expect(named).toEqual([]);
    });
  },
);

describe("the rooms of packages/core", () => {
  const graph = runtimeImports(core);

  test("are all in the order", () => {
    const rooms = new Set([...graph.keys()].map(roomOf).filter((room) => room !== undefined));

    expect([...rooms].sort()).toEqual([...ROOMS].sort());
  });

  test("import at run time only from the left", () => {
    const wrong = [...graph].flatMap(([file, imports]) => {
      const room = roomOf(file);
      if (room === undefined) return [];
      const isRight = (target: string): boolean => {
        const other = roomOf(target);
        return other === undefined || ROOMS.indexOf(other) > ROOMS.indexOf(room);
      };
      return imports.filter(isRight).map((target) => `${relative(core, file)} → ${relative(core, target)}`);
    });

    expect(wrong).toEqual([]);
  });

  test("import from Node only in node/, in testing/ and in entries", () => {
    const wrong = [...graph.keys()].filter((file) => {
      const isNode = specifiers(readFileSync(file, "utf8")).some((specifier) =>
        specifier.startsWith("node:"),
      );
      return isNode && !["node", "testing", undefined].includes(roomOf(file));
    });

    expect(wrong.map((file) => relative(core, file))).toEqual([]);
  });
});

test("each room says in at most three lines what is inside", () => {
  const silent = [...new Set([...runtimeImports(core).keys()].map(dirname))].filter((folder) => {
    const path = relative(core, folder).split(sep);
    // Rooms, and the rooms of `node/`; deeper folders belong to the file that they are named after.
    if (path[0] === "" || path.length > (path[0] === "node" ? 2 : 1)) return false;
    const readme = join(folder, "README.md");
    return !existsSync(readme) || readFileSync(readme, "utf8").trim().split("\n").length > 3;
  });

  expect(silent).toEqual([]);
});

test("an import of types alone is none at run time", () => {
  const source = [
    'import type { A } from "./a.js";',
    'import { type B, type C } from "./b.js";',
    'import {\n  type D,\n  e,\n} from "./c.js";',
    'import "./d.js";',
    'export { f } from "./e.js";',
    'export type { G } from "./g.js";',
    'export * from "./h.js";',
    'const late = () => import("./i.js");',
    '// import { j } from "./j.js";',
  ].join("\n");

  expect(specifiers(source)).toEqual(["./c.js", "./d.js", "./e.js", "./h.js", "./i.js"]);
});
