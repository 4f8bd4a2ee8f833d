/** What the READMEs tell users to write, made into programs by nothing but what a snippet leaves to the reader. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../packages.mjs";

/**
 * The code blocks of a README, in order.
 *
 * @param path - from the root
 * @param languages - after the fence
 */
export function snippets(path, ...languages) {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, language]) => languages.includes(language))
    .map(([, , code]) => code);
}

/** The first block that holds a text; it is an error if none does, so that a README cannot drift away unseen. */
export function snippetWith(path, text, ...languages) {
  const found = snippets(path, ...languages).find((code) => code.includes(text));
  if (found === undefined) throw new Error(`${path} has no example with ${text} any more`);
  return found;
}

/** The command that a README names for installing, as the list of packages. */
export function installed(path) {
  const command = snippetWith(path, "npm install", "sh");
  return /npm install (.+)/.exec(command)[1].trim().split(/\s+/);
}

/** A module as CommonJS would have it: `require` for `import`, and a function around what awaits. */
export function toCommonJs(code) {
  const imports = [];
  const rest = code.replace(/^import (.+) from ("[^"]+");\n/gm, (_line, names, from) => {
    imports.push(`const ${names.replaceAll(" as ", ": ")} = require(${from});\n`);
    return "";
  });
  return `${imports.join("")}(async () => {\n${rest}})();\n`;
}

/** The README's server, on any free port: is asked once, and ends in order. */
export const visited = (snippet) => `import { close } from "@corvid/core";
${snippet.replace("app.listen(3000);", 'const server = app.listen(0, "127.0.0.1");')}
server.on("listening", async () => {
  const { port } = server.address() as { port: number };
  const response = await fetch(\`http://127.0.0.1:\${port}/orders/7\`);
  await response.arrayBuffer();
  server.close();
  await close();
});
`;

/** Asks for each path, and ends in order. */
export const asked = (paths) => `
const server = app.listen(0, "127.0.0.1");
server.on("listening", async () => {
  const { port } = server.address() as { port: number };
  for (const path of ${JSON.stringify(paths)}) {
    const answer = await fetch(\`http://127.0.0.1:\${port}\${path}\`);
    await answer.arrayBuffer();
  }
  server.close();
  await close();
});
`;

/** Routes that fail, and clients to choose from. */
export const FAIL = `
const clients = new Map<string, Client>();
const fail = (what: string) => (): never => {
  throw new Error(what);
};
`;
