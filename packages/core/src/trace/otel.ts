import { read } from "../model/safe-read.js";

/** A span that is under way. */
export interface SpanIds {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
}

// Where `@opentelemetry/api`, in all versions 1.x, keeps what the application registered, and the span in a context.
const API = Symbol.for("opentelemetry.js.api.1");
const SPAN = Symbol.for("OpenTelemetry Context Key SPAN");

/** The span of OpenTelemetry around the call, in applications that use it; the package itself is never loaded. */
export function activeOtelSpan(): SpanIds | undefined {
  const api = (globalThis as { [key: symbol]: unknown })[API];
  if (api === undefined) return undefined;
  try {
    const { context } = api as { context?: { active(): { getValue(key: symbol): unknown } } };
    const span = context?.active().getValue(SPAN) as { spanContext(): unknown } | undefined;
    const ids = span?.spanContext();
    const traceId = read(ids, "traceId");
    const spanId = read(ids, "spanId");
    return isId(traceId, 32) && isId(spanId, 16) ? { traceId, spanId } : undefined;
  } catch {
    return undefined;
  }
}

function isId(value: unknown, length: number): value is string {
  return (
    typeof value === "string" && value.length === length && /^[0-9a-f]+$/.test(value) && !/^0+$/.test(value)
  );
}
