/** How results are shown and kept. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const FOLDER = new URL("../results/", import.meta.url);

/**
 * @typedef {object} Result - what a dimension found
 * @property {string} title
 * @property {string} note - what was measured, in a sentence or two
 * @property {Table[]} tables
 * @property {Target[]} targets - Corvid's own
 *
 * @typedef {{ caption: string, columns: string[], rows: (string | number)[][] }} Table
 * @typedef {{ name: string, value: number, limit: number, unit: string, met: boolean }} Target
 */

/** A target that is met by `value` being at most `limit`. */
export function atMost(name, value, limit, unit = "") {
  return { name, value, limit, unit, met: value <= limit };
}

/** A target that is met by `value` being exactly `limit`. */
export function exactly(name, value, limit, unit = "") {
  return { name, value, limit, unit, met: value === limit, isExact: true };
}

/** A result as GitHub Markdown; readable on a terminal too. */
export function markdown({ title, note, tables, targets }) {
  return [
    `## ${title}`,
    note,
    ...tables.map(
      ({ caption, columns, rows }) => (caption === "" ? "" : `**${caption}**\n\n`) + table(columns, rows),
    ),
    ...(targets.length === 0 ? [] : [targets.map(line).join("\n")]),
  ].join("\n\n");
}

/**
 * Writes `results/<name>.json` of every dimension that was measured. When asked, also writes the kept `RESULTS.md`, from
 * the latest result of each.
 *
 * @param {Record<string, Result & { machine: object }>} results - by name
 * @param {readonly string[]} order - the names of all dimensions
 * @param {{ write: boolean }} flags
 */
export function keep(results, order, { write }) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, result] of Object.entries(results))
    if (result.failure === undefined)
      writeFileSync(new URL(`${name}.json`, FOLDER), `${JSON.stringify(result, null, 2)}\n`);
  if (!write) return;
  const kept = order.map((name) => new URL(`${name}.json`, FOLDER)).filter((file) => existsSync(file));
  writeFileSync(
    new URL("../RESULTS.md", import.meta.url),
    page(kept.map((file) => JSON.parse(readFileSync(file, "utf8")))),
  );
}

function page(results) {
  return `${[
    "# Results",
    "Written by `npm run bench -- --write`. What was measured, and how to read it: [README.md](README.md).",
    ...results.flatMap((result) => [markdown(result), provenance(result.machine)]),
  ].join("\n\n")}\n`;
}

function provenance({ date, node, platform, cpu, cores, memoryGiB, loadAtStart, isQuick }) {
  const size = isQuick ? "a quick run" : "a full run";
  return `*${date}, ${size}: Node ${node}, ${platform}, ${cores} cores (${cpu}), ${memoryGiB} GiB, load ${loadAtStart} at its start.*`;
}

function line({ name, value, limit, unit, met, isExact }) {
  const sign = isExact ? "" : "≤ ";
  return `- ${met ? "met" : "**MISSED**"}: ${name}: ${format(value)}${unit} (target ${sign}${format(limit)}${unit})`;
}

function table(columns, rows) {
  const cells = [columns, ...rows.map((row) => row.map(format))];
  const widths = columns.map((_, at) => Math.max(3, ...cells.map((row) => row[at].length)));
  const written = cells.map(
    (row) =>
      `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join(" | ")} |`,
  );
  const rule = `|${widths.map((width, at) => (at === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [written[0], rule, ...written.slice(1)].join("\n");
}

function format(value) {
  if (typeof value !== "number") return value ?? "–";
  if (Number.isNaN(value)) return "–";
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100
    ? value.toFixed(0)
    : Math.abs(value) >= 10
      ? value.toFixed(1)
      : value.toFixed(2);
}
