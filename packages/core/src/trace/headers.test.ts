import { describe, expect, test } from "vitest";
import { formatBaggage, formatSentryTrace, readTraceHeaders } from "./headers.js";

const TRACE = "0123456789abcdef0123456789abcdef";
const SPAN = "fedcba9876543210";

describe("readTraceHeaders()", () => {
  test.each([
    [`${TRACE}-${SPAN}`, {}],
    [`${TRACE}-${SPAN}-1`, { sampled: true }],
    [` ${TRACE.toUpperCase()}-${SPAN}-0\t`, { sampled: false }],
  ])("reads sentry-trace: %s", (text, flag) => {
    expect(readTraceHeaders({ "sentry-trace": text })).toEqual({
      traceId: TRACE,
      parentSpanId: SPAN,
      samplingContext: null,
      ...flag,
    });
  });

  test.each([
    "",
    "1",
    TRACE,
    `${TRACE}-`,
    `${TRACE}-${SPAN}-2`,
    `${TRACE}-${SPAN}-1, ${TRACE}-${SPAN}-1`,
    `${"0".repeat(32)}-${SPAN}`,
    `${TRACE}-${"0".repeat(16)}`,
    `${" ".repeat(100_000)}${TRACE}-${SPAN}`,
  ])("takes no trace from %j", (text) => {
    expect(readTraceHeaders({ "sentry-trace": text })).toBeUndefined();
  });

  test("keeps the sampling context as it came, and nothing of other vendors", () => {
    const baggage = [
      `other=1, sentry-trace_id=${TRACE};prop=1`,
      "sentry-public_key=abc ,sentry-release=shop%401.0,sentry-sample_rand=0.25,sentry-transaction=GET%20%2F",
    ];

    expect(readTraceHeaders({ "sentry-trace": `${TRACE}-${SPAN}`, baggage })?.samplingContext).toEqual({
      trace_id: TRACE,
      public_key: "abc",
      release: "shop@1.0",
      sample_rand: "0.25",
      transaction: "GET /",
    });
  });

  test.each([
    ["none", "other=1"],
    ["one of another trace", `sentry-trace_id=${"a".repeat(32)},sentry-public_key=abc`],
    ["one without a key", `sentry-trace_id=${TRACE}`],
    ["one that is too long", `sentry-trace_id=${TRACE},sentry-public_key=abc,x=${"y".repeat(9000)}`],
  ])("freezes an empty sampling context where the caller sent %s", (_what, baggage) => {
    expect(readTraceHeaders({ "sentry-trace": `${TRACE}-${SPAN}`, baggage })?.samplingContext).toBeNull();
  });

  test("survives broken escapes in baggage", () => {
    const baggage = `sentry-trace_id=${TRACE},sentry-public_key=abc,sentry-release=%E0%A4%A`;

    expect(readTraceHeaders({ "sentry-trace": `${TRACE}-${SPAN}`, baggage })?.samplingContext).toMatchObject({
      release: "%E0%A4%A",
    });
  });

  test("falls back to traceparent, which freezes nothing", () => {
    expect(readTraceHeaders({ traceparent: `00-${TRACE}-${SPAN}-01`, "sentry-trace": "broken" })).toEqual({
      traceId: TRACE,
      parentSpanId: SPAN,
      sampled: true,
    });
    expect(readTraceHeaders({ traceparent: `cc-${TRACE}-${SPAN}-00-more` })?.sampled).toBe(false);
    for (const text of [`ff-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01-more`, `00-${TRACE}-${SPAN}`])
      expect(readTraceHeaders({ traceparent: text })).toBeUndefined();
  });

  test("reads anything else as nothing", () => {
    const trap = (): never => {
      throw new Error("trap");
    };
    for (const headers of [
      undefined,
      null,
      5,
      "text",
      [],
      { "sentry-trace": 5 },
      new Proxy({}, { get: trap }),
    ])
      expect(readTraceHeaders(headers)).toBeUndefined();
  });
});

test("what is written is read again", () => {
  const samplingContext = { trace_id: TRACE, public_key: "a=b,c;d", release: "shop@1.0 ü" };
  const headers = {
    "sentry-trace": formatSentryTrace(TRACE, SPAN, true),
    baggage: formatBaggage(samplingContext),
  };

  expect(readTraceHeaders(headers)).toEqual({
    traceId: TRACE,
    parentSpanId: SPAN,
    sampled: true,
    samplingContext,
  });
});
