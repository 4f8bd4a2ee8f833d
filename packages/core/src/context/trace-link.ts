import { activeOtelSpan, type SpanIds } from "../trace/otel.js";
import type { Trace } from "../trace/trace.js";
import { currentContext } from "./current.js";
import { innermost, type ScopeData } from "./scope.js";

/** Where a call stands in a trace. */
export interface TraceLink {
  /** The trace of its request or job; outside of one, the process's. */
  readonly trace?: Trace;
  /** The span that OpenTelemetry knows to be active. */
  readonly span?: SpanIds;
}

/** Finds out where a call stands. What the caller said is read now: afterwards the request may be gone. */
export function traceLink(layers: readonly ScopeData[]): TraceLink {
  const trace = innermost(layers, "trace");
  void trace?.incoming;
  return { trace, span: activeOtelSpan() };
}

/** Where the code that runs now stands. */
export function currentTraceLink(): TraceLink {
  const { request, local } = currentContext();
  return traceLink([request?.snapshot(), local?.snapshot()].filter((layer) => layer !== undefined));
}
