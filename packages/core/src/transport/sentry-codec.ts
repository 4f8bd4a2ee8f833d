import type { Clock } from "../model/clock.js";
import type { Diagnostics } from "../model/diagnostics.js";
import { authHeader, type Dsn, envelopeUrl } from "../model/dsn.js";
import type { HttpCodec } from "./destination.js";
import { encodeEnvelope, type SdkInfo } from "./envelope.js";
import { type HttpAnswer, printable, resultOfAnswer } from "./http-answer.js";
import type { SendResult } from "./transport.js";

/** Options of {@link sentryCodec}. */
export interface SentryCodecOptions {
  /** Of the transport, for messages. */
  readonly name: string;
  readonly dsn: Dsn;
  readonly sdk: SdkInfo;
  /** Value of the `User-Agent` header. */
  readonly userAgent: string;
  readonly clock: Clock;
  readonly diagnostics: Diagnostics;
  /** Shows the beginning of the answers that refuse. Default false. */
  readonly debug?: boolean;
}

/** A relay that restarts refuses for seconds; a project that was deleted refuses for ever. */
const REFUSED_FOR_MS = 60 * 60 * 1000;

/** The addresses that have accepted an event from this process. */
const accepted = new Set<string>();

/**
 * The Sentry protocol: one envelope per request.
 *
 * @see https://develop.sentry.dev/sdk/foundations/transport/
 */
export function sentryCodec(options: SentryCodecOptions): HttpCodec {
  const { name, dsn, sdk, userAgent, clock, diagnostics, debug } = options;
  const url = envelopeUrl(dsn);
  const address = `${dsn.publicKey}@${url}`;
  let refusedSince: number | undefined;
  let hasWarned = false;

  function read(answer: HttpAnswer): SendResult {
    const { status } = answer;
    const result = withAdvice(
      resultOfAnswer(answer, clock.now()),
      adviceFor(answer, dsn),
      debug ? answer.body : "",
    );
    if (result.kind === "accepted") {
      if (isIngestAnswer(answer)) {
        accepted.add(address);
        refusedSince = undefined;
      } else if (!hasWarned) {
        hasWarned = true;
        diagnostics.warn("no-ingest-server", name, String(status), new URL(url).host);
      }
      return result;
    }
    if ((status !== 403 && status !== 404) || !accepted.has(address)) return result;
    refusedSince ??= clock.monotonic();
    if (clock.monotonic() - refusedSince > REFUSED_FOR_MS) return result;
    return { kind: "retry", reason: "send_error", limits: result.limits, detail: result.detail };
  }

  return {
    url,
    headers: {
      "user-agent": userAgent.replace(/[^\x20-\x7e]/g, "?"),
      "x-sentry-auth": authHeader(dsn, `${sdk.name}/${sdk.version}`),
    },
    kinds: ["event", "client_report", "check_in"],
    encode: ([envelope]) => ({
      body: encodeEnvelope(envelope!, sdk, clock.now()),
      contentType: "application/x-sentry-envelope",
    }),
    read: (answer, batch) => batch.map(() => read(answer)),
  };
}

/** Ingest servers answer `{"id":…}`, `{}` or nothing; a page comes from something else. */
function isIngestAnswer({ body }: HttpAnswer): boolean {
  return /^\s*(?:\{|$)/.test(body);
}

/** What to do about an answer, where the DSN or the way to the server is at fault. */
function adviceFor({ status, location }: HttpAnswer, dsn: Dsn): string | undefined {
  if (status === 401 || status === 403) return "the server does not accept the key or project of this DSN";
  if (status === 404) return "there is no such project, or no ingest server at this address";
  if (status === 407) return "the proxy wants other credentials";
  if (status < 300 || status >= 400) return undefined;
  const target = urlOf(typeof location === "string" ? location : location?.[0], envelopeUrl(dsn));
  if (dsn.protocol !== "http" || target?.protocol !== "https:" || target.hostname !== bareHost(dsn))
    return undefined;
  const port = target.port === "" ? "" : `:${target.port}`;
  return `the server wants https; use the DSN https://${dsn.publicKey}@${dsn.host}${port}${dsn.path}/${dsn.projectId}`;
}

function bareHost({ host }: Dsn): string {
  return new URL(`http://${host}`).hostname;
}

function urlOf(location: string | undefined, base: string): URL | undefined {
  return location !== undefined && URL.canParse(location, base) ? new URL(location, base) : undefined;
}

function withAdvice(result: SendResult, advice: string | undefined, body: string): SendResult {
  if (result.kind === "accepted") return result;
  const excerpt = printable(body).slice(0, 2048);
  const parts = [result.detail, excerpt, advice].filter((part) => part !== undefined && part !== "");
  return { ...result, detail: parts.join(": ") };
}
