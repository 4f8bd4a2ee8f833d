import { describe, expect, test } from "vitest";
import { fillFigures } from "../../scripts/docs/figures.mjs";
import { blockTrouble } from "../check/blocks.js";
import { linkTroubles } from "../check/links.js";
import { blocksOf } from "../check/markdown.js";
import { readPages } from "../check/pages.js";

const pages = readPages();
const results = pages.find(({ path }) => path === "bench/RESULTS.md")!.text;

describe.each(pages.map((page) => ({ page, name: page.path })))("$name", ({ page }) => {
  test("links to what exists", () => {
    expect(linkTroubles(page, pages)).toEqual([]);
  });

  test("has no block of code that nobody checks", () => {
    const troubles = blocksOf(page.text).map((block) => blockTrouble(page, block));

    expect(troubles.filter((trouble) => trouble !== undefined)).toEqual([]);
  });

  test("shows the figures of the last results: `npm run docs:fill` writes them", () => {
    expect(fillFigures(page.text, results)).toBe(page.text);
  });
});

test("every page of docs is listed in docs/README.md", () => {
  const index = pages.find(({ path }) => path === "docs/README.md")!.text;
  const unlisted = pages
    .filter(({ path }) => /^docs\/(?!README)[^/]+\.md$/.test(path))
    .map(({ path }) => path.replace("docs/", ""))
    .filter((name) => !index.includes(`(${name})`));

  expect(unlisted).toEqual([]);
});
