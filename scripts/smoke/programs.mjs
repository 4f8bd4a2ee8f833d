/**
 * The ways people use Corvid, each as a whole program around the README's own lines, and the events it must deliver.
 * Programs read the DSN from `SENTRY_DSN` and end by themselves.
 */
import { transform } from "esbuild";
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
const expressSnippet = snippetWith("packages/express/README.md", "errorHandler()", "js");
const koaSnippet = snippetWith("packages/koa/README.md", "requestHandler()", "js");
const pinoSnippet = snippetWith("packages/pino/README.md", "hooks: handler(", "js");
const pinoJob = snippetWith("packages/pino/README.md", "async function run(job)", "js");
const decorated = snippetWith("packages/decorators/README.md", "@captureExceptions", "ts");

/** The README's server, on any free port: is asked once, and ends in order. */
const visited = (snippet) => `import { close } from "@corvid/core";
${snippet.replace("app.listen(3000);", 'const server = app.listen(0, "127.0.0.1");')}
server.on("listening", async () => {
  const { port } = server.address() as { port: number };
  const response = await fetch(\`http://127.0.0.1:\${port}/orders/7\`);
  await response.arrayBuffer();
  server.close();
  await close();
});
`;

/** Each program: TypeScript source, the packages it needs, and the events, as `type: value | transaction`. */
export const PROGRAMS = {
  "README of the repository": {
    needs: ["@corvid/core"],
    code: `${SHOP}${rootSnippet}`,
    events: ["RangeError: Order 7 has no card"],
  },
  core: {
    needs: ["@corvid/core"],
    code: `${SHOP}${coreSnippet}`,
    events: ["RangeError: Order 7 has no card"],
  },
  express: {
    needs: ["@corvid/core", "@corvid/express"],
    code: visited(expressSnippet),
    events: ["RangeError: Order 7 has no card | GET /orders/:id"],
  },
  koa: {
    needs: ["@corvid/core", "@corvid/koa"],
    code: visited(koaSnippet),
    events: ["RangeError: /orders/7 has no card"],
  },
  pino: {
    needs: ["@corvid/core", "@corvid/pino"],
    code: `${pinoSnippet}
interface Job { readonly id: number; readonly tenant: string; readonly iban: string }
async function transfer(job: Job): Promise<void> { throw new RangeError(\`Job \${job.id} has no card\`); }
${pinoJob.replace("run(job)", "run(job: Job)")}
await withRequestScope(() => run({ id: 7, tenant: "acme", iban: "DE00" }));
await close();
`,
    events: ["RangeError: Job 7 has no card"],
  },
  decorators: {
    needs: ["@corvid/core", "@corvid/decorators"],
    code: decorated,
    events: ["Error: No order 8", "RangeError: Order 7 has a negative total"],
  },
};

/** The packages that frameworks and loggers come from. */
export const FRAMEWORKS = {
  latest: ["express@5", "koa@3", "pino@10"],
  previous: ["express@4", "koa@2", "pino@9"],
};

/** A program as JavaScript: `app.mjs`, or as CommonJS. */
export async function javascript({ code }, format) {
  const { code: plain } = await transform(code, { loader: "ts", target: "node20" });
  return format === "cjs" ? toCommonJs(plain) : plain;
}
