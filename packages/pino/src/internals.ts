import type { PinoLike } from "./record.js";

/** The options of a logger that its lines do not show. */
export interface LoggerSettings {
  readonly messageKey: string;
  readonly errorKey: string;
  readonly nestedKey: string | undefined;
  readonly messagePrefix: string;
  /** The bindings of the logger and its parents, as they stand in the line: `,"pid":1,"name":"shop"`. */
  readonly bindings: string;
}

/**
 * Reads the settings of a logger.
 *
 * pino keeps them under symbols, which it publishes for libraries (`pino.symbols`). Every copy of pino has its own,
 * so they are found on the logger itself, by their description, and remembered per copy.
 */
export function settingsOf(logger: PinoLike): LoggerSettings {
  const symbols = symbolsOf(logger);
  const setting = (name: string): string | undefined => {
    const symbol = symbols.get(name);
    const value = symbol === undefined ? undefined : (logger as unknown as Record<symbol, unknown>)[symbol];
    return typeof value === "string" ? value : undefined;
  };
  return {
    messageKey: setting("pino.messageKey") ?? "msg",
    errorKey: setting("pino.errorKey") ?? "err",
    nestedKey: setting("pino.nestedKey"),
    messagePrefix: setting("pino.msgPrefix") ?? "",
    bindings: setting("pino.chindings") ?? "",
  };
}

type SymbolsByName = ReadonlyMap<string, symbol>;

/** By the class of the logger, of which every copy of pino has one. */
const known = new WeakMap<object, SymbolsByName>();

function symbolsOf(logger: PinoLike): SymbolsByName {
  const remembered = known.get(logger.constructor);
  if (remembered !== undefined) return remembered;
  const symbols = new Map<string, symbol>();
  for (let holder: object | null = logger; holder !== null; holder = Reflect.getPrototypeOf(holder)) {
    for (const key of Object.getOwnPropertySymbols(holder)) symbols.set(key.description ?? "", key);
  }
  known.set(logger.constructor, symbols);
  return symbols;
}
