import { describe, expect, test } from "vitest";
import { regionOf } from "../../scripts/docs/region.mjs";
import { blockTrouble, proofOf } from "../check/blocks.js";
import { modulesOf } from "../check/compile.js";
import { linkTroubles } from "../check/links.js";
import { anchorsOf, blocksOf, linksOf } from "../check/markdown.js";
import { shellTrouble } from "../check/shell.js";

const FENCE = "```";

function page(...lines: string[]): { path: string; text: string } {
  return { path: "docs/made-up.md", text: lines.join("\n") };
}

function troubles(...lines: string[]): (string | undefined)[] {
  const made = page(...lines);
  return blocksOf(made.text).map((block) => blockTrouble(made, block));
}

describe("blocksOf()", () => {
  test("finds blocks with their language, line and the comment above them", () => {
    const text = [
      "# A",
      "<!-- from a.ts#b -->",
      `${FENCE}ts`,
      "one();",
      "",
      FENCE,
      "",
      `${FENCE}`,
      "two",
      FENCE,
    ].join("\n");

    expect(blocksOf(text)).toEqual([
      { language: "ts", text: "one();\n", line: 4, note: "from a.ts#b", isIndented: false },
      { language: "", text: "two", line: 9, note: undefined, isIndented: false },
    ]);
  });

  test("ends a block that is not closed with the page", () => {
    expect(blocksOf(`${FENCE}js\none();\n# No heading`)).toMatchObject([{ text: "one();\n# No heading" }]);
  });

  test("finds code that is only indented, but not the rest of a list item", () => {
    expect(blocksOf("Text\n\n    code();\n")).toMatchObject([{ isIndented: true }]);
    expect(blocksOf("- Item\n\n    more of it\n")).toEqual([]);
  });
});

describe("blockTrouble()", () => {
  test("lets no block pass that nobody checks", () => {
    expect(troubles(`${FENCE}yaml`, "a: 1", FENCE, "", FENCE, "plain", FENCE, "", "    init();")).toEqual([
      'docs/made-up.md:2: "yaml" is no language that is checked',
      'docs/made-up.md:6: "" is no language that is checked',
      "docs/made-up.md:9: indented code: use a fence that names its language",
    ]);
  });

  test("takes no code for plain text", () => {
    expect(troubles(`${FENCE}text`, 'import { init } from "@corvid/core";', FENCE)[0]).toContain(
      "name its language",
    );
    expect(troubles(`${FENCE}text`, "captured = delivered + dropped", FENCE)).toEqual([undefined]);
  });

  test("sees that a lifted block differs from its file, or has none", () => {
    const from = (source: string): string[] => [`<!-- from ${source} -->`, `${FENCE}js`, "other();", FENCE];

    expect(troubles(...from("examples/shutdown/server.js#sigterm"))[0]).toContain(
      "differs from examples/shutdown",
    );
    expect(troubles(...from("examples/shutdown/server.js#nowhere"))[0]).toContain('has no "#region nowhere"');
    expect(troubles(...from("examples/nowhere.js"))[0]).toContain("there is no examples/nowhere.js");
  });

  test("sees JSON that is none", () => {
    expect(troubles(`${FENCE}json`, "{ a: 1 }", FENCE)[0]).toContain("docs/made-up.md:2: ");
    expect(troubles(`${FENCE}json`, '{ "a": 1 }', FENCE)).toEqual([undefined]);
  });
});

describe("proofOf()", () => {
  test("has code compiled and run, unless the comment above says why it is not run", () => {
    const [plain, told] = blocksOf(
      [`${FENCE}js`, "a();", FENCE, "<!-- not run: it listens -->", `${FENCE}ts`, "b();", FENCE].join("\n"),
    );

    expect(proofOf(plain!)).toEqual({ kind: "compiled", whyNotRun: undefined });
    expect(proofOf(told!)).toEqual({ kind: "compiled", whyNotRun: "it listens" });
  });
});

describe("modulesOf()", () => {
  test("gives a block the imports of the blocks above it that it uses, at its own lines", () => {
    const made = page(
      `${FENCE}js`,
      'import { init, wrap as watch } from "@corvid/core";',
      FENCE,
      `${FENCE}js`,
      "watch(() => 1);",
      FENCE,
    );

    const [, second] = modulesOf([made]);

    expect(second!.source.split("\n")[4]).toBe("watch(() => 1);");
    expect(second!.source.split("\n")[0]).toBe('import { wrap as watch } from "@corvid/core"; export {};');
  });

  test("leaves a name alone that the block declares itself", () => {
    const made = page(
      `${FENCE}js`,
      'import { init } from "@corvid/core";',
      FENCE,
      `${FENCE}js`,
      "const init = 1;",
      FENCE,
    );

    expect(modulesOf([made])[1]!.source.startsWith(" export {};")).toBe(true);
  });
});

test("regionOf() gives a region without its indentation and without marks", () => {
  const source = "a();\n  // #region one\n  b();\n    c();\n  // #endregion\nd();\n";

  expect(regionOf(source, "one")).toBe("b();\n  c();");
  expect(regionOf(source, undefined)).toBe("a();\n  b();\n    c();\nd();");
  expect(regionOf(source, "two")).toBeUndefined();
});

test("shellTrouble() knows scripts, packages, entries and files", () => {
  expect(
    shellTrouble("npm install @corvid/core pino # both\nnpm run demo\nexport A=b\nA=b npm test"),
  ).toBeUndefined();
  expect(shellTrouble("node --import @corvid/core/register app.js")).toBeUndefined();
  expect(shellTrouble("corvid-test-server --port 0")).toBeUndefined();
  expect(shellTrouble("npm install @corvid/nothing")).toContain("no package @corvid/nothing");
  expect(shellTrouble("npm run nothing")).toContain("no script nothing");
  expect(shellTrouble("node --import @corvid/core/nothing app.js")).toContain("no entry");
  expect(shellTrouble("node nothing.js")).toContain("there is no nothing.js");
  expect(shellTrouble("npx nothing")).toContain("nothing that is published");
  expect(shellTrouble("curl https://example.com")).toContain('no rule for the command "curl"');
});

describe("linkTroubles()", () => {
  test("sees files and headings that do not exist, and addresses without TLS", () => {
    const made = page(
      "# A heading",
      "[a](#a-heading) [b](#none) [c](none.md) [d](http://example.com) `[e](none)`",
    );

    expect(linkTroubles(made, [made])).toEqual([
      "docs/made-up.md:2: #none: there is no such heading",
      "docs/made-up.md:2: none.md: there is no such file",
      "docs/made-up.md:2: http://example.com: expected an https address",
    ]);
  });

  test("looks neither into code nor into comments", () => {
    expect(linksOf(`${FENCE}text\n[a](b)\n${FENCE}\n<!-- [c](d) -->\n[e]: f`)).toEqual([
      { target: "f", line: 5 },
    ]);
  });
});

test("anchorsOf() names headings as GitHub does", () => {
  const text = "# What's `new()`, plainly\n## A & B\n## A & B\n### [Link](x) here";

  expect([...anchorsOf(text)]).toEqual(["whats-new-plainly", "a--b", "a--b-1", "link-here"]);
});
