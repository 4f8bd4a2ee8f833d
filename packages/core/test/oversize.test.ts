import { describe, expect, test } from "vitest";
import { schemaErrors } from "../../../test-server/src/schema.js";
import { withRequestScope } from "../src/context/current.js";
import type { Event, Frame } from "../src/model/event.js";
import { sentryText, toPayload } from "../src/transport/envelope.js";
import { createTestBench, expectBalance } from "./support/client.js";

const words = (bytes: number): string => "lorem ipsum ".repeat(Math.ceil(bytes / 12)).slice(0, bytes);
/** 5 MB of values. */
const EXTRAS = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`value ${i}`, words(10_000)]));

/** An error with all that an event can be too large by. */
function captureMuch({ client }: ReturnType<typeof createTestBench>): void {
  withRequestScope(
    (scope) => {
      for (let i = 0; i < 1000; i++) scope.addBreadcrumb({ message: `${i} ${words(10_000)}` });
      scope.setContext("shop", { text: words(50_000) });
      client.captureException(
        Object.assign(new Error(`the message ${words(5_000_000)}`), { body: words(5_000_000) }),
        {
          extra: EXTRAS,
          tags: { kept: "yes" },
          attachments: Array.from({ length: 100 }, (_, i) => ({ filename: `f${i}`, data: words(1000) })),
          request: { method: "GET", url: "https://shop.test/", data: words(50_000) },
        },
      );
    },
    { client },
  );
}

describe("an oversized event", () => {
  test.each([1024 * 1024, 256 * 1024, 64 * 1024, 16 * 1024, 4096, 1024])(
    "fits into %i bytes and still says what failed",
    async (eventBytes) => {
      const bench = createTestBench({ limits: { eventBytes }, queueBytes: 64 * 1024 * 1024 });

      captureMuch(bench);

      const [event] = await bench.arrived();
      expect(Buffer.byteLength(bench.transport.envelopes[0]!.payload)).toBeLessThanOrEqual(eventBytes);
      expect(schemaErrors(JSON.parse(sentryText(toPayload(event!))))).toEqual([]);
      expect(event?.exception?.values.at(-1)).toMatchObject({
        type: "Error",
        value: expect.stringMatching(/^the message lorem/),
      });
      expectBalance(bench.client);
    },
  );

  test("is shrunk in one order, what is least dear first", async () => {
    const eventOf = async (eventBytes: number): Promise<Event> => {
      const bench = createTestBench({ limits: { eventBytes }, queueBytes: 64 * 1024 * 1024 });
      captureMuch(bench);
      return (await bench.arrived())[0]!;
    };
    const rest = async (eventBytes: number): Promise<object> => {
      const event = await eventOf(eventBytes);
      return {
        breadcrumbs: (event.breadcrumbs?.length ?? 0) === 100,
        extra: Object.values(event.extra ?? { none: "bytes removed" }).every(
          (value) => !String(value).includes("bytes removed"),
        ),
        request: event.request?.data !== undefined,
        frames: event.exception?.values.every(({ stacktrace }) => stacktrace !== undefined) === true,
      };
    };

    expect([
      await rest(1024 * 1024),
      await rest(450_000),
      await rest(100_000),
      await rest(12_000),
      await rest(1024),
    ]).toEqual([
      { breadcrumbs: true, extra: true, request: true, frames: true },
      { breadcrumbs: false, extra: true, request: true, frames: true },
      { breadcrumbs: false, extra: false, request: true, frames: true },
      { breadcrumbs: false, extra: false, request: false, frames: true },
      { breadcrumbs: false, extra: false, request: false, frames: false },
    ]);
  });
});

describe("a stack", () => {
  const lines = (count: number, line = (i: number) => `    at f${i} (/app/src/f.js:${i + 1}:5)`): string =>
    Array.from({ length: count }, (_, i) => line(i)).join("\n");
  const framesOf = async (error: unknown, options = {}): Promise<Frame[]> => {
    const { client, arrived } = createTestBench(options);
    client.captureException(error);
    return (await arrived())[0]?.exception?.values.at(-1)?.stacktrace?.frames ?? [];
  };
  const withStack = (message: string, stack: string): Error =>
    Object.assign(new Error(message), { stack: `Error: ${message}\n${stack}` });

  test("of 20,000 lines keeps fifty frames, both ends among them", async () => {
    const names = (await framesOf(withStack("x", lines(20_000)))).map((frame) => frame.function);

    expect(names).toHaveLength(50);
    expect([names[0], names.at(-1)]).toEqual(["f19999", "f0"]);
  });

  test("is not taken from a message that imitates one", async () => {
    const frames = await framesOf(
      withStack("bad input:\n    at evil (/app/src/evil.js:1:1)", "    at real (/app/src/real.js:2:3)"),
    );

    expect(frames.map(({ function: name }) => name)).toEqual(["real"]);
  });

  test("tells the application's own code, as the options say", async () => {
    const stack = ["/app/src/a.js", "/app/node_modules/own/b.js", "/app/vendor/c.js"]
      .map((path) => `    at f (${path}:1:1)`)
      .join("\n");

    const frames = await framesOf(withStack("x", stack), {
      inAppInclude: ["node_modules/own"],
      inAppExclude: [/\/vendor\//],
    });

    expect(frames.map(({ filename, in_app }) => [filename, in_app]).reverse()).toEqual([
      ["src/a.js", true],
      ["node_modules/own/b.js", true],
      ["vendor/c.js", false],
    ]);
  });
});
