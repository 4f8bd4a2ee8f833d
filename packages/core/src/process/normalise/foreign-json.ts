import { dataProperty, hasBrand } from "../foreign.js";

/** A class whose instances took longer than this is not asked again. */
const SLOW_MS = 2;

/** How the instances of a class answered, by its prototype. */
const answers = new WeakMap<object, "slow" | "container">();

/** What an instance says of itself. */
export type OwnWords = { readonly said: unknown } | { readonly kept: true };

/**
 * What an instance of a class shows of itself: its `toJSON`, or the digits of the usual number classes.
 *
 * @param isDeep - it lies so deep that only classes whose words are plain values are asked
 * @param now - milliseconds
 * @returns `kept` where it would hide or show something, and did not answer (it threw, or was slow before);
 * `undefined` for one that has nothing to say
 */
export function ownWords(
  value: object,
  name: string,
  isDeep: boolean,
  now: () => number,
): OwnWords | undefined {
  const method = dataProperty(value, NUMBERS.has(name) ? "toString" : "toJSON");
  if (typeof method !== "function" || hasBrand("isProxy", method)) return undefined;
  const prototype = Reflect.getPrototypeOf(value) ?? value;
  const known = answers.get(prototype);
  if (known === "slow" || (known === "container" && isDeep)) return { kept: true };
  const start = now();
  try {
    const said = plain(Reflect.apply(method, value, []));
    if (typeof said === "object" && said !== null) answers.set(prototype, "container");
    if (typeof said === "function" || said === undefined || said === value) return { kept: true };
    return { said };
  } catch {
    return { kept: true };
  } finally {
    if (now() - start > SLOW_MS) answers.set(prototype, "slow");
  }
}

/** Classes of numbers by their names in bson, decimal.js, big.js and bignumber.js. */
const NUMBERS: ReadonlySet<string> = new Set("Decimal128 Long Int32 Double Decimal Big BigNumber".split(" "));

/** `{ $numberDecimal: "1.5" }`, as bson writes what JSON has no word for. */
function plain(said: unknown): unknown {
  if (typeof said !== "object" || said === null || hasBrand("isProxy", said)) return said;
  const [key, ...others] = Object.keys(said);
  const inner = key?.startsWith("$") && others.length === 0 ? dataProperty(said, key) : undefined;
  return typeof inner === "string" || typeof inner === "number" ? inner : said;
}

/** An object behind a proxy, read with one trap for each key. */
export function readProxy(proxy: object, breadth: number): unknown {
  if (Array.isArray(proxy)) {
    const length = Number(Reflect.get(proxy, "length"));
    const shown = Math.min(length, breadth);
    const items: unknown[] = Array.from({ length: shown }, (_, index) => Reflect.get(proxy, index));
    if (length > shown) items.length = length;
    return items;
  }
  const toJson: unknown = Reflect.get(proxy, "toJSON");
  if (typeof toJson === "function") return Reflect.apply(toJson, proxy, []);
  const keys = Reflect.ownKeys(proxy).filter((key) => typeof key === "string");
  return Object.fromEntries(
    keys.map((key, index) => [key, index < breadth ? Reflect.get(proxy, key) : undefined]),
  );
}
