/** The command `corvid`: gives {@link runCommandLine} this process, and takes its exit code. */
import { runCommandLine } from "./command-line.js";
import type { Output } from "./world.js";

// A reader that went away (`| head`) ends the printing, not the command.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);
let stop: (() => void) | undefined;
process.on("SIGINT", () => {
  if (stop === undefined) process.exit(130);
  stop();
  stop = undefined;
});

void runCommandLine(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  execArgv: process.execArgv,
  out: outputOf(process.stdout),
  err: outputOf(process.stderr),
  onInterrupt: (wanted) => {
    stop = wanted;
  },
}).then((code) => {
  // What hangs, like a look-up of a name, is not waited for; what was printed is.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
});

function outputOf(stream: NodeJS.WriteStream): Output {
  const isTerminal = stream.isTTY === true;
  return {
    write: (text) => void stream.write(text),
    isTerminal,
    hasColours: isTerminal && stream.hasColors(),
  };
}
