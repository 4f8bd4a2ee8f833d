/**
 * The versions of Corvid that are loaded in this process. Copies of one version share everything, see `current.ts`;
 * those of different versions do so only by luck, and the application should hear of it.
 */
const KEY = Symbol.for("@corvid/core/versions");

/** Notes that a copy of this version is loaded. */
export function noteVersion(version: string): void {
  (versions() as Set<string>).add(version);
}

/** All that were noted. */
export function versions(): ReadonlySet<string> {
  const holder = globalThis as { [key: symbol]: Set<string> | undefined };
  holder[KEY] ??= new Set();
  return holder[KEY];
}
