import { readFileSync } from "node:fs";

/** `(function (root, factory) { … }(this, function Name(Dependency) {`, up to the factory, and the call's end. */
const HEAD =
  /^\(function ?\(root, factory\) \{[\s\S]*?define\(\s*'[\w-]+', \[(.*?)\], factory\)[\s\S]*?\n\}\(this, (?=function)/;
const TAIL = /\}\)\);\s*$/;

/**
 * Reads the UMD modules that are bundled in as ES modules. Their heads look for `define`, `exports` and `root` at run
 * time; bundlers take such a head for the whole file's, and replace what they find.
 */
export const umdAsModule = {
  name: "umd-as-module",
  setup({ onLoad }) {
    onLoad(
      { filter: /[\\/]node_modules[\\/](?:error-stack-parser|stackframe)[\\/][\w-]+\.js$/ },
      ({ path }) => ({
        contents: moduleOfUmd(readFileSync(path, "utf8"), path),
        loader: "js",
      }),
    );
  },
};

/** @throws {TypeError} for a file that begins or ends in another way */
export function moduleOfUmd(text, path) {
  const head = HEAD.exec(text);
  if (head === null || !TAIL.test(text)) throw new TypeError(`expected a UMD module, received ${path}`);
  const dependencies = [...head[1].matchAll(/'([\w-]+)'/g)].map(([, name]) => name);
  return [
    ...dependencies.map((name, index) => `import dependency${index} from ${JSON.stringify(name)};`),
    `export default (${text.slice(head[0].length).replace(TAIL, "})")}(${dependencies.map((_, index) => `dependency${index}`)});`,
    "",
  ].join("\n");
}
