import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type StackText, stackText } from "../capture/stack.js";
import { ownCodeRule } from "../stacktrace/frames.js";
import { groupKey } from "./group-key.js";
import { normaliseMessage } from "./normalise-message.js";

const FRAMES = ["    at save (/srv/app/orders.js:10:5)", "    at main (/srv/app/main.js:1:1)"];

function stackOf(type: string, message: string, frames: readonly string[] = FRAMES): StackText {
  return stackText(`${type}: ${message}\n${frames.join("\n")}`, type, message);
}

describe("normaliseMessage()", () => {
  test.each([
    ["nothing varies here", "nothing varies here"],
    ["order 17 of 2,500.00 failed", "order <n> of <n> failed"],
    ["no user deadbeef01 found", "no user <id> found"],
    ["no user ABCDEFAB-ABCD-ABCD-ABCD-ABCDEFABCDEF found", "no user <id> found"],
    ["well-known facade", "well-known facade"],
    [`"a" 'b' \`c\` failed`, "<text> <text> <text> failed"],
    ["cannot read /var/log/app.log", "cannot read <path>"],
    ["cannot read C:\\logs\\app.log", "cannot read <path>"],
    ["GET https://example.com/x failed", "GET https://example.com<path> failed"],
  ])("makes of %j: %j", (message, normalised) => {
    expect(normaliseMessage(message)).toBe(normalised);
  });

  test("looks at the whole message", () => {
    expect(normaliseMessage(`${"a ".repeat(200)}7 b`)).toBe(`${"a ".repeat(200)}<n> b`);
  });
});

describe("groupKey()", () => {
  test("says the same whatever was asked before", () => {
    const word = fc.constantFrom("x", "y", "order 7", "order 8");
    const failure = fc.tuple(
      fc.constantFrom("Error", "TypeError"),
      word,
      word,
      fc.subarray([...FRAMES, "    at Promise.all (index 3)"]),
    );
    fc.assert(
      fc.property(fc.array(failure, { maxLength: 40 }), (failures) => {
        const keyOf = ([type, message, told, frames]: (typeof failures)[number]): string =>
          groupKey(type, message, stackText(`${type}: ${told}\n${frames.join("\n")}`, type, told));

        const keys = failures.map(keyOf);
        const backwards = failures.toReversed().map(keyOf).toReversed();

        expect(keys).toEqual(backwards);
        for (const [at, [type, message, , frames]] of failures.entries()) {
          const own = frames
            .filter((line) => FRAMES.includes(line))
            .map((line) => line.slice(line.indexOf("(") + 1, -1));
          expect(keys[at]).toBe(`${type}\n${normaliseMessage(message)}\n${own.join("|")}`);
        }
      }),
    );
  });

  test("tells failures of one message apart by where they happened", () => {
    const key = (frames: readonly string[]): string => groupKey("Error", "x", stackOf("Error", "x", frames));

    expect(key(FRAMES)).not.toBe(key(FRAMES.toReversed()));
    expect(groupKey("Error", "x", { lines: [FRAMES[0]!] })).not.toBe(
      groupKey("Error", "x", { lines: [FRAMES[1]!] }),
    );
  });

  test("goes by what the application calls its own code", () => {
    const wrapped = (line: number): StackText =>
      stackOf("Error", "x", [`    at query (/srv/app/vendor/db.js:${line}:1)`, ...FRAMES]);
    const packaged = (line: number): StackText =>
      stackOf("Error", "x", [`    at query (/srv/app/node_modules/@shop/db/index.js:${line}:1)`, ...FRAMES]);
    const vendorIsNot = ownCodeRule({ projectRoot: "", inAppInclude: [], inAppExclude: ["/vendor/"] });
    const shopIs = ownCodeRule({ projectRoot: "", inAppInclude: [/@shop/], inAppExclude: [] });
    const key = (stack: StackText, isOwn?: typeof shopIs): string => groupKey("Error", "x", stack, { isOwn });

    // In turn, because answers are remembered.
    for (let round = 0; round < 2; round++) {
      expect(key(wrapped(1))).not.toBe(key(wrapped(2)));
      expect(key(wrapped(1), vendorIsNot)).toBe(key(wrapped(2), vendorIsNot));
      expect(key(wrapped(1), vendorIsNot)).toBe(key(stackOf("Error", "x")));
      expect(key(packaged(1))).toBe(key(packaged(2)));
      expect(key(packaged(1), shopIs)).not.toBe(key(packaged(2), shopIs));
    }
  });

  test("goes by a fingerprint, in which {{ default }} stands for its own answer", () => {
    const stack = stackOf("Error", "x");
    const own = groupKey("Error", "x", stack);

    expect(groupKey("Error", "x", stack, { fingerprint: ["a", "b"] })).toBe("fingerprint\na\nb");
    expect(groupKey("Error", "x", stack, { fingerprint: ["{{ default }}", "b"] })).toBe(
      `fingerprint\n${own}\nb`,
    );
  });
});
