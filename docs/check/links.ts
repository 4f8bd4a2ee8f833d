import { existsSync } from "node:fs";
import { posix } from "node:path";
import { anchorsOf, linksOf } from "./markdown.js";
import { type Page, ROOT } from "./pages.js";

/** What is wrong with the links of a page, a line each. Other sites are not visited. */
export function linkTroubles(page: Page, pages: readonly Page[]): string[] {
  return linksOf(page.text).flatMap(({ target, line }) => {
    const trouble = /^[a-z]+:/i.test(target) ? foreignTrouble(target) : localTrouble(page, target, pages);
    return trouble === undefined ? [] : [`${page.path}:${line}: ${target}: ${trouble}`];
  });
}

function foreignTrouble(target: string): string | undefined {
  return target.startsWith("https://") && URL.canParse(target) ? undefined : "expected an https address";
}

function localTrouble(page: Page, target: string, pages: readonly Page[]): string | undefined {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page.path : posix.join(posix.dirname(page.path), path);
  const linked = pages.find((other) => other.path === file);
  if (linked === undefined && !existsSync(ROOT + file)) return "there is no such file";
  if (anchor === undefined) return undefined;
  if (linked === undefined) return "a place within something that is no page";
  return anchorsOf(linked.text).has(anchor) ? undefined : "there is no such heading";
}
