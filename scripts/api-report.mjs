/**
 * The public surface of each entry, as text: `api/core.api.md`, `api/core.testing.api.md` and so on, written from the
 * built types. A change of the surface shows in review as a change of these files.
 *
 *     node scripts/api-report.mjs                          fails when the built surface is not the reported one, or
 *                                                          shows a type that nobody can name
 *     node scripts/api-report.mjs --update                 writes the reports anew
 *     node scripts/api-report.mjs --check --against main   also fails when a report changed since it left that branch,
 *                                                          and no changeset for its package came along
 *
 * Needs the packages built.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";
import { unannounced } from "./announced.mjs";
import { publicPackages, ROOT } from "./packages.mjs";

const FOLDER = join(ROOT, "api");
const UPDATE = "npx pnpm api:update";

const { values: flags } = parseArgs({
  options: {
    check: { type: "boolean" },
    update: { type: "boolean" },
    against: { type: "string" },
  },
});
const complaints = [];
const reports = new Map(publicPackages().flatMap(reportsOf));
if (flags.update === true) write(reports);
else compare(reports);
if (flags.against !== undefined) complaints.push(...unannounced(flags.against));
for (const complaint of complaints) process.stderr.write(`✗ ${complaint}\n`);
process.exitCode = complaints.length === 0 ? 0 : 1;

/** The report of each public entry of a package, by file name. */
function reportsOf(one) {
  const scratch = mkdtempSync(join(tmpdir(), "corvid-api-"));
  try {
    const surfaces = entriesOf(one).map((entry) => surface(entry, scratch));
    complainOfNameless(surfaces);
    return surfaces.map(({ file, title, text }) => [file, readable(title, text)]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What an entry shows must have a name that users can import: from there, or from the main entry. */
function complainOfNameless(surfaces) {
  const main = exportsOf(surfaces.find(({ isMain }) => isMain).text);
  for (const { title, shown } of surfaces)
    for (const name of shown)
      if (!main.has(name)) complaints.push(`${title} shows ${name}, which nobody can import`);
}

function exportsOf(report) {
  const declared = /^export (?:declare |abstract )*(?:class|const|function|interface|type) (\w+)/gm;
  const renamed = /^export \{ (\w+)/gm;
  return new Set([declared, renamed].flatMap((names) => [...report.matchAll(names)].map(([, name]) => name)));
}

function entriesOf({ name, folder, manifest }) {
  return Object.entries(manifest.exports)
    .filter(([, target]) => typeof target !== "string")
    .map(([path, target]) => ({
      title: join(name, path),
      isMain: path === ".",
      file: `${join(name, path).replace("@corvid/", "").replaceAll("/", ".")}.api.md`,
      folder: join(ROOT, folder),
      types: join(ROOT, folder, target.import.types),
    }));
}

function surface({ title, file, isMain, ...entry }, scratch) {
  const failures = [];
  const shown = [];
  const { succeeded } = Extractor.invoke(configFor({ ...entry, file, scratch }), {
    localBuild: true,
    messageCallback(message) {
      message.handled = true;
      if (message.messageId === "ae-forgotten-export") shown.push(/"([^"]+)"/.exec(message.text)[1]);
      else if (message.logLevel === "error") failures.push(message.text);
    },
  });
  if (!succeeded) throw new Error(`${title} has no readable surface: ${failures.join("; ")}`);
  return { title, file, isMain, shown, text: readFileSync(join(scratch, file), "utf8") };
}

function configFor({ folder, types, file, scratch }) {
  const compilerOptions = {
    target: "ES2022",
    lib: ["ES2023"],
    module: "NodeNext",
    moduleResolution: "NodeNext",
    types: ["node"],
    typeRoots: [join(ROOT, "node_modules/@types")],
    skipLibCheck: true,
    strict: true,
  };
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: types,
      newlineKind: "lf",
      apiReport: {
        enabled: true,
        reportFileName: file,
        reportFolder: scratch,
        reportTempFolder: join(scratch, "temp"),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      compiler: { overrideTsconfig: { compilerOptions, files: [types] } },
      messages: {
        compilerMessageReporting: { default: { logLevel: "error" } },
        extractorMessageReporting: {
          default: { logLevel: "none" },
          "ae-forgotten-export": { logLevel: "warning" },
        },
        tsdocMessageReporting: { default: { logLevel: "none" } },
      },
    },
    packageJsonFullPath: join(folder, "package.json"),
  });
}

/** The surface alone: what is documented, and how, is not part of it. */
function readable(title, report) {
  const code = /```ts\n([\s\S]*)```/.exec(report)?.[1] ?? "";
  const lines = code
    .split("\n")
    .filter((line) => !/^\s*\/\/ (@public|\(undocumented\)|\(No @packageDocumentation comment)/.test(line));
  const text = lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
  return `# ${title}\n\nWritten by \`${UPDATE}\`.\n\n\`\`\`ts\n${text === "" ? "// exports nothing" : text}\n\`\`\`\n`;
}

function write(reports) {
  mkdirSync(FOLDER, { recursive: true });
  for (const file of stale(reports)) rmSync(join(FOLDER, file));
  for (const [file, text] of reports) writeFileSync(join(FOLDER, file), text);
}

function compare(reports) {
  for (const file of stale(reports)) complaints.push(`api/${file} is of an entry that is gone: ${UPDATE}`);
  for (const [file, text] of reports) {
    const path = join(FOLDER, file);
    const reported = existsSync(path) ? readFileSync(path, "utf8") : "";
    if (reported === text) continue;
    complaints.push(`api/${file} does not say what was built:\n${difference(reported, text)}\n  ${UPDATE}`);
  }
}

function stale(reports) {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER).filter((file) => file.endsWith(".api.md") && !reports.has(file));
}

/** Lines that only one of the two has: enough to see what changed. */
function difference(before, after) {
  const [old, built] = [before.split("\n"), after.split("\n")];
  const gone = old.filter((line) => !built.includes(line)).map((line) => `  - ${line}`);
  const added = built.filter((line) => !old.includes(line)).map((line) => `  + ${line}`);
  const lines = [...gone, ...added];
  return [...lines.slice(0, 40), ...(lines.length > 40 ? [`  … ${lines.length - 40} more`] : [])].join("\n");
}
