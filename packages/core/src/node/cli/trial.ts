import { type Dsn, envelopeUrl } from "../../dsn.js";
import { answerFinding, limitsFinding } from "./answer.js";
import { readArguments, readSeconds } from "./arguments.js";
import { tellDsn, tellProxy } from "./destination.js";
import { explainFailure, TimeOver } from "./failure.js";
import { createReport, type Report } from "./report.js";
import { walk } from "./route.js";
import { sendTestEvent } from "./test-event.js";
import type { ExitCode, World } from "./world.js";

/** What `corvid test --help` prints. */
export const TRIAL_HELP = `Usage: corvid test [DSN] [options]

Sends an event the way an application does, and says what becomes of it, step by step. Without DSN: SENTRY_DSN.

  --timeout SECONDS   for everything together (default 10)
  --json              one JSON document in place of text
  --help              print this
`;

const DEFAULT_SECONDS = 10;
const PAGE = "docs/command.md";

/**
 * `corvid test`: goes the way to the server, then sends an event with a real client.
 *
 * @throws {UsageError}
 */
export async function trial(args: readonly string[], world: World): Promise<ExitCode> {
  const { positionals, flags, values } = readArguments(
    args,
    { timeout: "string", json: "boolean", help: "boolean" },
    1,
  );
  const timeoutMs = readSeconds("timeout", values.timeout, DEFAULT_SECONDS);
  const report = createReport("test", flags.has("json"), world);
  const dsn = chosenDsn(positionals[0], world, report);
  if (dsn === undefined) return report.end("");

  const signal = AbortSignal.timeout(timeoutMs);
  const startedAt = performance.now();
  const over = new AbortController();
  signal.addEventListener("abort", () => over.abort(new TimeOver(timeoutMs)));
  const target = new URL(envelopeUrl(dsn));
  const proxy = tellProxy(target, world.env, report);
  if (!(await walk({ target, proxy, env: world.env, signal: over.signal }, report))) return report.end("");

  const leftMs = Math.max(1, timeoutMs - (performance.now() - startedAt));
  const eventId = await send(dsn, leftMs, target, world, report);
  return report.end(`The server has event ${eventId}.`, { eventId });
}

async function send(dsn: Dsn, timeoutMs: number, target: URL, world: World, report: Report): Promise<string> {
  const { id, release, environment, outcome, ms } = await sendTestEvent(dsn, timeoutMs, world.env);
  const named = [`release ${release ?? "unknown"}`, `environment ${environment}`].join(", ");
  report.add({
    topic: "event",
    state: "ok",
    text: `${id}, ${named}`,
    details: { id, release: release ?? null, environment },
  });
  if (outcome instanceof Error) {
    report.add({ topic: "answer", state: "problem", ...explainFailure(outcome, target.host) });
    return id;
  }
  const finding = answerFinding(outcome, ms, Date.now());
  report.add(finding);
  const limits = limitsFinding(finding);
  if (limits !== undefined) report.add(limits);
  return id;
}

function chosenDsn(operand: string | undefined, { env }: World, report: Report): Dsn | undefined {
  if (operand !== undefined) return tellDsn(operand, "the command line", report);
  const text = env["SENTRY_DSN"] ?? "";
  if (text.trim() !== "") return tellDsn(text, "SENTRY_DSN", report);
  report.add({
    topic: "dsn",
    state: "problem",
    text: "SENTRY_DSN is not set, and no DSN was given",
    advice:
      "Give it, corvid test https://KEY@host/PROJECT, or set SENTRY_DSN. The server shows it in the project's settings.",
    page: PAGE,
  });
  return undefined;
}
