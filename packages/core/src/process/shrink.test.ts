import { describe, expect, test } from "vitest";
import { cpuMs } from "../../test/support/cpu.js";
import type { Event, Frame } from "../model/event.js";
import { shrinkEvent } from "./shrink.js";
import { byteLength } from "./text.js";

const lines = Array.from({ length: 5 }, (_, i) => `const line${i} = ${"x".repeat(60)};`);

function frame(i: number): Frame {
  return {
    function: `f${i}`,
    filename: `src/f${i}.js`,
    in_app: i % 2 === 0,
    lineno: i,
    context_line: "f()",
    pre_context: lines,
    post_context: lines,
    vars: { a: "v".repeat(200) },
  };
}

/** An event in which every part weighs something. */
function large(): Event {
  return {
    event_id: "0123456789abcdef0123456789abcdef",
    timestamp: 1,
    platform: "node",
    level: "error",
    tags: { a: "b" },
    exception: {
      values: [
        {
          type: "TypeError",
          value: "é".repeat(8000),
          stacktrace: { frames: Array.from({ length: 100 }, (_, i) => frame(i)) },
        },
      ],
    },
    breadcrumbs: Array.from({ length: 100 }, (_, i) => ({ message: `crumb ${i} ${"c".repeat(300)}` })),
    extra: { small: 1, middle: "m".repeat(5000), big: "b".repeat(50_000) },
    contexts: {
      trace: { trace_id: "a", span_id: "b" },
      repeats: { count: 13_678, users: { bob: "u".repeat(100) } },
      state: { all: "s".repeat(20_000) },
    },
    request: {
      method: "POST",
      url: "https://a.io/",
      headers: { accept: "h".repeat(3000) },
      data: "d".repeat(8000),
    },
    modules: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`module-${i}`, "1.0.0"])),
  };
}

test("shrinkEvent() gives back an event that fits", () => {
  const event = large();

  expect(shrinkEvent(event, 1_048_576)).toEqual({ event, payload: JSON.stringify(event) });
});

describe("shrinkEvent() gives up", () => {
  const whole = byteLength(JSON.stringify(large()));

  test("variables first", () => {
    const { event } = shrinkEvent(large(), whole - 10_000);
    const { errors, exception, ...rest } = event;
    const { exception: _, ...others } = large();

    expect(errors).toEqual([{ type: "too_large", name: "vars" }]);
    expect(exception?.values[0]?.stacktrace?.frames[0]).toEqual(
      (({ vars: _vars, ...kept }) => kept)(frame(0)),
    );
    expect(rest).toEqual(others);
  });

  test("then source lines, of libraries before the application's", () => {
    const frames = shrinkEvent(large(), whole - 40_000).event.exception?.values[0]?.stacktrace?.frames;

    expect(frames?.slice(0, 2).map(({ context_line }) => context_line)).toEqual(["f()", undefined]);
  });

  test("then breadcrumbs, oldest first", () => {
    const { breadcrumbs, extra } = shrinkEvent(large(), 140_000).event;

    expect(breadcrumbs?.at(-1)).toEqual(large().breadcrumbs?.at(-1));
    expect(breadcrumbs?.length).toBeLessThan(100);
    expect(extra).toEqual(large().extra);
  });

  test("then extra, largest first", () => {
    const { extra, request } = shrinkEvent(large(), 90_000).event;

    expect(extra).toEqual({ small: 1, middle: "m".repeat(5000), big: "[50002 bytes removed]" });
    expect(request).toEqual(large().request);
  });

  test("then parts of the request, frames, and at last most of the message", () => {
    const sizes = [50_000, 30_000, 20_000, 10_000, 5000, 2000, 1000];
    const events = sizes.map((size) => shrinkEvent(large(), size));

    events.forEach(({ payload, event }, i) => {
      expect(byteLength(payload)).toBeLessThanOrEqual(sizes[i]!);
      expect(JSON.parse(payload)).toEqual(event);
      expect(event).toMatchObject({
        event_id: large().event_id,
        level: "error",
        contexts: { trace: large().contexts?.["trace"], repeats: { count: 13_678 } },
      });
      expect(event.exception?.values[0]).toMatchObject({
        type: "TypeError",
        value: expect.stringMatching(/^é{100}/),
      });
    });
  });
});

test("shrinkEvent() keeps both ends of a stack", () => {
  const frames = shrinkEvent(large(), 12_000).event.exception?.values[0]?.stacktrace?.frames ?? [];

  expect(frames[0]?.function).toBe("f0");
  expect(frames.at(-1)?.function).toBe("f99");
});

test("shrinkEvent() keeps the beginning of a plain message", () => {
  const { event, payload } = shrinkEvent(
    {
      ...large(),
      exception: undefined as never,
      message: "m".repeat(8000),
    },
    1500,
  );

  expect(byteLength(payload)).toBeLessThanOrEqual(1500);
  expect(event.message).toBe(`${"m".repeat(255)}…`);
});

test("shrinkEvent() gives its smallest form when nothing can fit", () => {
  const { event, payload } = shrinkEvent(large(), 1);

  expect(event.exception?.values[0]?.type).toBe("TypeError");
  expect(byteLength(payload)).toBeLessThan(1200);
});

test("shrinkEvent() changes nothing it is given", () => {
  const event = large();
  shrinkEvent(event, 1);

  expect(event).toEqual(large());
});

test("shrinkEvent() goes over 30 MB in little more time than writing it out takes", () => {
  const event = {
    ...large(),
    extra: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, "x".repeat(1500)])),
  };
  const started = cpuMs();
  const { payload } = shrinkEvent(event, 1_048_576);

  expect(byteLength(payload)).toBeLessThanOrEqual(1_048_576);
  expect(cpuMs() - started).toBeLessThan(3000);
});
