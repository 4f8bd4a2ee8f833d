import { describe, expect, test } from "vitest";
import { type ReadEvent, readEvent, wholeText } from "./compacted.js";

const EVENT: ReadEvent = {
  parts: [
    { kind: "raw", payload: '{"a":"\\n"}' },
    { kind: "sighting", payload: "seen" },
  ],
  more: { count: 3, last: "12.5" },
};

describe("readEvent()", () => {
  test("puts together what moved and what came behind it", () => {
    const outer = { kind: "raw", payload: "outer" } as const;
    const moved = { kind: "whole", payload: wholeText(EVENT) } as const;

    expect(readEvent([moved], 3, undefined)).toEqual(EVENT);
    expect(readEvent([moved, outer], 4, "13")).toEqual({
      parts: [...EVENT.parts, outer],
      more: { count: 4, last: "13" },
    });
  });

  test.each([
    "",
    "null",
    "{}",
    '{"parts":1}',
    '{"parts":[null]}',
    '{"parts":[{"kind":"done","payload":""}]}',
    '{"parts":[],"last":1}',
  ])("makes nothing of %s", (payload) => {
    expect(readEvent([{ kind: "whole", payload }], 0, undefined)).toBeUndefined();
  });
});
