/**
 * Measures Corvid beside its peers, and prints what came out.
 *
 *     npm run bench                              everything, about 20 minutes
 *     npm run bench -- --quick                   smaller and fewer rounds, about 4 minutes
 *     npm run bench -- --only storm,start        these dimensions
 *     npm run bench -- --clients corvid,raven    these clients
 *     npm run bench -- --write                   keep the figures in RESULTS.md
 *     npm run bench -- --check                   exit code 1 when Corvid misses a target of its own
 *     npm run bench -- --reuse                   the Corvid of the run before, whatever was built since
 */
import { parseArgs } from "node:util";
import { CLIENTS } from "./clients/client.mjs";
import { endAll } from "./harness/conversation.mjs";
import { installClients } from "./harness/install.mjs";
import { describeMachine } from "./harness/machine.mjs";
import { keep, markdown } from "./harness/report.mjs";
import { startSink } from "./harness/sink.mjs";

const DIMENSIONS = ["start", "capture", "storm", "request", "values", "hung", "spool", "delivery"];

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: DIMENSIONS.join(",") },
    clients: { type: "string", default: CLIENTS.join(",") },
    write: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    reuse: { type: "boolean", default: false },
  },
});
const wanted = chosen("--only", flags.only, DIMENSIONS);
const clients = chosen("--clients", flags.clients, CLIENTS);

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
process.on("exit", endAll);

installClients(flags);
const machine = { ...describeMachine(), isQuick: flags.quick };
const sink = startSink();
const results = {};
for (const name of DIMENSIONS.filter((dimension) => wanted.includes(dimension))) {
  const from = performance.now();
  process.stderr.write(`${name} …\n`);
  results[name] = { machine, ...(await measured(name)) };
  process.stderr.write(`${name}: ${((performance.now() - from) / 1000).toFixed(0)} s\n`);
  process.stdout.write(`${markdown(results[name])}\n\n`);
  // At once: who stops a long run keeps what it has.
  keep({ [name]: results[name] }, DIMENSIONS, flags);
}
await sink.end();

const missed = Object.values(results).flatMap(({ targets }) => targets.filter(({ met }) => !met));
const failed = Object.values(results).filter(({ failure }) => failure !== undefined);
process.stdout.write(`${missed.length === 0 ? "No target missed." : `${missed.length} targets missed.`}\n`);
process.exit(failed.length > 0 || (flags.check && missed.length > 0) ? 1 : 0);

/** What a dimension found; one that fails does not take the others along. */
async function measured(name) {
  try {
    const { measure } = await import(new URL(`./dimensions/${name}.mjs`, import.meta.url).href);
    return await measure({ sink, clients, quick: flags.quick });
  } catch (failure) {
    return {
      title: name,
      note: `Could not be measured: ${failure.message}`,
      tables: [],
      targets: [],
      failure,
    };
  }
}

function chosen(flag, text, known) {
  const names = text.split(",");
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return names;
  process.stderr.write(`${flag}: expected some of ${known.join(", ")}; received ${unknown.join(", ")}\n`);
  process.exit(2);
}
