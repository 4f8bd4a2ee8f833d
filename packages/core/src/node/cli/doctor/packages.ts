import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Finding } from "../report.js";
import { namesIn, type Project, readManifest, textIn } from "./project.js";

/** A package of Corvid that the application can load. */
interface Installed {
  readonly name: string;
  readonly version: string;
  /** Real path, past the links of package managers. */
  readonly folder: string;
}

const CORE = "@corvid/core";
/** The test server is a tool, and may have any version. */
const APART = "@corvid/test-server";
/** Frameworks and loggers that have a package of ours. */
const BRIDGES: Readonly<Record<string, string>> = {
  express: "@corvid/express",
  koa: "@corvid/koa",
  pino: "@corvid/pino",
};

/** What is installed: packages of Corvid and their versions, copies of the core, frameworks without their package. */
export function packageFindings(project: Project): readonly Finding[] {
  const installed = installedPackages(project.root);
  return [
    installedFinding(installed),
    ...versionFindings(installed),
    ...copyFindings(installed),
    ...bridgeFindings(project, installed),
    ...bundledFindings(),
  ];
}

function installedFinding(installed: readonly Installed[]): Finding {
  const details = { installed: Object.fromEntries(installed.map(({ name, version }) => [name, version])) };
  if (!installed.some(({ name }) => name === CORE)) {
    return {
      topic: "packages",
      state: "problem",
      text: `${CORE} is not installed here`,
      advice: `Run this in the application's folder, or install it: npm install ${CORE}`,
      details,
    };
  }
  const text = installed.map(({ name, version }) => `${name} ${version}`).join(", ");
  return { topic: "packages", state: "ok", text, details };
}

function versionFindings(installed: readonly Installed[]): Finding[] {
  const ours = installed.filter(({ name }) => name !== APART);
  const versions = [...new Set(ours.map(({ version }) => version))];
  if (versions.length < 2) return [];
  return [
    {
      topic: "packages",
      state: "problem",
      text: `different versions of Corvid's packages: ${versions.join(", ")}`,
      advice: `They are made for each other in one version: npm install ${ours.map(({ name }) => `${name}@latest`).join(" ")}`,
      details: { versions },
    },
  ];
}

/** A package that brings a core of its own still shares the client; but it may be of another version. */
function copyFindings(installed: readonly Installed[]): Finding[] {
  const copies = new Map<string, string>();
  for (const { folder } of installed) {
    const core = folder.endsWith(join("@corvid", "core")) ? folder : resolvedFrom(folder, CORE);
    const version = core === undefined ? undefined : textIn(readManifest(core), "version");
    if (core !== undefined && version !== undefined) copies.set(core, version);
  }
  if (copies.size < 2) return [];
  const isMixed = new Set(copies.values()).size > 1;
  const list = [...copies].map(([folder, version]) => `${version} in ${folder}`);
  return [
    {
      topic: "packages",
      state: isMixed ? "problem" : "note",
      text: `${copies.size} copies of ${CORE}: ${list.join("; ")}`,
      advice: isMixed
        ? "Update all of Corvid's packages together, so that one copy remains (npm dedupe)."
        : "They share one client and one memory of what was seen, so this costs disk and memory only (npm dedupe).",
      details: { copies: Object.fromEntries(copies) },
    },
  ];
}

function bridgeFindings({ manifest }: Project, installed: readonly Installed[]): Finding[] {
  const wanted = new Set([
    ...namesIn(manifest?.["dependencies"]),
    ...namesIn(manifest?.["optionalDependencies"]),
  ]);
  return Object.entries(BRIDGES)
    .filter(([framework, bridge]) => wanted.has(framework) && !installed.some(({ name }) => name === bridge))
    .map(([framework, bridge]) => ({
      topic: "packages",
      state: "note",
      text: `${framework} is used without ${bridge}`,
      advice: `npm install ${bridge}: errors then come with their request, and are reported without a line in each handler.`,
      details: { framework, package: bridge },
    }));
}

/** The libraries inside this package, as its notices name them. */
function bundledFindings(): Finding[] {
  const folder = folderAbove(dirname(fileURLToPath(import.meta.url)));
  const versions = bundledVersions(join(folder, "THIRD-PARTY-LICENSES"));
  if (versions.length === 0) return [];
  const text = versions.map(([name, version]) => `${name} ${version}`).join(", ");
  return [{ topic: "bundled", state: "ok", text, details: { bundled: Object.fromEntries(versions) } }];
}

function bundledVersions(path: string): readonly (readonly [name: string, version: string])[] {
  try {
    const heads = readFileSync(path, "utf8").matchAll(/^(\S+) (\d\S*) \([^()]+\)$/gm);
    return Array.from(heads, ([, name, version]) => [name!, version!] as const);
  } catch {
    return [];
  }
}

function folderAbove(folder: string): string {
  for (let above = folder; ; above = dirname(above)) {
    if (existsSync(join(above, "package.json")) || dirname(above) === above) return above;
  }
}

/** The packages of Corvid that a program in `root` can load; of several with one name the nearest. */
function installedPackages(root: string): readonly Installed[] {
  const found = new Map<string, Installed>();
  for (let folder = root; ; folder = dirname(folder)) {
    const scope = join(folder, "node_modules", "@corvid");
    for (const name of entriesOf(scope)) {
      const manifest = readManifest(join(scope, name));
      const version = textIn(manifest, "version");
      const fullName = `@corvid/${name}`;
      if (version === undefined || found.has(fullName)) continue;
      found.set(fullName, { name: fullName, version, folder: realpathSync(join(scope, name)) });
    }
    if (dirname(folder) === folder) return [...found.values()];
  }
}

function resolvedFrom(folder: string, name: string): string | undefined {
  for (let above = folder; ; above = dirname(above)) {
    const candidate = join(above, "node_modules", name);
    if (existsSync(candidate)) return realpathSync(candidate);
    if (dirname(above) === above) return undefined;
  }
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
