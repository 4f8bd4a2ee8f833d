import { read } from "../model/safe-read.js";

/** What a request, a message or the environment says of the trace it belongs to. */
export interface IncomingTrace {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** The caller's span, 16 lower-case hex digits. */
  readonly parentSpanId: string;
  /** Whether the head of the trace records it; absent while that is open. */
  readonly sampled?: boolean;
  /**
   * The dynamic sampling context as its head wrote it, to be passed on unchanged; `null` when the head wrote none, and
   * then nobody may; absent when the caller does not speak this protocol.
   */
  readonly samplingContext?: SamplingContext | null;
}

/** Facts of a trace that all its events share, by the protocol's names: `trace_id`, `public_key`, `release`, … */
export type SamplingContext = Readonly<Record<string, string>>;

/**
 * Reads `sentry-trace` with `baggage`; `traceparent` where there is no `sentry-trace`.
 *
 * @param headers - texts, or lists of texts, by lower-case name; anything else reads as nothing
 * @returns `undefined` when the headers name no trace
 * @see https://develop.sentry.dev/sdk/telemetry/traces/#header-sentry-trace
 */
export function readTraceHeaders(headers: unknown): IncomingTrace | undefined {
  const trace = parseSentryTrace(headerText(headers, "sentry-trace", LONGEST_TRACE));
  if (trace !== undefined)
    return { ...trace, samplingContext: samplingContextOf(headers, trace.traceId) ?? null };

  const parent = parseTraceparent(headerText(headers, "traceparent", LONGEST_TRACE));
  if (parent === undefined) return undefined;
  const samplingContext = samplingContextOf(headers, parent.traceId);
  return samplingContext === undefined ? parent : { ...parent, samplingContext };
}

/** `{trace id}-{span id}`, and `-1` or `-0` once it is decided. */
export function formatSentryTrace(traceId: string, spanId: string, sampled: boolean | undefined): string {
  return `${traceId}-${spanId}${sampled === undefined ? "" : sampled ? "-1" : "-0"}`;
}

/** A sampling context as entries of a `baggage` header. */
export function formatBaggage(context: SamplingContext): string {
  return Object.entries(context)
    .map(([key, value]) => `${PREFIX}${key}=${encodeURIComponent(value)}`)
    .join(",");
}

const LONGEST_TRACE = 256;
/** By the W3C's rule, for the whole header. */
const LONGEST_BAGGAGE = 8192;
const MOST_ENTRIES = 64;
const PREFIX = "sentry-";

function parseSentryTrace(text: string): IncomingTrace | undefined {
  const [, traceId, parentSpanId, flag] =
    /^\s*([0-9a-f]{32})-([0-9a-f]{16})(?:-([01]))?\s*$/i.exec(text) ?? [];
  return incomingTrace(traceId, parentSpanId, flag === undefined ? undefined : flag === "1");
}

/** Version 00 ends behind the flags; later ones may say more. @see https://www.w3.org/TR/trace-context/ */
function parseTraceparent(text: string): IncomingTrace | undefined {
  const [, version, traceId, parentSpanId, flags, more] =
    /^\s*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\s*$/i.exec(text) ?? [];
  if (flags === undefined || version === "ff" || (version === "00" && more !== undefined)) return undefined;
  return incomingTrace(traceId, parentSpanId, (Number.parseInt(flags, 16) & 1) === 1);
}

function incomingTrace(
  traceId: string | undefined,
  parentSpanId: string | undefined,
  sampled: boolean | undefined,
): IncomingTrace | undefined {
  if (traceId === undefined || parentSpanId === undefined) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentSpanId)) return undefined;
  return {
    traceId: traceId.toLowerCase(),
    parentSpanId: parentSpanId.toLowerCase(),
    ...(sampled === undefined ? {} : { sampled }),
  };
}

/** The sampling context of this trace; what belongs to another one, or lacks what every server asks for, is none. */
function samplingContextOf(headers: unknown, traceId: string): SamplingContext | undefined {
  const context: Record<string, string> = {};
  for (const entry of headerText(headers, "baggage", LONGEST_BAGGAGE).split(",", MOST_ENTRIES)) {
    const [, key, value] = /^\s*sentry-([a-z_]{1,32})\s*=\s*([^;]{1,1024})/.exec(entry) ?? [];
    if (key !== undefined && value !== undefined) context[key] = decode(value.trim());
  }
  return context["trace_id"] === traceId && context["public_key"] !== undefined ? context : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A header as one text; one that is too long reads as none, for half of it may mean something else. */
function headerText(headers: unknown, name: string, longest: number): string {
  const value = read(headers, name);
  const text = Array.isArray(value) ? value.filter((item) => typeof item === "string").join(",") : value;
  return typeof text === "string" && text.length <= longest ? text : "";
}
