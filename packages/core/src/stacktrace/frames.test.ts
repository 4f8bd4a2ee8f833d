import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuMs } from "../../test/support/cpu.js";
import { type FrameOptions, framesFromLines, ownCodeRule } from "./frames.js";
import { MAX_LINE_LENGTH } from "./stack-text.js";

const OPTIONS: FrameOptions = { projectRoot: "/srv/shop", inAppInclude: [], inAppExclude: [] };

describe("framesFromLines()", () => {
  test("gives the oldest frame first, with the wire's names", () => {
    const lines = [
      "    at Order.save [as store] (/srv/shop/orders.js:10:5)",
      "    at Array.map (<anonymous>)",
      "    at async file:///srv/shop/server.mjs:20:3",
    ];

    expect(framesFromLines(lines, OPTIONS)).toEqual([
      {
        function: "?",
        filename: "server.mjs",
        abs_path: "/srv/shop/server.mjs",
        module: "server",
        lineno: 20,
        colno: 3,
        in_app: true,
      },
      { function: "Array.map", in_app: false },
      {
        function: "Order.save",
        filename: "orders.js",
        abs_path: "/srv/shop/orders.js",
        module: "orders",
        lineno: 10,
        colno: 5,
        in_app: true,
      },
    ]);
  });

  test("gives each event frames of its own, and the same for a line it knows", () => {
    const lines = ["    at save (/srv/shop/orders.js:10:5)"];
    const [first] = framesFromLines(lines, OPTIONS);
    const expected = { ...first };
    first!.function = "changed by a hook";

    expect(framesFromLines(lines, OPTIONS)).toEqual([expected]);
    expect(framesFromLines(lines, { ...OPTIONS, projectRoot: "/srv" })[0]?.filename).toBe("shop/orders.js");
  });

  test("leaves out what is no frame", () => {
    expect(framesFromLines([], OPTIONS)).toEqual([]);
    expect(
      framesFromLines(
        ["", "Error: x", "    at nothing of the kind", undefined as unknown as string],
        OPTIONS,
      ),
    ).toEqual([]);
  });

  test.each([
    ["/srv/shop/a.js:1:1", true],
    ["/elsewhere/a.js:1:1", true],
    ["file:///srv/shop/a.js:1:1", true],
    ["webpack-internal:///./src/a.ts:1:1", true],
    ["f (eval at g (/srv/shop/a.js:1:1), <anonymous>:1:1)", true],
    ["/srv/shop/node_modules/p/a.js:1:1", false],
    ["file:///srv/shop/node_modules/p/a.js:1:1", false],
    ["C:\\shop\\node_modules\\p\\a.js:1:1", false],
    ["webpack-internal:///./node_modules/p/a.js:1:1", false],
    ["/srv/shop/my_node_modules/a.js:1:1", true],
    ["node:internal/timers:1:1", false],
    ["Array.map (<anonymous>)", false],
    ["Promise.all (index 0)", false],
    ["evalmachine.<anonymous>:1:1", false],
    ["wasm://wasm/0145fffe:wasm-function[0]:0x1e", false],
    ["data:text/javascript,x:1:1", false],
  ])("says of %s that in_app is %s", (text, in_app) => {
    expect(framesFromLines([`    at ${text}`], OPTIONS).map((frame) => frame.in_app)).toEqual([in_app]);
  });

  test("lets inAppExclude overrule the rule, and inAppInclude overrule both", () => {
    const inApp = (path: string, options: Partial<FrameOptions>): boolean | undefined =>
      framesFromLines([`    at f (${path}:1:1)`], { ...OPTIONS, ...options })[0]?.in_app;

    expect(inApp("/srv/shop/vendor/a.js", { inAppExclude: ["/vendor/"] })).toBe(false);
    expect(inApp("/srv/shop/node_modules/@acme/a.js", { inAppInclude: [/node_modules\/@acme\//g] })).toBe(
      true,
    );
    expect(
      inApp("/srv/shop/vendor/own/a.js", { inAppExclude: ["/vendor/"], inAppInclude: ["/vendor/own/"] }),
    ).toBe(true);
    expect(inApp("C:\\shop\\vendor\\a.js", { inAppExclude: ["shop/vendor"] })).toBe(false);
    expect(inApp("C:\\shop\\vendor\\a.js", { inAppExclude: ["shop\\vendor"] })).toBe(false);
    expect(inApp("/srv/shop/a.js", { inAppExclude: [""] })).toBe(true);
  });

  test.each([
    [{}],
    [{ inAppExclude: ["/vendor/"] }],
    [{ inAppInclude: [/vendor/g], inAppExclude: ["/srv/"] }],
    [{ inAppInclude: ["node_modules/own/"] }],
  ])("agrees with ownCodeRule() on every line: %o", (given) => {
    const options = { ...OPTIONS, ...given };
    const lines = [
      "    at f (/srv/shop/a.js:1:1)",
      "    at async f (file:///srv/shop/vendor/a%20b.js:1:1)",
      "    at /srv/shop/node_modules/own/a.js:1:1",
      "    at f (node:fs:1:1)",
      "    at Array.map (<anonymous>)",
      "no frame",
    ];
    const isOwn = ownCodeRule(options);

    for (const line of lines) {
      const [frame] = framesFromLines([line], options);
      if (isOwn !== undefined) expect(isOwn(line)).toBe(frame?.in_app ?? false);
      else expect(given).toEqual({});
    }
  });

  test("ownCodeRule() survives a pattern that throws", () => {
    const broken = Object.assign(/x/, {
      [Symbol.search]: () => {
        throw new Error("do not look");
      },
    });

    expect(
      ownCodeRule({ projectRoot: "", inAppInclude: [broken], inAppExclude: [] })?.(
        "    at f (/srv/a.js:1:1)",
      ),
    ).toBe(false);
  });

  test("gives every line the same answer for expressions that remember where they stopped", () => {
    const lines = Array.from({ length: 4 }, () => "    at f (/srv/shop/vendor/a.js:1:1)");

    expect(
      framesFromLines(lines, { ...OPTIONS, inAppExclude: [/vendor/g] }).map((frame) => frame.in_app),
    ).toEqual([false, false, false, false]);
  });

  test("never throws, is bounded, and gives each frame a function and positive positions, whatever the lines", () => {
    const part = fc.oneof(
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.constantFrom(
        "    at ",
        "async ",
        "eval at ",
        " (",
        ")",
        ":1",
        ":0",
        ":99999999999",
        "<anonymous>",
        "file://",
        "%zz",
        "C:\\",
        "wasm://",
        "node_modules/",
        " [as x]",
        "index 1",
      ),
    );
    const line = fc.array(part, { maxLength: 12 }).map((parts) => `    at ${parts.join("")}`);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), (lines) => {
        const frames = framesFromLines(lines, OPTIONS);

        expect(frames.length).toBeLessThanOrEqual(lines.length);
        for (const frame of frames) {
          expect(frame.function?.length).toBeGreaterThan(0);
          expect(frame.function?.length).toBeLessThanOrEqual(256);
          expect(frame.filename === undefined || frame.filename.length <= 2 * MAX_LINE_LENGTH).toBe(true);
          expect(frame.lineno === undefined || frame.lineno > 0).toBe(true);
          expect(frame.colno === undefined || frame.colno > 0).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("costs at most milliseconds for fifty lines made to be slow", () => {
    const parts = [
      "(",
      ")",
      " (",
      "a ",
      ":1",
      "eval at ",
      " (eval at ",
      "((",
      "1:",
      "/ (",
      " (/",
      "at at ",
      "\\",
    ];
    for (const part of parts) {
      const line = `    at ${part.repeat(300)}`.slice(0, MAX_LINE_LENGTH - 6);
      for (const end of ["", ":1:1)", ":1:1", ")"]) {
        const lines = Array.from({ length: 50 }, () => line + end);
        const start = cpuMs();
        framesFromLines(lines, OPTIONS);

        expect(cpuMs() - start).toBeLessThan(200);
      }
    }
  });
});
