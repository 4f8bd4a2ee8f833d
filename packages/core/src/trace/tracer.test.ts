import { describe, expect, test } from "vitest";
import { parseDsn } from "../model/dsn.js";
import { Trace } from "./trace.js";
import { propagation, Tracer, type TracerOptions } from "./tracer.js";

const TRACE = "0123456789abcdef0123456789abcdef";
const SPAN = "fedcba9876543210";
const dsn = parseDsn("https://key@o17.ingest.example.com/1");

function tracer(options: Partial<TracerOptions> = {}): Tracer {
  let ids = 0;
  return new Tracer({
    dsn,
    release: "shop@1.0",
    environment: "test",
    env: {},
    newId: () => `${++ids}`.padStart(32, "0"),
    random: () => 0.999_999_9,
    ...options,
  });
}

const called = (baggage?: string): Trace =>
  new Trace(() => ({ "sentry-trace": `${TRACE}-${SPAN}-1`, baggage }));
const own = { traceId: "1".padStart(32, "0"), spanId: "2".padStart(16, "0") };

describe("Tracer.context()", () => {
  test("begins a trace, and one for each piece of work", () => {
    const it = tracer();
    const trace = new Trace();

    expect(it.context({ trace })).toEqual({ trace_id: own.traceId, span_id: own.spanId });
    expect(it.context({ trace })).toEqual(it.context({ trace }));
    expect(it.context({ trace: new Trace() })["trace_id"]).not.toBe(own.traceId);
    expect(it.context(undefined)).toEqual(it.context({}));
  });

  test("continues the caller's, with a span of its own", () => {
    expect(tracer().context({ trace: called() })).toEqual({
      trace_id: TRACE,
      span_id: "1".padStart(16, "0"),
      parent_span_id: SPAN,
    });
  });

  test("continues the trace that started the process", () => {
    expect(tracer({ env: { SENTRY_TRACE: `${TRACE}-${SPAN}` } }).context(undefined)).toMatchObject({
      trace_id: TRACE,
      parent_span_id: SPAN,
    });
  });

  test("follows OpenTelemetry where a span is active", () => {
    const span = { traceId: "a".repeat(32), spanId: "b".repeat(16) };

    expect(tracer().context({ trace: called(), span })).toEqual({
      trace_id: span.traceId,
      span_id: span.spanId,
    });
  });

  test("begins anew where the caller belongs to another organisation", () => {
    const baggage = (orgId: number): string =>
      `sentry-trace_id=${TRACE},sentry-public_key=theirs,sentry-org_id=${orgId}`;

    expect(tracer().context({ trace: called(baggage(17)) })["trace_id"]).toBe(TRACE);
    expect(tracer().context({ trace: called(baggage(18)) })).toEqual({
      trace_id: own.traceId,
      span_id: own.spanId,
    });
  });

  test("asks for headers once, and does without when that fails", () => {
    let asked = 0;
    const trace = new Trace(() => {
      asked++;
      throw new Error("gone");
    });
    const it = tracer();

    expect(it.context({ trace })["trace_id"]).toBe(own.traceId);
    expect(it.context({ trace })["trace_id"]).toBe(own.traceId);
    expect(asked).toBe(1);
  });
});

describe("Tracer.samplingContext()", () => {
  test("names this service at the head of a trace, always in the same words", () => {
    const it = tracer();
    const trace = new Trace();

    expect(it.samplingContext(own.traceId, { trace })).toEqual({
      trace_id: own.traceId,
      public_key: "key",
      release: "shop@1.0",
      environment: "test",
      org_id: "17",
      sample_rand: "0.999999",
    });
    expect(it.samplingContext(own.traceId, { trace })).toEqual(it.samplingContext(own.traceId, { trace }));
  });

  test("passes the caller's on unchanged, and none where it is frozen empty", () => {
    const trace = called(`sentry-trace_id=${TRACE},sentry-public_key=theirs,sentry-sample_rate=0.1`);

    expect(tracer().samplingContext(TRACE, { trace })).toEqual({
      trace_id: TRACE,
      public_key: "theirs",
      sample_rate: "0.1",
    });
    expect(tracer().samplingContext(TRACE, { trace: called() })).toBeUndefined();
  });

  test("is of the trace that the event names, whoever named it", () => {
    const hooked = "c".repeat(32);

    expect(tracer().samplingContext(hooked, { trace: called() })).toMatchObject({ trace_id: hooked });
    expect(tracer().samplingContext(undefined, {})).toBeUndefined();
    expect(tracer({ dsn: undefined }).samplingContext(hooked, {})).toBeUndefined();
  });
});

describe("Tracer.headers()", () => {
  test("carry the trace on, the decision and the frozen context too", () => {
    const baggage = `sentry-trace_id=${TRACE},sentry-public_key=theirs`;

    expect(tracer().headers({ trace: called(baggage) })).toEqual({
      "sentry-trace": `${TRACE}-${"1".padStart(16, "0")}-1`,
      baggage,
    });
    expect(tracer().headers({ trace: called() })).not.toHaveProperty("baggage");
  });

  test("leave the decision open at the head", () => {
    expect(tracer().headers({ trace: new Trace() })["sentry-trace"]).toBe(`${own.traceId}-${own.spanId}`);
  });
});

test("propagation() adds headers for targets only", () => {
  const headersFor = propagation(["api.internal", /^https:\/\/[a-z]+\.example\.com\//g], () => ({ a: "b" }));

  for (const url of ["http://api.internal/x", "https://pay.example.com/x", "https://pay.example.com/x"])
    expect(headersFor(url)).toEqual({ a: "b" });
  expect(headersFor("https://example.org/?https://pay.example.com/")).toBeUndefined();
});
