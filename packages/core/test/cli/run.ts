import { runCommandLine } from "../../src/node/cli/command-line.js";
import type { Finding } from "../../src/node/cli/report.js";
import type { Output, World } from "../../src/node/cli/world.js";

/** What a command said, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The document that `--json` prints. */
export interface Document {
  readonly command: string;
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  readonly [more: string]: unknown;
}

/** Runs a command line in this process; what it sees of the environment is given. */
export async function run(args: readonly string[], world: Partial<World> = {}): Promise<Ran> {
  const [out, err] = [collector(), collector()];
  const code = await runCommandLine(args, {
    cwd: process.cwd(),
    env: {},
    execArgv: [],
    out,
    err,
    ...world,
  });
  return { code, out: out.text(), err: err.text() };
}

/** The same with `--json`. */
export async function runJson(args: readonly string[], world: Partial<World> = {}): Promise<Document> {
  const { out } = await run([...args, "--json"], world);
  return JSON.parse(out) as Document;
}

/** The finding about a topic; fails when there is none. */
export function about(topic: string, { findings }: Document): Finding {
  const finding = findings.find((one) => one.topic === topic);
  if (finding === undefined) throw new Error(`nothing about ${topic}: ${JSON.stringify(findings)}`);
  return finding;
}

/** Keeps what is written. */
export function collector(hasColours = false): Output & { text(): string } {
  let text = "";
  return {
    isTerminal: hasColours,
    hasColours,
    write(more) {
      text += more;
    },
    text: () => text,
  };
}
