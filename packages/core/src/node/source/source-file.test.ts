import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSourceFile, MAX_SOURCE_LINE } from "./source-file.js";

const fileOf = (text: string) => createSourceFile(Buffer.from(text));

describe("createSourceFile().contextAt()", () => {
  test("gives the line and its neighbours", () => {
    const file = fileOf("one\ntwo\nthree\nfour\nfive\n");

    expect(file.contextAt(3, 1, 2)).toEqual({
      context_line: "three",
      pre_context: ["one", "two"],
      post_context: ["four", "five"],
    });
    expect(file.contextAt(1, 2, 1)).toEqual({ context_line: "one", pre_context: [], post_context: ["two"] });
    expect(file.contextAt(5, undefined, 1)).toEqual({
      context_line: "five",
      pre_context: ["four"],
      post_context: [],
    });
  });

  test("gives the same for a place it was asked for before, and weighs what it remembers", () => {
    const text = Array.from({ length: 200 }, (_, n) => `line ${n + 1}`).join("\n");
    const file = fileOf(text);
    const first = file.contextAt(100, 1, 3);
    const { bytes } = file;

    for (let lineno = 1; lineno <= 200; lineno++) file.contextAt(lineno, 1, 3);
    expect(file.contextAt(100, 1, 3)).toEqual(first);
    expect(file.contextAt(100, 1, 1)?.pre_context).toEqual(["line 99"]);
    expect(bytes).toBeGreaterThan(fileOf(text).bytes);
    expect(file.bytes).toBeGreaterThan(bytes);
  });

  test("ends lines where V8 ends them", () => {
    const file = fileOf("a\r\nb\rc\u2028d\u2029e\n\nf");

    expect([1, 2, 3, 4, 5, 6, 7, 8].map((lineno) => file.contextAt(lineno, 1, 0)?.context_line)).toEqual([
      "a",
      "b",
      "c",
      "d",
      "e",
      "",
      "f",
      undefined,
    ]);
  });

  test("gives nothing for a place the file does not have, because then another file was running", () => {
    const file = fileOf("one\ntwo\n");

    expect(file.contextAt(3, 1, 5)).toBeUndefined();
    expect(file.contextAt(1, 5, 5)).toBeUndefined();
    expect(file.contextAt(0, 1, 5)).toBeUndefined();
    expect(file.contextAt(1.5, 1, 5)).toBeUndefined();
    expect(fileOf("").contextAt(2, 1, 5)).toBeUndefined();
  });

  test("shows a long line around its column, and marks what was cut", () => {
    for (const mark of ["!", "é"]) {
      const text = `${"a".repeat(5_000_000)}HERE${mark}${"b".repeat(1_000_000)}`;

      const context = fileOf(`first\n${text}\nlast`).contextAt(2, 5_000_001, 1);

      expect(context?.context_line).toMatch(/^…a+HERE.b+…$/);
      expect(context?.context_line).toHaveLength(MAX_SOURCE_LINE);
      expect(context?.pre_context).toEqual(["first"]);
    }
  });

  test("shows both ends of a long line without a mark where nothing is cut", () => {
    const file = fileOf(`${"a".repeat(500)}${"b".repeat(500)}`);

    expect(file.contextAt(1, 1, 0)?.context_line).toMatch(/^a+…$/);
    expect(file.contextAt(1, 1000, 0)?.context_line).toMatch(/^…b+$/);
  });

  test("leaves out a byte order mark", () => {
    expect(fileOf("\uFEFFone\ntwo").contextAt(1, 1, 0)?.context_line).toBe("one");
    expect(fileOf("\uFEFFone\ntwo").contextAt(2, 1, 1)?.pre_context).toEqual(["one"]);
  });

  test("gives the lines that splitting the text gives, whatever the text", () => {
    const text = fc
      .array(fc.constantFrom("a", "é", "😀", "\n", "\r\n", "\r", "\u2028", " ", "x".repeat(300)), {
        maxLength: 60,
      })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (source) => {
        const file = fileOf(source);
        const lines = source.split(/\r\n|[\n\r\u2028\u2029]/);
        lines.forEach((line, i) => {
          const shown = file.contextAt(i + 1, 1, 0)?.context_line;
          const isBehindLast = i > 0 && i === lines.length - 1 && line === "";

          if (isBehindLast) expect(shown).toBeUndefined();
          else if (line.length <= MAX_SOURCE_LINE) expect(shown).toBe(line);
          else expect(line.startsWith((shown as string).slice(0, -1))).toBe(true);
        });
        expect(file.contextAt(lines.length + 1, 1, 0)).toBeUndefined();
      }),
    );
  });
});
