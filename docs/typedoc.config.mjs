import { readdirSync, readFileSync } from "node:fs";

/** Folders of everything that is published. */
const folders = [
  ...readdirSync(new URL("../packages", import.meta.url)).map((name) => `../packages/${name}`),
  "../test-server",
];
const packages = folders.map((folder) => ({
  folder,
  ...JSON.parse(readFileSync(new URL(`${folder}/package.json`, import.meta.url), "utf8")),
}));

/** The sources of all entries, as each package.json's `exports` name them. */
const entryPoints = packages.flatMap(({ folder, exports }) =>
  Object.values(exports)
    .map((target) => target["corvid-source"])
    .filter((source) => source !== undefined)
    .map((source) => `${folder}/${source.replace("./", "")}`),
);

/** The API reference. What an entry exports and nobody has described is an error. */
export default {
  name: "Corvid",
  entryPoints,
  tsconfig: "tsconfig.api.json",
  out: "api",
  readme: "none",
  disableSources: true,
  excludePrivate: true,
  excludeInternal: true,
  packagesRequiringDocumentation: packages.map(({ name }) => name),
  requiredToBeDocumented: [
    "Variable",
    "Function",
    "Class",
    "Interface",
    "TypeAlias",
    "Method",
    "Accessor",
    "Namespace",
  ],
  validation: { notDocumented: true, notExported: false, invalidLink: true },
  treatValidationWarningsAsErrors: true,
};
