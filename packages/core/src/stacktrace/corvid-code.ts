import { parseStackLine } from "./stack-line.js";

/**
 * Recognises Corvid's own frames, in any build.
 *
 * Each published file has all of its code in one function, and leaves the stacks of its first statement and of its end
 * on `globalThis` (`scripts/sealed-module.mjs`). Bundlers move statements between modules, but no foreign code into a
 * function, and minifiers keep the order of statements. So every position between the two is Corvid's, whatever the
 * file is called by then.
 */
const KEY: unique symbol = Symbol.for("@corvid/core:code") as never;

/** From where to where a file's code reaches. */
interface Extent {
  readonly source: string;
  readonly from: Position;
  readonly to: Position;
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** For each file, the stack of its first statement, then that of its end. */
type Marks = readonly unknown[];

/** Installed as a package; also where source maps lead back into one. */
const PACKAGE = /[\\/]node_modules[\\/]@corvid[\\/]/;

let known = 0;
let extents: readonly Extent[] = [];

/** Whether a frame line stands for code of Corvid's packages. */
export function isCorvidLine(line: string): boolean {
  if (PACKAGE.test(line)) return true;
  const marks = (globalThis as { [KEY]?: Marks })[KEY] ?? [];
  if (marks.length !== known) {
    known = marks.length;
    extents = marks.flatMap((top, index) => (index % 2 === 0 ? extentOf(top, marks[index + 1]) : []));
  }
  if (extents.length === 0) return false;
  const { source, line: number = 0, column = 0 } = parseStackLine(line) ?? {};
  const position = { line: number, column };
  return extents.some(
    (extent) => extent.source === source && isAfter(position, extent.from) && isAfter(extent.to, position),
  );
}

function extentOf(top: unknown, bottom: unknown): Extent[] {
  const [from, to] = [placeOf(top), placeOf(bottom)];
  return from === undefined || to === undefined || from.source !== to.source
    ? []
    : [{ source: from.source, from: from.position, to: to.position }];
}

function placeOf(stack: unknown): { readonly source: string; readonly position: Position } | undefined {
  if (typeof stack !== "string") return undefined;
  const start = stack.indexOf("    at ");
  const line = stack.slice(start).split("\n", 1)[0]!;
  const { source, line: number, column } = parseStackLine(line) ?? {};
  return source === undefined || number === undefined || column === undefined
    ? undefined
    : { source, position: { line: number, column } };
}

function isAfter(position: Position, other: Position): boolean {
  return position.line > other.line || (position.line === other.line && position.column >= other.column);
}
