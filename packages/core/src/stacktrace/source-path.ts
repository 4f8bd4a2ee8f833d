/** What a frame says of its place: the wire's names. */
export interface SourcePath {
  readonly filename?: string;
  readonly abs_path?: string;
  readonly module?: string;
}

/**
 * Names a place of code for people and for grouping.
 *
 * - `abs_path`: `file:` URLs become paths of the operating system; other URLs and paths stay as printed.
 * - `filename`: with `/`; relative to the project's root; for packages from their last `node_modules/` on, wherever
 *   that is and whatever the package manager put in between; else absolute.
 * - `module`: `routes.orders` in the project, `express:lib.router.index` in a package, `node:internal.timers` in Node.
 */
export function sourcePath(source: string, projectRoot: string): SourcePath {
  if (source.startsWith("node:"))
    return { filename: source, abs_path: source, module: `node:${dotted(source.slice(5))}` };
  const path = source.startsWith("file:") ? pathFromFileUrl(source) : source;
  const slashed = isWindowsPath(path) ? path.replaceAll("\\", "/") : path;

  const inRoot = insideRoot(slashed, projectRoot);
  const packages = slashed.lastIndexOf("/node_modules/");
  const isPackage = packages !== -1 || slashed.startsWith("node_modules/");
  if (isPackage && (inRoot === undefined || `/${inRoot}`.includes("/node_modules/"))) {
    const inside = slashed.slice(packages + "/node_modules/".length);
    return { filename: `node_modules/${inside}`, abs_path: path, module: packageModule(inside) };
  }
  const relative = bundledName(slashed) ?? inRoot;
  if (relative !== undefined) return { filename: relative, abs_path: path, module: dotted(relative) };
  return { filename: slashed, abs_path: path };
}

/** `true` for `C:\x`, `C:/x` and `\\server\share`. */
export function isWindowsPath(path: string): boolean {
  return /^(?:[A-Za-z]:[\\/]|\\\\)/.test(path);
}

function pathFromFileUrl(url: string): string {
  const bare = url.replace(/^file:/, "").replace(/[?#].*$/s, "");
  const path = decoded(bare.startsWith("//") ? bare.slice(2) : bare);
  if (/^\/[A-Za-z]:\//.test(path)) return path.slice(1).replaceAll("/", "\\");
  return path.startsWith("/") ? path : `\\\\${path.replaceAll("/", "\\")}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray `%` in a path that was never encoded.
    return text;
  }
}

/** `webpack-internal:///./src/a.js`, `webpack://shop/./src/a.ts`, `webpack-internal:///(rsc)/./src/a.ts` → `src/a.ts`. */
function bundledName(url: string): string | undefined {
  const match = /^(?:webpack|webpack-internal|turbopack|rspack):\/\/[^/]*\/(.*)$/s.exec(url);
  return match?.[1]
    ?.replace(/^\([\w-]*\)\//, "")
    .replace(/^\.\//, "")
    .replace(/[?#].*$/s, "");
}

/** A path with `/`, relative to the project's root; `undefined` outside of it. */
export function insideRoot(path: string, projectRoot: string): string | undefined {
  if (projectRoot === "") return undefined;
  const slashed = isWindowsPath(projectRoot) ? projectRoot.replaceAll("\\", "/") : projectRoot;
  const root = slashed.endsWith("/") ? slashed : `${slashed}/`;
  const isInside = isWindowsPath(path)
    ? path.toLowerCase().startsWith(root.toLowerCase())
    : path.startsWith(root);
  return isInside && path.length > root.length ? path.slice(root.length) : undefined;
}

function packageModule(inside: string): string {
  const end = inside.indexOf("/", inside.startsWith("@") ? inside.indexOf("/") + 1 : 0);
  return end === -1 ? inside : `${inside.slice(0, end)}:${dotted(inside.slice(end + 1))}`;
}

function dotted(path: string): string {
  return path.replace(/\.[cm]?[jt]sx?$/, "").replaceAll("/", ".");
}
