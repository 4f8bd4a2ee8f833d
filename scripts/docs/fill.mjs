/**
 * Writes into the pages what is not typed there: figures of the benchmarks, and code of the examples.
 *
 *     npm run docs:fill
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fillFigures } from "./figures.mjs";
import { LIFTED, regionOf } from "./region.mjs";

const ROOT = new URL("../../", import.meta.url);
const PAGES = [
  "README.md",
  "test-server/README.md",
  ...readdirSync(new URL("docs", ROOT))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  ...readdirSync(new URL("packages", ROOT)).map((name) => `packages/${name}/README.md`),
];

const results = read("bench/RESULTS.md");
for (const path of PAGES) {
  const page = read(path);
  const filled = fillFigures(fillCode(page), results);
  if (filled !== page) writeFileSync(new URL(path, ROOT), filled);
}

function fillCode(page) {
  return page.replace(/(<!-- (from \S+) -->\n```\w+\n)[\s\S]*?(```\n)/g, (_, start, note, end) => {
    const [, file, region] = LIFTED.exec(note);
    const code = regionOf(read(file), region);
    if (code === undefined) throw new Error(`${file} has no "#region ${region}"`);
    return `${start}${code}\n${end}`;
  });
}

function read(path) {
  return readFileSync(new URL(path, ROOT), "utf8");
}
