import { describe, expect, test } from "vitest";
import type { Integration } from "../client/integration.js";
import { showsErrors } from "./event-builder.js";

const passes: Integration = { name: "passes", process: (event) => event };
const watches: Integration = { name: "watches" };
const NO_HOOKS = { processors: [], beforeSend: undefined };

describe("showsErrors()", () => {
  test("is true when a hook of the application sees events", () => {
    expect(showsErrors({ ...NO_HOOKS, beforeSend: (event) => event }, [], [])).toBe(true);
    expect(showsErrors({ ...NO_HOOKS, processors: [(event) => event] }, [], [])).toBe(true);
    expect(showsErrors(NO_HOOKS, [watches, passes], [watches])).toBe(true);
  });

  test("is false without one: nothing built in asks for the error", () => {
    expect(showsErrors(NO_HOOKS, [passes, watches], [passes])).toBe(false);
  });
});
