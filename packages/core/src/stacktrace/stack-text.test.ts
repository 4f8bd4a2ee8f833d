import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuMs } from "../../test/support/cpu.js";
import { frameLines, MAX_FRAME_LINES, MAX_LINE_LENGTH, stackPositions, topPositions } from "./stack-text.js";

const FAKE = "    at evil (/srv/app/fake.js:1:1)";
const REAL = ["    at save (/srv/app/orders.js:10:5)", "    at /srv/app/server.js:20:3"];
const REAL_TEXT = REAL.join("\n");

describe("frameLines()", () => {
  test("gives the frame lines without the head", () => {
    expect(frameLines(`Error: no stock\n${REAL_TEXT}`, "Error", "no stock")).toEqual(REAL);
  });

  test.each([undefined, null, 7, {}, ["    at x (/a.js:1:1)"], "", Symbol("x")])(
    "gives nothing for the stack %s",
    (stack) => {
      expect(frameLines(stack, "Error", "x")).toEqual([]);
    },
  );

  test("gives nothing for a stack of a head only", () => {
    expect(frameLines("Error: x", "Error", "x")).toEqual([]);
    expect(frameLines(`Error: ${FAKE}`, "Error", FAKE)).toEqual([]);
  });

  test.each([
    ["between other lines", `bad\n${FAKE}\nthing`],
    ["at its end", `bad\n${FAKE}\n${FAKE}`],
    ["from its first character on", `${FAKE}\n${FAKE}`],
    ["with line feeds around them", `\n${FAKE}\n`],
    ["as a copy of the real ones", `failed: Error: no stock\n${REAL_TEXT}`],
  ])("takes no frame from a message that imitates frames %s", (_, message) => {
    expect(frameLines(`Error: ${message}\n${REAL_TEXT}`, "Error", message)).toEqual(REAL);
  });

  test("finds the message behind another name, a code and an excerpt of the source", () => {
    const message = `bad\n${FAKE}`;

    expect(frameLines(`Error: ${message}\n${REAL_TEXT}`, "OrderError", message)).toEqual(REAL);
    expect(frameLines(`TypeError [ERR_X]: ${message}\n${REAL_TEXT}`, "TypeError", message)).toEqual(REAL);
    expect(frameLines(`${message}\n${REAL_TEXT}`, "", message)).toEqual(REAL);
    expect(
      frameLines(
        `bad.js:3\nvar x = ;\n        ^\n\nSyntaxError: ${message}\n${REAL_TEXT}`,
        "SyntaxError",
        message,
      ),
    ).toEqual(["    at bad.js:3", ...REAL]);
  });

  test.each([
    ["two spaces", "  "],
    ["a tab", "\t"],
    ["none", ""],
  ])("reads lines that are indented by %s", (_, indent) => {
    const text = REAL_TEXT.replace(/^ {4}/gm, indent);

    expect(frameLines(`Error: bad\n${text}`, "Error", "bad")).toEqual(REAL);
  });

  test.each([
    ["wrapped", (old: string) => `while saving: ${old}`],
    ["extended", (old: string) => `${old} (order 7)`],
    ["cut to its first line", (old: string) => old.split("\n")[0] as string],
    ["cut within an imitated line", (old: string) => old.slice(0, -6)],
  ])("takes no frame from a message that was %s after the stack was made", (_, change) => {
    const old = `bad\n${FAKE}\nmore text`;
    const imitating = `bad thing\n${FAKE}\n${FAKE}`;

    expect(frameLines(`Error: ${old}\n${REAL_TEXT}`, "Error", change(old))).toEqual(REAL);
    if (change(imitating).includes(FAKE.slice(0, -6))) {
      expect(frameLines(`Error: ${imitating}\n${REAL_TEXT}`, "Error", change(imitating))).toEqual(REAL);
    }
  });

  test("takes the last block of frames when the message was replaced or emptied", () => {
    const stack = `Error: bad\n${FAKE}\nmore text\n${REAL_TEXT}`;

    expect(frameLines(stack, "Error", "something else")).toEqual(REAL);
    expect(frameLines(stack, "Error", "")).toEqual(REAL);
  });

  test("reads stacks with an empty message, an empty name and no head at all", () => {
    expect(frameLines(`Error\n${REAL_TEXT}`, "Error", "")).toEqual(REAL);
    expect(frameLines(`\n${REAL_TEXT}`, "", "")).toEqual(REAL);
    expect(frameLines(REAL_TEXT, "Error", "")).toEqual(REAL);
    expect(frameLines(REAL_TEXT, "Error", "no stock")).toEqual(REAL);
  });

  test("ends before the stack of a cause printed into the text", () => {
    const cause = "Error: inner\n    at inner (/srv/app/inner.js:1:1)";

    expect(frameLines(`Error: outer\n${REAL_TEXT}\nCaused by: ${cause}`, "Error", "outer")).toEqual(REAL);
    expect(frameLines(`Error: outer\n${REAL_TEXT}\n  [cause]: ${cause}`, "Error", "outer")).toEqual(REAL);
  });

  test("goes on behind the separators of long stack traces and the arrows of source maps", () => {
    for (const joint of [
      "From previous event:",
      "    --------------------",
      "        -> /srv/src/orders.ts:3:1",
    ]) {
      expect(frameLines(`Error: x\n${REAL[0]}\n${joint}\n${REAL[1]}`, "Error", "x")).toEqual(REAL);
    }
    expect(
      frameLines(`Error: x\n${REAL[0]}\n        -> /srv/src/orders.ts:3:1\n${REAL[1]}`, "Error", "y"),
    ).toEqual(REAL);
  });

  test("reads lines that end in carriage returns", () => {
    expect(frameLines(`Error: x\r\n${REAL.join("\r\n")}`, "Error", "x")).toEqual(REAL);
  });

  test("keeps both ends of a long stack, and between them the application's lines", () => {
    const lines = Array.from({ length: 300 }, (_, i) =>
      i % 20 === 5
        ? `    at own${i} (/srv/app/a.js:${i + 1}:1)`
        : `    at f${i} (/srv/app/node_modules/p/a.js:${i + 1}:1)`,
    );

    const kept = frameLines(`Error: x\n${lines.join("\n")}`, "Error", "x");

    expect(kept).toHaveLength(MAX_FRAME_LINES);
    expect(kept.slice(0, 20)).toEqual(lines.slice(0, 20));
    expect(kept.slice(-10)).toEqual(lines.slice(-10));
    expect(kept.slice(20, 40).filter((line) => line.includes("own"))).toEqual(
      lines.slice(20, 200).filter((line) => line.includes("own")),
    );
    expect(kept).toEqual([...kept].sort((a, b) => lines.indexOf(a) - lines.indexOf(b)));
  });

  test("cuts the middle out of a long line, not its function nor its position", () => {
    const path = `/srv/app/node_modules/${"deep/".repeat(200)}index.js`;

    const [line] = frameLines(`Error: x\n    at save (${path}:10:5)`, "Error", "x");

    expect(line).toHaveLength(MAX_LINE_LENGTH);
    expect(line).toMatch(/^ {4}at save \(\/srv\/app\/node_modules\/deep.*….*\/deep\/index\.js:10:5\)$/);
  });

  test("costs at most milliseconds for a deep stack behind a huge message, matched or not", () => {
    const message = `${"x".repeat(80)}\n${FAKE}\n`.repeat(40_000);
    const deep = Array.from({ length: 20_000 }, (_, i) => `    at f (/srv/app/a.js:${i + 1}:1)`).join("\n");
    const stack = `Error: ${message}\n${deep}`;

    for (const seen of [message, `wrapped: ${message}`, "something else", ""]) {
      const [ms, lines] = fastest(() => frameLines(stack, "Error", seen));

      expect(lines).toHaveLength(MAX_FRAME_LINES);
      expect(lines[0]).toBe("    at f (/srv/app/a.js:1:1)");
      expect(ms).toBeLessThan(50);
    }
  });

  test("costs at most milliseconds for text made to be slow", () => {
    const size = 2_000_000;
    const hostile = [
      "\n",
      "a",
      "    at ",
      "    at \n",
      ": ",
      "\n    at (",
      "-> \n",
      "   \n",
      "(eval at ",
    ].map((part) => part.repeat(size / part.length));
    for (const text of hostile) {
      for (const message of [text, text.slice(0, -1), `b${text.slice(1)}`, `${text}b`, "", "a"]) {
        const [ms, lines] = fastest(() => frameLines(`Error: ${text}`, "Error", message));

        expect(lines.length).toBeLessThanOrEqual(MAX_FRAME_LINES);
        expect(ms).toBeLessThan(100);
      }
    }
  });

  test("never throws and is bounded, whatever the text", () => {
    const part = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "\n",
        "    at ",
        FAKE,
        ": ",
        "Error",
        "\r\n",
        " (",
        "eval at ",
        "Caused by: ",
        "->",
        "a".repeat(300),
      ),
    );
    const text = fc.array(part, { maxLength: 80 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, text, text, (stack, name, message) => {
        const lines = frameLines(stack, name, message);

        expect(lines.length).toBeLessThanOrEqual(MAX_FRAME_LINES);
        for (const line of lines) {
          expect(line.startsWith("    at ")).toBe(true);
          expect(line.length).toBeLessThanOrEqual(MAX_LINE_LENGTH);
        }
      }),
    );
  });

  test("never takes a frame from a message, whatever it says", () => {
    const part = fc.constantFrom(
      "\n",
      "    at ",
      FAKE,
      `\n${FAKE}`,
      ": ",
      "Error",
      "Error: x",
      "Caused by: y",
      "-> z",
      " ",
      "x",
    );
    const message = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(message, fc.constantFrom("Error", "TypeError [ERR_X]", "Other"), (text, name) => {
        const stack = `${name}${text === "" ? "" : `: ${text}`}\n${REAL_TEXT}`;

        expect(frameLines(stack, "Error", text)).toEqual(REAL);
      }),
    );
  });
});

describe("topPositions()", () => {
  test("joins the positions of the topmost in-app lines", () => {
    const lines = [
      "    at JSON.parse (<anonymous>)",
      "    at read (/srv/app/node_modules/p/a.js:1:1)",
      "    at async Promise.all (index 3)",
      "    at save (/srv/app/orders.js:10:5)",
      "    at async file:///srv/app/server.js:20:3",
      "    at listOnTimeout (node:internal/timers:581:17)",
      "    at main (/srv/app/main.js:1:1)",
    ];

    expect(topPositions(lines, 2).text).toBe("/srv/app/orders.js:10:5|file:///srv/app/server.js:20:3");
  });

  test("falls back on the topmost lines, and on nothing", () => {
    const lines = ["    at read (/srv/node_modules/p/a.js:1:1)", "    at node:internal/timers:581:17"];

    expect(topPositions(lines, 1).text).toBe("/srv/node_modules/p/a.js:1:1");
    expect(topPositions(lines, 5).text).toBe("/srv/node_modules/p/a.js:1:1|node:internal/timers:581:17");
    expect(topPositions([], 3).text).toBe("");
    expect(
      topPositions(["    at async Promise.all (index 3)", "    at JSON.parse (<anonymous>)"], 3).text,
    ).toBe("");
  });

  test("tells columns apart in paths with parentheses", () => {
    const position = (column: number): string =>
      topPositions([`    at /srv/app (x)/a.js:1:${column}`], 1).text;

    expect(position(21)).not.toBe(position(22));
  });
});

describe("stackPositions()", () => {
  test("are the top positions of the frame lines, whatever the text and whatever came before", () => {
    const part = fc.constantFrom(
      "\n",
      "x",
      ": ",
      "Error: x",
      FAKE,
      ...REAL,
      `\n${REAL_TEXT}`,
      "Caused by: y",
      "-> z",
    );
    const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(
        text,
        fc.constantFrom("", "x", FAKE),
        text,
        fc.constantFrom(1, 3),
        (head, message, tail, count) => {
          for (const stack of [`Error: ${message}${tail}`, `Error: ${message}\n${REAL_TEXT}`, head + tail])
            expect(stackPositions(stack, "Error", message, count)).toEqual(
              topPositions(frameLines(stack, "Error", message), count),
            );
        },
      ),
    );
  });

  test("are found in texts too long to be remembered", () => {
    const stack = `Error: x\n${REAL_TEXT}\n${`${FAKE}\n`.repeat(500)}`;

    expect(stackPositions(stack, "Error", "x", 2)).toEqual({
      text: "/srv/app/orders.js:10:5|/srv/app/server.js:20:3",
      areOwn: true,
    });
  });
});

/** The best of a few runs, so that a busy machine does not count. */
function fastest<Result>(run: () => Result): [ms: number, result: Result] {
  let best = Number.POSITIVE_INFINITY;
  let result = run();
  for (let i = 0; i < 3; i++) {
    const start = cpuMs();
    result = run();
    best = Math.min(best, cpuMs() - start);
  }
  return [best, result];
}
