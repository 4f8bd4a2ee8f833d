import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { publicPackages } from "../../scripts/packages.mjs";
import { proofOf } from "./blocks.js";
import { type Block, blocksOf } from "./markdown.js";
import { type Page, ROOT } from "./pages.js";

/** A block as a module of its own. */
export interface Module {
  readonly page: string;
  /** Of the block within its page. */
  readonly line: number;
  /** TypeScript; its line numbers are those of the page. */
  readonly source: string;
  readonly whyNotRun: string | undefined;
}

/** Where the modules of all blocks are written, beside links to the packages they import. */
export const FOLDER: string = `${ROOT}docs/.blocks/`;

/** The modules of all blocks that are to be compiled. */
export function modulesOf(pages: readonly Page[]): Module[] {
  return pages.flatMap(modulesOfPage);
}

/** A block may use what blocks above it have imported, as its readers do. */
function modulesOfPage({ path, text }: Page): Module[] {
  const imported = new Map<string, string>();
  return blocksOf(text).flatMap((block): Module[] => {
    const proof = proofOf(block);
    const isCode = block.language === "ts" || block.language === "js";
    if (!isCode || (proof.kind !== "compiled" && proof.kind !== "lifted")) return [];
    const module = { page: path, line: block.line, source: moduleOf(block, imported) };
    for (const [name, statement] of importsOf(block.text)) imported.set(name, statement);
    return proof.kind === "lifted" ? [] : [{ ...module, whyNotRun: proof.whyNotRun }];
  });
}

function moduleOf({ text, line }: Block, imported: ReadonlyMap<string, string>): string {
  const declared = declaredIn(text);
  const needed = [...imported]
    .filter(([name]) => !declared.has(name) && new RegExp(`\\b${name}\\b`).test(text))
    .map(([, statement]) => statement);
  return `${needed.join(" ")} export {};${"\n".repeat(Math.max(1, line - 1))}${text}\n`;
}

/** What a block imports: each name with a statement that imports it alone. */
function importsOf(code: string): [string, string][] {
  return [...code.matchAll(/^import (type )?([^;"]+?) from "([^"]+)";/gm)].flatMap(
    ([, type = "", what = "", from = ""]) => {
      const named = /\{([^}]*)\}/.exec(what)?.[1] ?? "";
      const whole = what
        .replace(/\{[^}]*\}/, "")
        .replace(/,\s*$/, "")
        .trim();
      const names = named.split(",").map((name) => name.trim());
      return [
        ...names
          .filter((name) => name !== "")
          .map((name): [string, string] => [localName(name), `import ${type}{ ${name} } from "${from}";`]),
        ...(whole === ""
          ? []
          : [[localName(whole), `import ${type}${whole} from "${from}";`] as [string, string]]),
      ];
    },
  );
}

function localName(imported: string): string {
  return imported.split(/\s+/).at(-1)!;
}

function declaredIn(code: string): Set<string> {
  const declarations = [...code.matchAll(/^\s*(?:export )?(?:const|let|class|function|interface) (\w+)/gm)];
  return new Set([...importsOf(code).map(([name]) => name), ...declarations.map(([, name]) => name!)]);
}

/** The file of a module, without its ending. */
export function fileOf({ page, line }: Module): string {
  return `${FOLDER}${page.replace(/\W+/g, "-")}-${line}`;
}

/** Writes all modules. */
export function writeModules(modules: readonly Module[]): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(`${FOLDER}home`, { recursive: true });
  linkPackages();
  for (const module of modules) writeFileSync(`${fileOf(module)}.ts`, module.source);
}

/** Links every package of the workspace, and what each is made for with its types: pages may import all of them. */
function linkPackages(): void {
  for (const { name, folder, manifest } of publicPackages()) {
    link(name, `${ROOT}${folder}`);
    for (const peer of Object.keys(manifest.peerDependencies ?? {}))
      for (const wanted of [peer, `@types/${peer}`]) link(wanted, `${ROOT}${folder}/node_modules/${wanted}`);
  }
}

function link(name: string, target: string): void {
  const path = `${FOLDER}node_modules/${name}`;
  if (!existsSync(target) || existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, "dir");
}

/** What the compiler says about the modules, a line each. @throws {Error} when it cannot be run */
export function compile(): string[] {
  const args = ["-p", "tsconfig.blocks.json", "--pretty", "false"];
  const options = { cwd: `${ROOT}docs`, encoding: "utf8" } as const;
  const { error, status, stdout, stderr } = spawnSync(`${ROOT}node_modules/.bin/tsc`, args, options);
  if (error !== undefined) throw error;
  const lines = stdout.split("\n").filter((line) => line !== "");
  if (status !== 0 && lines.length === 0) throw new Error(`tsc ended with ${status}: ${stderr}`);
  return lines;
}
