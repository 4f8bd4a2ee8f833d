/**
 * The ways people use Corvid, each as a whole program around the README's own lines, and the events it must deliver.
 * Programs read the DSN from `SENTRY_DSN` and end by themselves.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { transform } from "esbuild";
import { publicPackages, ROOT } from "../packages.mjs";
import { snippetWith, toCommonJs } from "./snippets.mjs";

/** Where the READMEs write a DSN of their own, the environment's is taken. */
const withoutDsn = (code) => code.replace(/\{ dsn: "[^"]+" \}/, "");
/** Typed where a type checker would ask; types are taken out for those who run JavaScript. */
const SHOP = `
interface Order { readonly id: number }
var order: Order = { id: 7 };
async function chargeCard(order: Order): Promise<void> {
  throw new RangeError(\`Order \${order.id} has no card\`);
}
`;

const coreSnippet = withoutDsn(snippetWith("packages/core/README.md", "chargeCard", "js"));
const rootSnippet = withoutDsn(snippetWith("README.md", "chargeCard", "js"));

/** The packages that say in a `smoke.mjs` of their own how they are tried. */
export const TRIED = await Promise.all(
  publicPackages()
    .filter(({ folder }) => existsSync(join(ROOT, folder, "smoke.mjs")))
    .map(async ({ name, folder }) => ({
      name,
      short: folder.split("/").at(-1),
      readme: `${folder}/README.md`,
      ...(await import(pathToFileURL(join(ROOT, folder, "smoke.mjs")))),
    })),
);

/** Each program: TypeScript source, and the events, as `type: value | transaction`. */
export const PROGRAMS = {
  "README of the repository": {
    code: `${SHOP}${rootSnippet}`,
    events: ["RangeError: Order 7 has no card"],
  },
  core: {
    code: `${SHOP}${coreSnippet}`,
    events: ["RangeError: Order 7 has no card"],
  },
  ...Object.fromEntries(TRIED.map(({ short, program }) => [short, program])),
};

/** The packages that frameworks and loggers come from. */
export const FRAMEWORKS = {
  latest: TRIED.flatMap(({ frameworks }) => frameworks?.latest ?? []),
  previous: TRIED.flatMap(({ frameworks }) => frameworks?.previous ?? []),
};

/** A program as JavaScript: `app.mjs`, or as CommonJS. */
export async function javascript({ code }, format) {
  const { code: plain } = await transform(code, { loader: "ts", target: "node20" });
  return format === "cjs" ? toCommonJs(plain) : plain;
}
