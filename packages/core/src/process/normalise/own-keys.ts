/** The keys of an object's own properties. */
export interface OwnKeys {
  /** Names of the enumerable ones, all of them: the engine cannot list only some. */
  readonly names: readonly string[];
  /** Symbols, enumerable or not. */
  readonly symbols: readonly symbol[];
}

/** Walking over the names without listing them may take so long; listing takes about eight times as long. */
const WALK_MS = 2;
/** From here on, listing once is enough. */
const MANY = 50_000;

const huge = new WeakSet<object>();

/**
 * The own keys of an object; `undefined` when there are so many that listing them would hold up the application.
 *
 * V8 sorts all names before it gives the first one, by whichever way it is asked: 200,000 of them take 40 ms and
 * more. It asks no such price for symbols, yet finds them by walking over the same table; how long that takes tells
 * how large the table is. Names that are whole numbers lie in another table and are not told by this: they are
 * listed, once for each object.
 *
 * @param now - milliseconds
 * @throws what a proxy's trap throws
 */
export function ownKeys(value: object, now: () => number = monotonic): OwnKeys | undefined {
  if (huge.has(value)) return undefined;
  const start = now();
  const symbols = Object.getOwnPropertySymbols(value);
  // Asked twice, because once may have been the moment in which the process was not running.
  if (now() - start > WALK_MS && isSlow(value, now)) {
    huge.add(value);
    return undefined;
  }
  const names = Object.keys(value);
  if (names.length > MANY) huge.add(value);
  return { names, symbols };
}

function isSlow(value: object, now: () => number): boolean {
  const start = now();
  Object.getOwnPropertySymbols(value);
  return now() - start > WALK_MS;
}

export function monotonic(): number {
  return performance.now();
}
