import type { TraceLink } from "../context/trace-link.js";
import type { Dsn } from "../model/dsn.js";
import type { Json } from "../model/event.js";
import { formatBaggage, formatSentryTrace, type SamplingContext } from "./headers.js";
import type { SpanIds } from "./otel.js";
import { Trace, type TraceRecord } from "./trace.js";

export interface TracerOptions {
  readonly dsn?: Dsn;
  readonly release?: string;
  readonly environment: string;
  /** The environment variables: `SENTRY_TRACE` and `SENTRY_BAGGAGE` name the trace that started this process. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** 32 lower-case hex digits. */
  newId(): string;
  /** From 0 up to 1. */
  random(): number;
}

/**
 * What one client says of traces: on events, in the headers of envelopes, and to the services it calls. It links errors
 * across services; it records no spans.
 *
 * @see https://develop.sentry.dev/sdk/telemetry/traces/
 */
export class Tracer {
  readonly #options: TracerOptions;
  readonly #process: Trace;
  readonly #orgId: string | undefined;

  constructor(options: TracerOptions) {
    const { env, dsn } = options;
    this.#options = options;
    this.#process = new Trace(() => ({ "sentry-trace": env.SENTRY_TRACE, baggage: env.SENTRY_BAGGAGE }));
    this.#orgId = /^o(\d+)\./.exec(dsn?.host ?? "")?.[1];
  }

  /** `contexts.trace` of an event that was captured there. */
  context(link: TraceLink | undefined): Record<string, Json> {
    const trace = this.#traceOf(link);
    const { traceId, spanId } = this.#idsOf(trace, link);
    const parent = link?.span === undefined ? trace.incoming?.parentSpanId : undefined;
    return {
      trace_id: traceId,
      span_id: spanId,
      ...(parent === undefined ? {} : { parent_span_id: parent }),
    };
  }

  /**
   * The dynamic sampling context, for the header of an event's envelope.
   *
   * @param traceId - the trace that the event names in the end
   * @returns `undefined` where the caller froze an empty one, and without a DSN to name
   */
  samplingContext(traceId: unknown, link: TraceLink | undefined): SamplingContext | undefined {
    const trace = this.#traceOf(link);
    const frozen = trace.incoming?.traceId === traceId ? trace.incoming?.samplingContext : undefined;
    if (frozen !== undefined) return frozen ?? undefined;
    const { dsn, release, environment, random } = this.#options;
    if (dsn === undefined || typeof traceId !== "string") return undefined;
    return {
      trace_id: traceId,
      public_key: dsn.publicKey,
      ...(release === undefined ? {} : { release }),
      environment,
      ...(this.#orgId === undefined ? {} : { org_id: this.#orgId }),
      sample_rand: trace.sampleRand(random),
    };
  }

  /** Where a capture stands, as plain data for {@link recalledLink}. */
  record(link: TraceLink | undefined): LinkRecord {
    const { newId, random } = this.#options;
    return { trace: this.#traceOf(link).record(newId, random), span: link?.span };
  }

  /** Headers that carry the trace on to another service: `sentry-trace`, and `baggage` where there is something to say. */
  headers(link: TraceLink | undefined): Record<string, string> {
    const trace = this.#traceOf(link);
    const { traceId, spanId } = this.#idsOf(trace, link);
    const context = this.samplingContext(traceId, link);
    const sampled = trace.incoming?.traceId === traceId ? trace.incoming.sampled : undefined;
    return {
      "sentry-trace": formatSentryTrace(traceId, spanId, sampled),
      ...(context === undefined ? {} : { baggage: formatBaggage(context) }),
    };
  }

  #idsOf(trace: Trace, link: TraceLink | undefined): SpanIds {
    return link?.span ?? trace.ids(this.#options.newId);
  }

  /** A trace that another organisation began is none of ours: it is left before it is used. */
  #traceOf(link: TraceLink | undefined): Trace {
    const trace = link?.trace ?? this.#process;
    const foreign = trace.incoming?.samplingContext?.["org_id"];
    if (foreign !== undefined && this.#orgId !== undefined && foreign !== this.#orgId) trace.leaveCaller();
    return trace;
  }
}

/** A {@link TraceLink} as plain data. */
export interface LinkRecord {
  readonly trace: TraceRecord;
  readonly span?: SpanIds;
}

/** The link that another process recorded. */
export function recalledLink({ trace, span }: LinkRecord): TraceLink {
  return { trace: Trace.recalled(trace), ...(span === undefined ? {} : { span }) };
}

/** What a request to a URL should carry; `undefined`: nothing. */
export type TraceHeadersFor = (url: string) => Readonly<Record<string, string>> | undefined;

/** Lets traces go on to the URLs that `targets` name: by a part of them, or an expression. */
export function propagation(
  targets: readonly (string | RegExp)[],
  headers: () => Record<string, string>,
): TraceHeadersFor {
  const isTarget = targets.map((target) =>
    typeof target === "string"
      ? (url: string) => url.includes(target)
      : // `search` starts at the beginning each time, whatever the expression's flags.
        (url: string) => url.search(target) >= 0,
  );
  return (url) => (isTarget.some((matches) => matches(url)) ? headers() : undefined);
}
