import { silentDiagnostics } from "../../model/diagnostics.js";
import { type Dsn, dsnToString } from "../../model/dsn.js";
import { SDK } from "../../model/sdk.js";
import { type Envelope, eventOf } from "../../transport/envelope.js";
import type { HttpAnswer } from "../../transport/http-answer.js";
import type { Transport } from "../../transport/transport.js";
import { Client } from "../client.js";
import { systemClock } from "../clock.js";
import { createSentryTransport } from "../http/sentry-transport.js";

/** The result of a test event. */
export interface TestEvent {
  readonly id: string;
  readonly release: string | undefined;
  readonly environment: string;
  /** The answer, or why there was none; `undefined` when the time was over first. */
  readonly outcome: HttpAnswer | Error | undefined;
  /** From handing it over to the answer. */
  readonly ms: number;
}

/** Captures an error with a client as applications have it, and sends it once: no second try, nothing left behind. */
export async function sendTestEvent(
  dsn: Dsn,
  timeoutMs: number,
  env: Readonly<Record<string, string | undefined>>,
): Promise<TestEvent> {
  let outcome: HttpAnswer | Error | undefined;
  let sent: Envelope | undefined;
  let ms = 0;
  const http = createSentryTransport({
    dsn,
    sdk: SDK,
    clock: systemClock,
    diagnostics: silentDiagnostics,
    userAgent: `${SDK.name}/${SDK.version} (node ${process.versions.node})`,
    requestTimeoutMs: timeoutMs,
    env,
    onOutcome: (seen) => {
      outcome ??= seen;
    },
  });
  const once: Transport = {
    ...http,
    async send(batch) {
      sent ??= batch[0];
      const startedAt = performance.now();
      await http.send(batch);
      ms = Math.round(performance.now() - startedAt);
      return batch.map(() => ({ kind: "accepted" }));
    },
  };
  const client = new Client({
    dsn: dsnToString(dsn),
    transport: once,
    sampleRate: 1,
    debug: false,
    requestTimeoutMs: timeoutMs,
    // The command waits for the answer itself.
    shutdownTimeoutMs: 0,
  });
  const id = client.captureException(new Error(MESSAGE), {
    level: "info",
    tags: { "corvid.command": "test" },
  });
  await client.close(timeoutMs);
  const event = sent === undefined ? undefined : eventOf(sent);
  return {
    id,
    release: event?.release,
    environment: event?.environment ?? "unknown",
    outcome: isLate(outcome) ? undefined : outcome,
    ms,
  };
}

const MESSAGE = "This is a test: the command `corvid test` was run, and nothing is wrong";

/** The transport has a deadline of its own, with the time that was left. */
function isLate(outcome: HttpAnswer | Error | undefined): boolean {
  return (
    outcome instanceof Error &&
    /^(?:no answer within|connect timed out|the transport was closed)/.test(outcome.message)
  );
}
