/** How the packed package is tried beside its framework: read by scripts/smoke. */
import { snippetWith } from "../../scripts/smoke/snippets.mjs";

/** The snippet of the README, which visits itself and ends in order. */
const visited = (snippet) => `import { close } from "@corvid/core";
${snippet.replace(
  "serve({ fetch: app.fetch, port: 3000 });",
  `const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, async ({ port }) => {
  const response = await fetch(\`http://127.0.0.1:\${port}/orders/7\`);
  await response.arrayBuffer();
  server.close();
  await close();
});`,
)}`;

export const frameworks = { latest: ["hono@4", "@hono/node-server@2"] };
export const types = { latest: [] };

export const program = {
  code: visited(snippetWith("packages/hono/README.md", "requestHandler()", "js")),
  events: ["RangeError: /orders/7 has no card"],
};

export const bundled = ["esm"];

export const declarations = {
  imports: `import { requestHandler as honoHandler } from "@corvid/hono";`,
  uses: ["honoHandler({ client: ({ req }) => clients.get(req.url) })"],
};
