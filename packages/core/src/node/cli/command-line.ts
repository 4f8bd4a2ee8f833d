import { SDK } from "../../model/sdk.js";
import { shown, UsageError } from "./arguments.js";
import { DOCTOR_HELP, doctor } from "./doctor.js";
import { nearest } from "./nearest.js";
import { SPOOL_HELP, spool } from "./spool.js";
import { TRIAL_HELP, trial } from "./trial.js";
import type { ExitCode, World } from "./world.js";

/** A command: what `--help` says of it, and what it does. */
interface Command {
  readonly help: string;
  /** @throws {UsageError} */
  readonly run: (args: readonly string[], world: World) => Promise<ExitCode>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  test: { help: TRIAL_HELP, run: trial },
  doctor: { help: DOCTOR_HELP, run: doctor },
  spool: { help: SPOOL_HELP, run: spool },
};

const KNOWN = "test, doctor or spool";

const HELP = `Usage: corvid COMMAND [options]

  test [DSN]   send an event, and say what becomes of it, step by step
  doctor       look at the application in this folder: what Corvid finds, and what it misses
  spool DIR    show, send or forget the events that wait in a spool folder

  --help       print this; with a command, what that one takes
  --version    print the version

Exit codes: 0 all is well, 1 a problem was found, 2 wrong usage, 130 interrupted.
`;

/** Runs the command that the arguments name. Never throws. */
export async function runCommandLine(args: readonly string[], world: World): Promise<ExitCode> {
  const [first, ...rest] = args;
  const name = Object.hasOwn(COMMANDS, first ?? "") ? first : undefined;
  const command = name === undefined ? undefined : COMMANDS[name];
  try {
    if (command !== undefined && !rest.includes("--help")) return await command.run(rest, world);
    if (command !== undefined) return print(world, command.help);
    if (first === "--help" || first === "help") return print(world, COMMANDS[rest[0] ?? ""]?.help ?? HELP);
    if (first === "--version") return print(world, `${SDK.version}\n`);
    throw new UsageError(unknownCommand(first));
  } catch (error) {
    if (error instanceof UsageError) {
      const about = name === undefined ? "" : ` ${name}`;
      world.err.write(`corvid${about}: ${error.message}\nTry: corvid${about} --help\n`);
      return 2;
    }
    world.err.write(`corvid: this is a fault of Corvid, please report it: ${describe(error)}\n`);
    return 1;
  }
}

function print({ out }: World, text: string): ExitCode {
  out.write(text);
  return 0;
}

function unknownCommand(typed: string | undefined): string {
  if (typed === undefined) return `expected a command: ${KNOWN}`;
  if (typed.includes("://")) return "expected a command, received an address: did you mean corvid test DSN?";
  const meant = nearest(typed, [...Object.keys(COMMANDS), "--help", "--version"]);
  return `unknown command ${shown(typed)}: ${meant === undefined ? `expected ${KNOWN}` : `did you mean ${meant}?`}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : "something that is no Error was thrown";
}
