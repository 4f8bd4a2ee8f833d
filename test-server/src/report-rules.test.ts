import { describe, expect, test } from "vitest";
import { problemsOfReport } from "./report-rules.js";

describe("problemsOfReport()", () => {
  test("reads the lines and finds what is wrong with others", () => {
    const good = { reason: "queue_overflow", category: "error", quantity: 3 };
    const report = { discarded_events: [good, { reason: "mood", category: "error", quantity: 0 }, 7] };

    expect(problemsOfReport(report)).toEqual({
      discarded: [good, report.discarded_events[1]],
      problems: [
        'reason "mood" is not in the protocol\'s list',
        "quantity must be from 1, is 0",
        "a line must be { reason, category, quantity }, is 7",
      ],
    });
    expect(problemsOfReport(null).problems).toEqual(["discarded_events must be a list"]);
  });
});
