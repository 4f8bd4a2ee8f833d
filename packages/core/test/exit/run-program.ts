import { fileURLToPath } from "node:url";
import { startTestServer } from "@corvid/test-server";
import { type Ending, runCode, runNode } from "./node-process.js";
import type { Program } from "./table.js";

/** What became of a program without Corvid and with it. */
export interface Comparison {
  readonly program: Program;
  readonly without: Ending;
  readonly with: Ending;
  /** The text of each event that arrived, sorted. */
  readonly arrived: readonly string[];
  readonly problems: readonly string[];
}

/** Runs a program twice, as a process of its own each time. @param node - path of the Node that runs it */
export async function compare(program: Program, node: string): Promise<Comparison> {
  const server = await startTestServer();
  try {
    const without = await run(program, node, "without", server.dsn);
    const withCorvid = await run(program, node, "with", server.dsn);
    const arrived = server.events().map(({ event }) => {
      const exception = event.exception?.values.at(-1);
      return exception?.value ?? exception?.type ?? event.logentry?.formatted ?? "";
    });
    const problems = server.problems().map(({ detail }) => detail);
    return { program, without, with: withCorvid, arrived: arrived.sort(), problems };
  } finally {
    await server.close();
  }
}

/** What is the same in both runs, if Corvid changes nothing. */
export function essence({ code, signal, stdout, stderr }: Ending): Omit<Ending, "afterMs"> {
  return { code, signal, stdout, stderr: comparable(stderr) };
}

function run(program: Program, node: string, preload: "with" | "without", dsn: string): Promise<Ending> {
  const { file, args = [], nodeArgs = [], env, signal } = program;
  return runNode({
    node,
    argv: [...nodeArgs, "--import", pathOf(`${preload}.mjs`), pathOf(`programs/${file}`), ...args],
    env: { SENTRY_DSN: dsn, SENTRY_RELEASE: "exit@1.0.0", ...env },
    ...(signal === undefined ? {} : { signal }),
  });
}

/**
 * Left out is what differs between any two runs: process ids, addresses and what is found at them; and the place within Node's own
 * `node:events`, which calls a single listener in another line than several.
 */
function comparable(text: string): string {
  return text
    .replace(/\(node:\d+\)/g, "(node:pid)")
    .replace(/0x[0-9a-f]+|\b[0-9a-f]{12,16}\b/gi, "address")
    .replace(/^( *\d+: address).*$/gm, "$1")
    .replace(/node:events:\d+:\d+/g, "node:events");
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

/** How long crashes wait for a server that is well, in milliseconds, the shortest first; one after the other. */
export async function measureWaits(node: string): Promise<number[]> {
  const server = await startTestServer();
  const waits: number[] = [];
  const code = `let startedAt;
    process.on("exit", () => console.log(Math.round(performance.now() - startedAt)));
    corvid.init();
    process.prependListener("exit", () => { startedAt = performance.now(); });
    throw new Error("thrown");`;
  // The first one finds a server that has not checked an event before.
  for (let run = 0; run <= 20; run++) {
    const { stdout } = await runCode(code, { node, env: { SENTRY_DSN: server.dsn } });
    if (run > 0) waits.push(Number(stdout));
  }
  await server.close();
  return waits.sort((a, b) => a - b);
}
