import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseStackLine, type StackLine } from "./stack-line.js";
import { frameLines } from "./stack-text.js";

describe("parseStackLine() of errors made by the engine", () => {
  const script = fileURLToPath(new URL("./fixtures/real-stacks.mjs", import.meta.url));
  const scriptUrl = new URL("./fixtures/real-stacks.mjs", import.meta.url).href;
  let temporary = "";
  let made: { directory: string; stacks: Record<string, { stack: string; name: string; message: string }> };

  beforeAll(() => {
    temporary = mkdtempSync(join(tmpdir(), "corvid-stacks-"));
    made = JSON.parse(execFileSync(process.execPath, [script, temporary], { encoding: "utf8" }));
  });
  afterAll(() => rmSync(temporary, { recursive: true }));

  /** What is read of the topmost lines: function, then the source, where it is not the script itself. */
  const read = (title: string, count: number): unknown[] => {
    const { stack, name, message } = made.stacks[title]!;
    return frameLines(stack, name, message)
      .slice(0, count)
      .map((text) => parseStackLine(text))
      .map((line) => [
        line?.function,
        line?.source === scriptUrl ? "script" : line?.source,
        line?.line !== undefined,
      ]);
  };

  test.each<[title: string, ...lines: [string | undefined, string | undefined, boolean][]]>([
    ["Promise.all", ["later", "script", true], ["Promise.all", undefined, false], ["all", "script", true]],
    ["Promise.any", ["later", "script", true], ["Promise.any", undefined, false], ["any", "script", true]],
    ["async anonymous", ["later", "script", true], [undefined, "script", true]],
    ["eval", ["inEval", "script", true], ["eval", "script", true], [undefined, "script", true]],
    ["nested eval", ["eval", "script", true], ["eval", "script", true], [undefined, "script", true]],
    ["eval arrow", ["eval", "script", true], ["eval", "script", true]],
    ["new Function", ["eval", "script", true], [undefined, "script", true]],
    ["sourceURL", ["eval", "my-script.js", true], ["eval", undefined, false]],
    ["native", [undefined, "script", true], ["Array.map", undefined, false]],
    ["constructor", ["#hidden", "script", true], ["new Foo", "script", true]],
    ["static", ["Foo.make", "script", true]],
    ["getter", ["get value", "script", true]],
    ["setter", ["set value", "script", true]],
    ["symbol", ["[Symbol.iterator]", "script", true]],
    ["odd name", ["odd (x:1:2) name", "script", true]],
    ["async method", ["Foo.wait", "script", true]],
    ["alias", ["Object.original", "script", true]],
    ["anonymous class", ["new <anonymous>", "script", true]],
    ["vm script", ["run", "my vm (script).js", true], [undefined, "my vm (script).js", true]],
    [
      "vm anonymous",
      [undefined, "evalmachine.<anonymous>", true],
      ["Script.runInThisContext", "node:vm", true],
    ],
    ["vm syntax", [undefined, "bad.js", true], ["new Script", "node:vm", true]],
    ["node code", ["Function.alloc", "node:buffer", true]],
    ["wasm", [expect.stringContaining("wasm-function[0]"), expect.stringMatching(/^wasm:\/\/wasm\//), false]],
    ["data", [undefined, expect.stringMatching(/^data:text\/javascript,/), true]],
    ["timer", ["Timeout.tick", "script", true], ["listOnTimeout", "node:internal/timers", true]],
  ])("%s", (title, ...lines) => {
    expect(read(title, lines.length)).toEqual(lines);
  });

  test("parentheses, spaces and per cent signs in paths", () => {
    const cjs = join(made.directory, "a b%20é.cjs");
    const esm = `${encodeURI(`file://${made.directory}`)}/a%20b%2520%C3%A9.mjs?version=2`;

    expect(read("cjs path", 1)).toEqual([["Object.run", cjs, true]]);
    expect(read("cjs bare path", 2)).toEqual([
      [undefined, cjs, true],
      [undefined, cjs, true],
    ]);
    expect(read("esm path", 1)).toEqual([["Module.run", esm, true]]);
  });
});

describe("parseStackLine() of recorded text", () => {
  test.each<[text: string, line: StackLine]>([
    [
      "save (C:\\shop\\orders.js:10:5)",
      { function: "save", source: "C:\\shop\\orders.js", line: 10, column: 5 },
    ],
    ["C:\\shop\\orders.js:10:5", { source: "C:\\shop\\orders.js", line: 10, column: 5 }],
    [
      "save (C:\\Program Files (x86)\\a.js:1:2)",
      { function: "save", source: "C:\\Program Files (x86)\\a.js", line: 1, column: 2 },
    ],
    ["C:\\Program Files (x86)\\a.js:1:2", { source: "C:\\Program Files (x86)\\a.js", line: 1, column: 2 }],
    [
      "save (\\\\host\\share\\a.js:1:2)",
      { function: "save", source: "\\\\host\\share\\a.js", line: 1, column: 2 },
    ],
    [
      "save (file:///C:/shop/a%20b.js:1:2)",
      { function: "save", source: "file:///C:/shop/a%20b.js", line: 1, column: 2 },
    ],
    [
      "a (webpack-internal:///(rsc)/./a.ts:1:2)",
      { function: "a", source: "webpack-internal:///(rsc)/./a.ts", line: 1, column: 2 },
    ],
    [
      "save (/srv/un(balanced/a.js:1:2)",
      { function: "save", source: "/srv/un(balanced/a.js", line: 1, column: 2 },
    ],
    ["save (native)", { function: "save" }],
    ["<anonymous>", { function: "<anonymous>" }],
    ["<anonymous>:1:2", { line: 1, column: 2 }],
    ["name (eval:1:2)", { function: "name", line: 1, column: 2 }],
    ["eval at f (/a.js:1:2), <anonymous>:3:4", { source: "/a.js", line: 1, column: 2 }],
    ["f (eval at g (<anonymous>), <anonymous>:3:4)", { function: "f" }],
    ["async Foo.bar [as baz] (/a.js:1:2)", { function: "Foo.bar", source: "/a.js", line: 1, column: 2 }],
    [
      "mod.fn (wasm://wasm/mod-7e1a:wasm-function[3]:0x1a)",
      { function: "mod.fn", source: "wasm://wasm/mod-7e1a" },
    ],
    ["save (/srv/a.js:10)", { function: "save", source: "/srv/a.js", line: 10 }],
  ])("%s", (text, line) => {
    expect(parseStackLine(`    at ${text}`)).toEqual(line);
  });

  test.each([
    "",
    "    at ",
    "    at  ",
    "    at some words",
    "    at async ",
    "   at f (/a.js:1:2)",
    "f@/a.js:1:2",
    "    at )",
  ])("no frame: %j", (text) => {
    expect(parseStackLine(text)).toBeUndefined();
  });

  test("agrees with itself: the same place is read from a named, an asynchronous and an evaluated line", () => {
    const name = fc.stringMatching(/^[A-Za-z_$][\w$.]{0,20}$/);
    const path = fc.stringMatching(/^\/[\w@+~-][\w /.@+~()-]{0,60}\.js$/);
    const number = fc.integer({ min: 1, max: 999_999 });
    fc.assert(
      fc.property(name, path, number, number, (fn, source, line, column) => {
        const place = `${source}:${line}:${column}`;
        const expected = { function: fn, source, line, column };

        expect(parseStackLine(`    at ${fn} (${place})`)).toEqual(expected);
        expect(parseStackLine(`    at async ${fn} (${place})`)).toEqual(expected);
        expect(parseStackLine(`    at new ${fn} (${place})`)).toEqual({ ...expected, function: `new ${fn}` });
        expect(parseStackLine(`    at ${fn} (eval at g (${place}), <anonymous>:1:1)`)).toEqual(expected);
        expect(parseStackLine(`    at ${place}`)).toMatchObject({ source, line, column });
      }),
    );
  });
});
