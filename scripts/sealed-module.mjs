import { parseAst } from "vite";

/** Notes where the code of a module begins and ends: see `stacktrace/corvid-code.ts`. */
const CODE = '(globalThis[Symbol.for("@corvid/core:code")] ??= [])';
const BEGIN = `${CODE}.push(new Error().stack);`;
/** Gets what the module's function returned. Behind that function, because minifiers move code into its last statement. */
const END = `((value, end) => { ${CODE}.push(end); return value; })`;

/**
 * Puts all code of an ES module into one function: imports, then `const { a } = END((() => { BEGIN; … return { a }; })(), …);`, then
 * exports. Bundlers take modules apart and put others' functions between their statements, but they never do so within
 * a function. So every position between its first and its last statement is the module's own.
 *
 * The module must not assign to what it exports after its first run.
 */
export function sealedModule(code) {
  const { body } = parseAst(code);
  const text = ({ start, end }) => code.slice(start, end);
  const imports = body.filter(({ type }) => type === "ImportDeclaration");
  const exports = body.filter(({ type }) => type.startsWith("Export"));
  const odd = exports.find(
    ({ type, declaration }) => type !== "ExportNamedDeclaration" || declaration !== null,
  );
  if (odd !== undefined) throw new Error(`expected a list of exports, received ${text(odd).slice(0, 80)}`);

  const imported = new Set(imports.flatMap(({ specifiers }) => specifiers.map(({ local }) => local.name)));
  const lists = exports.filter(({ source }) => source === null);
  const exported = new Set(lists.flatMap(({ specifiers }) => specifiers.map(({ local }) => local.name)));
  const own = [...exported].filter((name) => !imported.has(name));
  const statements = cutOut(code, [...imports, ...exports]).trim();
  if (statements === "") return code;
  const names = own.join(", ");
  return [
    ...imports.map(text),
    `${own.length === 0 ? "" : `const { ${names} } = `}${END}((() => {`,
    BEGIN,
    statements,
    `return { ${names} };`,
    "})(), new Error().stack);",
    ...exports.map(text),
    "",
  ].join("\n");
}

function cutOut(code, nodes) {
  let kept = "";
  let from = 0;
  for (const { start, end } of [...nodes].sort((a, b) => a.start - b.start)) {
    kept += code.slice(from, start);
    from = end;
  }
  return kept + code.slice(from);
}
