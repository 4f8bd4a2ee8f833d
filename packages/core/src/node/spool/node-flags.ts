/** The flags that this Node was started with, on its command line and by `NODE_OPTIONS`: `--inspect=0`. */
export function nodeFlags(
  argv: readonly string[] = process.execArgv,
  options: string | undefined = process.env["NODE_OPTIONS"],
): readonly string[] {
  const quoted = (options ?? "").split(/\s+/).map((flag) => flag.replace(/^"|"$/g, ""));
  return [...quoted, ...argv].filter((flag) => flag !== "");
}
