/** Pieces of files that pages show. */

/**
 * A region of a file, from `// #region name` to `// #endregion`, without its indentation.
 *
 * @param {string} source - text of the file
 * @param {string | undefined} name - `undefined`: the whole file, without the marks of its regions
 * @returns {string | undefined} `undefined` when there is no such region
 */
export function regionOf(source, name) {
  const lines = source.split("\n");
  const start = lines.findIndex((line) => line.trim() === `// #region ${name}`);
  if (name !== undefined && start < 0) return undefined;
  const end = lines.findIndex((line, index) => index > start && line.trim() === "// #endregion");
  const region = name === undefined ? lines : lines.slice(start + 1, end < 0 ? undefined : end);
  const code = region.filter((line) => !/^\s*\/\/ #(?:end)?region\b/.test(line));
  const indents = code.filter((line) => line.trim() !== "").map((line) => /^ */.exec(line)[0].length);
  return code
    .map((line) => line.slice(Math.min(...indents)))
    .join("\n")
    .trim();
}

/** The comment above a block that is lifted from a file: `from examples/koa/server.js#routes`. */
export const LIFTED = /^from ([\w./-]+?)(?:#([\w-]+))?$/;
