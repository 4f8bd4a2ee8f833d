/** How the packed package is tried beside its framework: read by scripts/smoke. */
import { snippetWith } from "../../scripts/smoke/snippets.mjs";

const README = "packages/pino/README.md";
const job = snippetWith(README, "async function run(job)", "js").replace("run(job)", "run(job: Job)");

export const frameworks = { latest: ["pino@10"], previous: ["pino@9"] };

export const program = {
  code: `${snippetWith(README, "hooks: handler(", "js")}
interface Job { readonly id: number; readonly tenant: string; readonly iban: string }
async function transfer(job: Job): Promise<void> { throw new RangeError(\`Job \${job.id} has no card\`); }
${job}
await withRequestScope(() => run({ id: 7, tenant: "acme", iban: "DE00" }));
await close();
`,
  events: ["RangeError: Job 7 has no card"],
};

export const declarations = { imports: `import { handler } from "@corvid/pino";`, uses: ["handler"] };
