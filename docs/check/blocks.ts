import { existsSync, readFileSync } from "node:fs";
import { LIFTED, regionOf } from "../../scripts/docs/region.mjs";
import type { Block } from "./markdown.js";
import { type Page, ROOT } from "./pages.js";
import { shellTrouble } from "./shell.js";

/** What keeps a block true. */
export type Proof =
  /** It is a piece of an example, which has its own tests. */
  | { readonly kind: "lifted"; readonly file: string; readonly region: string | undefined }
  /** It is compiled, and run unless there is a reason not to. */
  | { readonly kind: "compiled"; readonly whyNotRun: string | undefined }
  | { readonly kind: "data" | "commands" | "plain" }
  | { readonly kind: "none"; readonly trouble: string };

/** How a block is kept true, by its language and the comment above it. */
export function proofOf({ language, text, note = "", isIndented }: Block): Proof {
  if (isIndented) return { kind: "none", trouble: "indented code: use a fence that names its language" };
  const [, file, region] = LIFTED.exec(note) ?? [];
  if (file !== undefined) return { kind: "lifted", file, region };
  switch (language) {
    case "ts":
    case "js":
      return { kind: "compiled", whyNotRun: /^not run: (.+)$/.exec(note)?.[1] };
    case "json":
      return { kind: "data" };
    case "sh":
      return { kind: "commands" };
    case "text":
      return CODE.test(text) ? { kind: "none", trouble: "code: name its language" } : { kind: "plain" };
    default:
      return { kind: "none", trouble: `"${language}" is no language that is checked` };
  }
}

/** What is wrong with a block, as far as it can be told without compiling it. */
export function blockTrouble(page: Page, block: Block): string | undefined {
  const proof = proofOf(block);
  const trouble = troubleOf(block, proof);
  return trouble === undefined ? undefined : `${page.path}:${block.line}: ${trouble}`;
}

function troubleOf(block: Block, proof: Proof): string | undefined {
  switch (proof.kind) {
    case "none":
      return proof.trouble;
    case "lifted":
      return liftTrouble(block.text, proof.file, proof.region);
    case "data":
      return jsonTrouble(block.text);
    case "commands":
      return shellTrouble(block.text);
    default:
      return undefined;
  }
}

function liftTrouble(text: string, file: string, region: string | undefined): string | undefined {
  if (!existsSync(ROOT + file)) return `there is no ${file}`;
  const lifted = regionOf(readFileSync(ROOT + file, "utf8"), region);
  if (lifted === undefined) return `${file} has no "#region ${region}"`;
  return lifted === text.trimEnd() ? undefined : `differs from ${file}, which says:\n${lifted}`;
}

function jsonTrouble(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What shows that a plain text is none. */
const CODE = /^\s*(?:import|export|const|let|await) |\b(?:require|init|capture[A-Z]\w*)\(/m;
