import { type Dsn, envelopeUrl } from "../../model/dsn.js";
import type { HttpAnswer } from "../../transport/http-answer.js";
import type { ProxyAddress } from "../http/proxy.js";
import { answerFinding, clockFinding, limitsFinding } from "./answer.js";
import { readArguments, readSeconds } from "./arguments.js";
import { startDeadline, TimeOver } from "./deadline.js";
import { tellDsn, tellProxy } from "./destination.js";
import { explainFailure } from "./failure.js";
import { createReport, type Report } from "./report.js";
import { walk } from "./route.js";
import { sendTestEvent, type TestEvent } from "./test-event.js";
import { speaksTls } from "./tls-probe.js";
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

  const deadline = startDeadline(timeoutMs);
  const target = new URL(envelopeUrl(dsn));
  const proxy = tellProxy(target, world.env, report);
  const isOpen = await walk({ target, proxy, env: world.env, signal: deadline.signal }, report);
  deadline.clear();
  if (!isOpen) return report.end("");

  const event = await sendTestEvent(dsn, deadline.leftMs(), world.env);
  const outcome = event.outcome ?? new TimeOver(timeoutMs);
  tellEvent(event, outcome, { target, proxy, isTls: await isTlsPort(target, proxy, outcome) }, report);
  return report.end(`The server has event ${event.id}.`, { eventId: event.id });
}

interface Way {
  readonly target: URL;
  readonly proxy: ProxyAddress | undefined;
  /** The DSN says `http:`, and the port speaks TLS. */
  readonly isTls: boolean;
}

const PROBE_MS = 1000;

/** Asked only where plain HTTP failed: such a port cuts the connection, or says 400. */
async function isTlsPort(
  target: URL,
  proxy: ProxyAddress | undefined,
  outcome: HttpAnswer | Error,
): Promise<boolean> {
  const isSuspect = outcome instanceof Error ? !(outcome instanceof TimeOver) : outcome.status === 400;
  return isSuspect && proxy === undefined && target.protocol === "http:" && speaksTls(target, PROBE_MS);
}

function tellEvent(event: TestEvent, outcome: HttpAnswer | Error, way: Way, report: Report): void {
  const { id, release, environment, ms } = event;
  report.add({
    topic: "event",
    state: "ok",
    text: `${id}, release ${release ?? "unknown"}, environment ${environment}`,
    details: { id, release: release ?? null, environment },
  });
  const { target, isTls } = way;
  const better = isTls
    ? { advice: `This port speaks TLS: write https://…@${target.host} into the DSN.` }
    : {};
  if (outcome instanceof Error) {
    report.add({ topic: "answer", state: "problem", ...explainFailure(outcome, target.host), ...better });
    return;
  }
  const finding = answerFinding(outcome, ms, Date.now());
  report.add({ ...finding, ...ofProxy(outcome, way), ...better });
  for (const more of [limitsFinding(finding), clockFinding(outcome, Date.now())])
    if (more !== undefined) report.add(more);
}

/** A proxy that forwards plain HTTP answers itself where it refuses or cannot reach the server: with a page, not JSON. */
function ofProxy({ status, body }: HttpAnswer, { target, proxy }: Way): { readonly advice?: string } {
  const isForwarded = proxy !== undefined && target.protocol === "http:";
  if (!isForwarded || ![403, 405, 502, 503, 504].includes(status) || body.trim().startsWith("{")) return {};
  const hop = `the proxy ${proxy.host}:${proxy.port}`;
  return {
    advice:
      status < 500
        ? `This is probably the answer of ${hop}, whose rules forbid it: have ${target.host} allowed, or except it with no_proxy=${target.hostname}.`
        : `This is probably the answer of ${hop}, which cannot reach ${target.host}: can it resolve the name, is the server up?`,
  };
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
