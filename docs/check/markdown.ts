/** A fenced block of code, or one that is only indented. */
export interface Block {
  /** The first word behind the fence; empty where there is none. */
  readonly language: string;
  readonly text: string;
  /** Of its first line of code, from 1. */
  readonly line: number;
  /** The HTML comment in the line above the fence. */
  readonly note: string | undefined;
  readonly isIndented: boolean;
}

/** A link of a page. */
export interface Link {
  readonly target: string;
  readonly line: number;
}

const FENCE = /^(\s*)(`{3,}|~{3,})\s*([\w-]*)/;

/** All code of a page, in order. */
export function blocksOf(markdown: string): Block[] {
  const lines = markdown.split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = FENCE.exec(lines[at]!);
    if (fence === null) {
      if (isIndentedCode(lines, at)) blocks.push(block("", [lines[at]!.slice(4)], at, undefined, true));
      continue;
    }
    const [, indent = "", mark = "", language = ""] = fence;
    const end = lines.findIndex((line, index) => index > at && line.trim().startsWith(mark));
    const code = lines.slice(at + 1, end < 0 ? undefined : end).map((line) => line.slice(indent.length));
    const note = /^\s*<!--\s*(.*?)\s*-->\s*$/.exec(lines[at - 1] ?? "")?.[1];
    blocks.push(block(language, code, at + 1, note, false));
    at = end < 0 ? lines.length : end;
  }
  return blocks;
}

function block(
  language: string,
  code: string[],
  index: number,
  note: string | undefined,
  isIndented: boolean,
): Block {
  return { language, text: code.join("\n"), line: index + 1, note, isIndented };
}

/** Four spaces behind an empty line, where no list goes on. */
function isIndentedCode(lines: readonly string[], at: number): boolean {
  if (!/^ {4,}\S/.test(lines[at]!) || (lines[at - 1] ?? "").trim() !== "") return false;
  const before = lines.slice(0, at).findLast((line) => /^\S/.test(line)) ?? "";
  return !/^(?:[-*+]|\d+\.)\s/.test(before);
}

/** The page without its code and comments; lines keep their numbers. */
function prose(markdown: string): string[] {
  const blank = (text: string): string => text.replace(/[^\n]/g, " ");
  const lines = markdown.replace(/<!--[\s\S]*?-->/g, blank).split("\n");
  let fence: string | undefined;
  return lines.map((line) => {
    const mark = FENCE.exec(line)?.[2];
    const isCode = fence !== undefined || mark !== undefined;
    if (fence === undefined) fence = mark;
    else if (line.trim().startsWith(fence)) fence = undefined;
    return isCode ? "" : line;
  });
}

/** All links of a page. */
export function linksOf(markdown: string): Link[] {
  return prose(markdown).flatMap((text, index) =>
    [...text.replace(/`[^`]*`/g, "``").matchAll(/\]\(([^()\s]+)(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s*(\S+)/g)].map(
      ([, inline, reference]) => ({ target: inline ?? reference ?? "", line: index + 1 }),
    ),
  );
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const line of prose(markdown)) {
    const heading = /^#{1,6}\s+(.+?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}
