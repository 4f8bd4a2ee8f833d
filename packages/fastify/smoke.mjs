/** How the packed package is tried beside its framework: read by scripts/smoke. */
import { snippetWith } from "../../scripts/smoke/snippets.mjs";

/** The snippet of the README, which visits itself and ends in order. */
const visited = (snippet) => `import { close } from "@corvid/core";
${snippet.replace(
  "app.listen({ port: 3000 });",
  `app.listen({ port: 0, host: "127.0.0.1" }, async (_error, address) => {
  const response = await fetch(\`\${address}/orders/7\`);
  await response.arrayBuffer();
  await app.close();
  await close();
});`,
)}`;

export const frameworks = { latest: ["fastify@5"], previous: ["fastify@4"] };
export const types = { latest: [] };

export const program = {
  code: visited(snippetWith("packages/fastify/README.md", "requestHandler()", "js")),
  events: ["RangeError: /orders/7 has no card"],
};

export const bundled = ["cjs"];

export const declarations = {
  imports: `import { requestHandler as fastifyHandler } from "@corvid/fastify";`,
  uses: ['fastifyHandler({ client: ({ ip }) => clients.get(ip ?? "") })'],
};
