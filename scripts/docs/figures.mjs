/** The figures of the pages, made from `bench/RESULTS.md`, so that none is ever typed. */

/**
 * A page with its figures as the results have them now: what stands between `<!-- figures: name -->` and
 * `<!-- /figures -->`.
 *
 * @param {string} page - text of the page
 * @param {string} results - text of RESULTS.md
 * @returns {string}
 */
export function fillFigures(page, results) {
  return page.replace(
    /(<!-- figures: (\w+) -->\n)[\s\S]*?(<!-- \/figures -->)/g,
    (_, start, name, end) => `${start}\n${makerOf(name)(results)}\n\n${end}`,
  );
}

function makerOf(name) {
  const maker = { comparison, missed }[name];
  if (maker === undefined) throw new Error(`Unknown figures: ${name}`);
  return maker;
}

/** What is compared: where it stands (captions and columns by how they begin), and whether less is better. */
const QUESTIONS = [
  { name: "CPU of the start, ms", section: "The start", column: "CPU, ms", lessIsBetter: true },
  {
    name: "CPU of the first error, ms",
    section: "The start",
    column: "first error, CPU ms",
    lessIsBetter: true,
  },
  { name: "packages", section: "The start", column: "packages", lessIsBetter: true },
  { name: "MiB installed", section: "The start", column: "MiB on disk", lessIsBetter: true },
  { name: "caller of a capture, µs", section: "One capture", column: "caller, µs", lessIsBetter: true },
  { name: "CPU of an event, µs", section: "One capture", column: "CPU per event, µs", lessIsBetter: true },
  {
    name: "requests for equal errors",
    section: "The storm",
    caption: "One per turn of the loop",
    column: "requests",
    lessIsBetter: true,
  },
  {
    name: "equal errors accounted for",
    section: "The storm",
    caption: "One per turn of the loop",
    column: "accounted of",
    lessIsBetter: false,
  },
  {
    name: "memory, hung server, MiB",
    section: "A hung server",
    column: "memory growth, MiB",
    lessIsBetter: true,
  },
  { name: "process ends, hung server", section: "A hung server", column: "ends after", lessIsBetter: true },
  {
    name: "arrives, the worst of six faults",
    section: "Delivery",
    caption: "Delivered of",
    column: "worst",
    lessIsBetter: false,
  },
];

/** Corvid beside its peers: the table, and in words where a peer is as good or better. */
function comparison(results) {
  const columns = QUESTIONS.map((question) => ({ ...question, values: valuesOf(results, question) }));
  const clients = [...columns[0].values.keys()];
  const rows = clients.map((client) => [client, ...columns.map(({ values }) => values.get(client) ?? "–")]);
  const better = columns.flatMap(({ name, values, lessIsBetter }) => {
    const ours = amount(values.get("Corvid"));
    const peers = clients.filter((client) => {
      if (client === "Corvid" || !values.has(client)) return false;
      const theirs = amount(values.get(client));
      return lessIsBetter ? theirs <= ours : theirs >= ours;
    });
    return peers.length === 0 ? [] : [`- ${name}: ${peers.join(", ")}`];
  });
  return [
    table(["", ...columns.map(({ name }) => name)], rows),
    `Equal errors: ${totalOf(results, "The storm")}, one per turn of the loop. Arrival: of ${totalOf(results, "Delivery")} errors, while the server fails. ${provenanceOf(results)}`,
    better.length === 0
      ? "No peer is as good in any column."
      : `As good or better than Corvid:\n\n${better.join("\n")}`,
  ].join("\n\n");
}

/** The targets Corvid sets itself and does not meet. */
function missed(results) {
  const lines = sectionsOf(results).flatMap(({ title, text }) =>
    [...text.matchAll(/^- \*\*MISSED\*\*: (.+)$/gm)].map(([, target]) => `- ${title}: ${target}`),
  );
  return lines.length === 0 ? "None." : lines.join("\n");
}

function valuesOf(results, { section, caption, column }) {
  const { columns, rows } = tableOf(results, section, caption);
  if (column === "worst")
    return new Map(rows.map(([client, ...counts]) => [client, String(Math.min(...counts.map(Number)))]));
  const at = columns.findIndex((name) => name.startsWith(column));
  if (at < 0)
    throw new Error(`RESULTS.md, ${section}: expected a column ${column}, found ${columns.join(", ")}`);
  return new Map(rows.map((row) => [row[0], row[at]]));
}

/** "1.0 s" is 1; "not in 3 s" is more than anything. */
function amount(text) {
  return text.startsWith("not") ? Number.POSITIVE_INFINITY : Number.parseFloat(text);
}

function sectionsOf(results) {
  return results
    .split(/^## /m)
    .slice(1)
    .map((text) => ({ title: text.slice(0, text.indexOf("\n")).trim(), text }));
}

function sectionOf(results, title) {
  const section = sectionsOf(results).find((candidate) => candidate.title === title);
  if (section === undefined) throw new Error(`RESULTS.md: expected a section "${title}"`);
  return section.text;
}

function tableOf(results, title, caption) {
  const text = sectionOf(results, title);
  const from =
    caption === undefined ? 0 : text.split("\n").findIndex((line) => line.startsWith(`**${caption}`));
  const lines = text.split("\n").slice(from);
  const start = lines.findIndex((line) => line.startsWith("|"));
  if (from < 0 || start < 0) throw new Error(`RESULTS.md, ${title}: expected a table ${caption ?? ""}`);
  const length = lines.slice(start).findIndex((line) => !line.startsWith("|"));
  const [columns, , ...rows] = lines.slice(start, start + length).map(cellsOf);
  return { columns, rows: rows.filter(([client]) => !client.startsWith("(")) };
}

function cellsOf(line) {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** How many errors a section was measured with: the first number it names. */
function totalOf(results, title) {
  return /\d+/.exec(sectionOf(results, title))[0];
}

function provenanceOf(results) {
  const said = [...results.matchAll(/^\*(\d{4}-\d\d-\d\d, .+)\*$/gm)].map(([, text]) => text);
  return `Measured ${[...new Set(said)].join("; ")}`;
}

function table(columns, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = `|---|${columns
    .slice(1)
    .map(() => "---:|")
    .join("")}`;
  return [line(columns), rule, ...rows.map(line)].join("\n");
}
