import { parseArgs } from "node:util";
import { nearest } from "./nearest.js";
import { counted } from "./report.js";

/** A command line that cannot be understood. The text says what was expected, and never repeats an address. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** An option of a command: `--name` alone, or with a value. */
export type OptionType = "boolean" | "string";

/** What stood on the command line. */
export interface Arguments<Name extends string = string> {
  readonly positionals: readonly string[];
  readonly flags: ReadonlySet<Name>;
  readonly values: Readonly<Partial<Record<Name, string>>>;
}

/**
 * Reads the options and operands of a command.
 *
 * @param most - how many operands it takes
 * @throws {UsageError} for an option it does not have, a value that is missing or one too many
 */
export function readArguments<Name extends string>(
  args: readonly string[],
  options: Readonly<Record<Name, OptionType>>,
  most: number,
): Arguments<Name> {
  const { values, positionals } = parse(args, options);
  if (positionals.length > most) {
    throw new UsageError(`expected at most ${counted(most, "operand")}, received ${positionals.length}`);
  }
  const entries = Object.entries(values) as [Name, string | boolean][];
  return {
    positionals,
    flags: new Set(entries.filter(([, value]) => value === true).map(([name]) => name)),
    values: Object.fromEntries(
      entries.filter(([, value]) => typeof value === "string"),
    ) as Arguments<Name>["values"],
  };
}

/**
 * Reads a number of seconds.
 *
 * @returns milliseconds
 * @throws {UsageError}
 */
export function readSeconds(option: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback * 1000;
  const seconds = /^\d{1,4}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds <= 0 || seconds > LONGEST_SECONDS) {
    throw new UsageError(
      `--${option}: expected seconds, more than 0 and at most ${LONGEST_SECONDS}, received ${shown(text)}`,
    );
  }
  return seconds * 1000;
}

const LONGEST_SECONDS = 3600;

/** What was typed, as it may be repeated: short, and no address, which may hold a password. */
export function shown(text: string): string {
  return text.includes("://") || text.includes("@") ? "an address" : JSON.stringify(text.slice(0, 60));
}

function parse(args: readonly string[], options: Readonly<Record<string, OptionType>>) {
  const types = Object.fromEntries(Object.entries(options).map(([name, type]) => [name, { type }]));
  try {
    return parseArgs({ args: [...args], options: types, allowPositionals: true });
  } catch (error) {
    throw new UsageError(explain(error as NodeJS.ErrnoException, options));
  }
}

/** Node's own texts may repeat values. */
function explain(
  { code, message }: NodeJS.ErrnoException,
  options: Readonly<Record<string, OptionType>>,
): string {
  const name = /'(?:-\w, )?(--?[^\s'=<]+)/.exec(message)?.[1] ?? "";
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    const known = Object.keys(options).map((option) => `--${option}`);
    const meant = nearest(name, known);
    return `unknown option ${shown(name)}: ${meant === undefined ? `expected one of ${known.join(", ")}` : `did you mean ${meant}?`}`;
  }
  const type = options[name.replace(/^-+/, "")];
  return type === "string"
    ? `${name}: expected a value, received none`
    : `${name}: expected no value, received one`;
}
