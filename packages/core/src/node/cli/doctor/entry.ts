import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { counted, type Finding } from "../report.js";
import type { World } from "../world.js";
import { type Entry, type Project, textIn } from "./project.js";
import { readSourceMap, type SourceMapFacts } from "./source-map.js";

/** What stacks will show: the file that is started, its source map, and whether Node reads maps. */
export function entryFindings(project: Project, { env, execArgv }: World): readonly Finding[] {
  const { entry, root } = project;
  if (entry === undefined) return [unknownEntry()];
  const shown = relative(root, entry.path) || entry.path;
  if (!existsSync(entry.path)) return [missingEntry(entry, shown)];

  const map = readSourceMap(entry.path);
  const isMapping = mapsSources(project, env, execArgv);
  return [
    { topic: "entry", state: "ok", text: `${shown}, by ${entry.source}`, details: { path: entry.path } },
    mapFinding(map, shown, root),
    ...(map.state === "read" ? [mappingFinding(map, isMapping)] : []),
  ];
}

function unknownEntry(): Finding {
  return {
    topic: "entry",
    state: "note",
    text: "package.json does not say which file is started",
    advice: "Name it to have its source map looked at: corvid doctor --entry dist/main.js",
  };
}

function missingEntry({ path, source }: Entry, shown: string): Finding {
  return {
    topic: "entry",
    state: source === "--entry" ? "problem" : "note",
    text: `${shown}, by ${source}, does not exist`,
    advice: "Is the application built? Or name the file that is started: corvid doctor --entry FILE",
    details: { path },
  };
}

function mapFinding(map: SourceMapFacts, shown: string, root: string): Finding {
  const base = { topic: "source map", details: { ...map } };
  switch (map.state) {
    case "none":
      return map.looksBuilt
        ? noMap(base, root)
        : { ...base, state: "ok", text: "none needed: the file is what was written" };
    case "source":
      return {
        ...base,
        state: "ok",
        text: "none needed: Node or its loader runs the TypeScript file itself",
      };
    case "broken":
      return {
        ...base,
        state: "problem",
        text: `${shown} names a map that cannot be used: ${map.trouble}`,
        advice: "Deploy the .map file beside the built one, from the same build.",
      };
    case "read":
      return sourcesFinding(base, map);
  }
}

function noMap(base: Pick<Finding, "topic" | "details">, root: string): Finding {
  const isTypeScript = existsSync(join(root, "tsconfig.json"));
  return {
    ...base,
    state: "note",
    text: "none, and the file looks built: stacks will show the built code",
    advice: isTypeScript
      ? 'Set "sourceMap": true in tsconfig.json, and deploy the .map files.'
      : "Have the bundler write source maps (esbuild: --sourcemap, rollup: output.sourcemap, webpack: devtool).",
  };
}

function sourcesFinding(
  base: Pick<Finding, "topic" | "details">,
  { sources, present, embedded }: Extract<SourceMapFacts, { state: "read" }>,
): Finding {
  const text = `${counted(sources, "source")}, ${present} of them on disk, ${embedded} inside the map`;
  if (present === sources) return { ...base, state: "ok", text };
  return {
    ...base,
    state: "note",
    text,
    advice: "Positions can be shown in the sources, but no lines of those that are not deployed.",
  };
}

/** Node's own mapping is the one there is: Corvid shows what it makes of stacks. */
function mappingFinding(
  { present }: Extract<SourceMapFacts, { state: "read" }>,
  isMapping: boolean,
): Finding {
  if (isMapping) {
    const lines =
      present > 0 ? "with lines of the sources that are on disk" : "without lines of source: none is on disk";
    return {
      topic: "mapping",
      state: "ok",
      text: `--enable-source-maps is on: stacks show the sources, ${lines}`,
    };
  }
  return {
    topic: "mapping",
    state: "note",
    text: "--enable-source-maps is off: stacks show positions and lines of the built file",
    advice: "Start with node --enable-source-maps, or NODE_OPTIONS=--enable-source-maps.",
  };
}

function mapsSources({ manifest }: Project, env: World["env"], execArgv: readonly string[]): boolean {
  const start = textIn(manifest?.["scripts"], "start") ?? "";
  return [env["NODE_OPTIONS"] ?? "", start, ...execArgv].some((text) =>
    /(?:^|\s)--enable-source-maps(?:\s|$)/.test(text),
  );
}
