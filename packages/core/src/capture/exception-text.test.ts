import { describe, expect, test } from "vitest";
import { readCauseTree } from "./cause-tree.js";
import { readException } from "./exception-text.js";

const LIMITS = { depth: 6, breadth: 50, stringLength: 8192, causes: 10 };

/** Type and value of what was caught: the title that servers show. */
function titleOf(error: unknown): string {
  const { type, value } = readCauseTree(error, readException(error, LIMITS), LIMITS).nodes[0]!;
  return value === "" ? type : `${type}: ${value}`;
}

class ErrorEvent {
  readonly type = "error";
  constructor(fields: object) {
    Object.assign(this, fields);
  }
}

class ZodError extends Error {
  override name = "ZodError";
}

const ISSUES = [
  { code: "invalid_type", path: ["user", "age"], message: "Expected number, received string" },
  { code: "too_small", path: ["user", "name"], message: "Required" },
];

const nodeRejection = (reason: string): Error =>
  Object.assign(
    new Error(
      `This error originated either by throwing inside of an async function without a catch block, or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason "${reason}".`,
    ),
    { code: "ERR_UNHANDLED_REJECTION" },
  );

describe("the title of", () => {
  test.each<[what: string, thrown: unknown, title: string]>([
    ["a text", "out of stock", "Thrown string: out of stock"],
    ["an object", { status: 500 }, 'Thrown Object: {"status":500}'],
    [
      "a Response",
      new Response("", { status: 503, statusText: "Service Unavailable" }),
      "Thrown Response: 503 Service Unavailable",
    ],
    ["a rejection with a text", nodeRejection('say "no"'), 'Thrown string: say "no"'],
    ["a rejection with nothing", nodeRejection("undefined"), "Thrown undefined: undefined"],
    ["a rejection with an object", nodeRejection("#<Order>"), "Thrown Order: #<Order>"],
    ["an error with a blank first line", new Error("\n  \n  real text\nmore"), "Error: real text\nmore"],
    ["an error without a message", Object.assign(new Error(), { code: "ECONNRESET" }), "Error: ECONNRESET"],
    ["an error that says nothing", new RangeError(), "RangeError"],
    [
      "an error without a message but a cause",
      new Error("", { cause: new TypeError("x") }),
      "Error: TypeError: x",
    ],
    [
      "an AggregateError",
      new AggregateError([new Error("a"), new Error("b"), new Error("c")]),
      "AggregateError: Error: a (and 2 more)",
    ],
    [
      "Promise.any()",
      new AggregateError([new Error("a")], "All promises were rejected"),
      "AggregateError: All promises were rejected: Error: a",
    ],
    ["an AggregateError with a text", new AggregateError([new Error("a")], "own"), "AggregateError: own"],
    [
      "a ZodError",
      new ZodError(JSON.stringify(ISSUES, undefined, 2)),
      "ZodError: user.age: Expected number, received string (and 1 more)",
    ],
    ["a service's JSON", new Error('{"error":{"code":429,"message":"slow down"}}'), "Error: slow down"],
    ["JSON that says nothing", new Error("[1, 2]"), "Error: [1, 2]"],
    [
      "an ErrorEvent",
      new ErrorEvent({ message: "outer", error: new TypeError("inner") }),
      "TypeError: inner",
    ],
    ["an ErrorEvent without an error", new ErrorEvent({ message: "lost" }), "ErrorEvent: lost"],
    ["an Event", new Event("error"), "Thrown Event: error"],
    [
      "a SuppressedError",
      Object.assign(new Error("An error was suppressed during disposal."), {
        name: "SuppressedError",
        error: new Error("close"),
        suppressed: new Error("work"),
      }),
      "SuppressedError: An error was suppressed during disposal: Error: close (and 1 more)",
    ],
  ])("%s", (_, thrown, title) => {
    expect(titleOf(thrown)).toBe(title);
  });
});

test("readException() keeps all issues of a message that is JSON", () => {
  const { nodes } = readCauseTree(
    new ZodError(JSON.stringify(ISSUES)),
    readException(new ZodError(JSON.stringify(ISSUES)), LIMITS),
    LIMITS,
  );

  expect(nodes[0]?.own).toEqual({ issues: ISSUES });
});

test("readCauseTree() remembers the error and the event that carried it", () => {
  const error = new TypeError("inner");
  const event = new ErrorEvent({ error });

  expect(readCauseTree(event, readException(event, LIMITS), LIMITS).objects).toEqual([error, event]);
});
