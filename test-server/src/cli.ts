import { parseArgs } from "node:util";
import { summaryOf } from "./api.js";
import { startTestServer, type TestServer } from "./server.js";
import type { ReceivedEvent } from "./store.js";

const HELP = `Usage: corvid-test-server [options]

A server that takes error reports in the Sentry protocol and shows them on a web page. For development only.

  --port PORT   port to listen on (default 8030; 0 = any free one)
  --host HOST   127.0.0.1 (default) or ::1
  --file FILE   keep events in this file, one JSON line each
  --strict      refuse events that fail the protocol's schema
  --json        print one JSON line per event
  --quiet       print nothing per event
  --help        print this
`;

const DEFAULT_PORT = 8030;

/** What the command line asks for. */
interface Arguments {
  readonly port: number;
  readonly host: "127.0.0.1" | "::1";
  readonly file?: string;
  readonly strict: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
}

class UsageError extends Error {}

/** @throws {UsageError} saying what was expected and what came */
function readArguments(args: readonly string[]): Arguments {
  const { values } = parse(args);
  const {
    port = String(DEFAULT_PORT),
    host = "127.0.0.1",
    file,
    strict = false,
    json = false,
    quiet = false,
  } = values;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new UsageError(`--port: expected a number from 0 to 65535, received ${JSON.stringify(port)}`);
  }
  if (host !== "127.0.0.1" && host !== "::1") {
    throw new UsageError(`--host: expected 127.0.0.1 or ::1, received ${JSON.stringify(host)}`);
  }
  if (file === "") throw new UsageError("--file: expected a path, received an empty one");
  const rest = { strict, json, quiet, help: values.help ?? false };
  return { port: Number(port), host, ...(file === undefined ? {} : { file }), ...rest };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        host: { type: "string" },
        file: { type: "string" },
        strict: { type: "boolean" },
        json: { type: "boolean" },
        quiet: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function run(args: Arguments): Promise<void> {
  const server = await startTestServer(args);
  print(args.json ? JSON.stringify({ url: server.url, dsn: server.dsn }) : greeting(server));
  if (!args.quiet)
    server.onEvent((event) => print(args.json ? JSON.stringify(summaryOf(event)) : line(event)));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void server.close().then(() => process.exit(0)));
  }
}

function greeting({ url, dsn }: TestServer): string {
  return `Corvid test server, for development only.\n\n  page  ${url}/\n  DSN   ${dsn}\n\nCtrl-C ends it.\n`;
}

function line(event: ReceivedEvent): string {
  const { receivedAt, level, type, value, count, project, id } = summaryOf(event);
  const text = clean(`${type}: ${value}`).slice(0, 200);
  const times = count > 1 ? ` (× ${count})` : "";
  return `${new Date(receivedAt).toISOString().slice(11, 19)} ${clean(level)} [${clean(project)}] ${text}${times} ${id}`;
}

/** Takes out what would steer the terminal, or break the line. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Exit codes: 2 for a command line that cannot be understood, 1 when the server cannot start. */
async function main(): Promise<void> {
  // A reader that went away (`| head`) ends the printing, not the server.
  process.stdout.on("error", () => undefined);
  try {
    const args = readArguments(process.argv.slice(2));
    if (args.help) process.stdout.write(HELP);
    else await run(args);
  } catch (error) {
    const usage = error instanceof UsageError ? `\n\n${HELP}` : "\n";
    process.stderr.write(`corvid-test-server: ${(error as Error).message}${usage}`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

void main();
