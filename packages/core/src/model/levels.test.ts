import { expect, test } from "vitest";
import type { Level } from "./event.js";
import { levelFrom } from "./levels.js";

test.each<[level: unknown, expected: Level | undefined]>([
  ["fatal", "fatal"],
  ["CRITICAL", "fatal"],
  ["emerg", "fatal"],
  ["ERROR", "error"],
  [" Warn ", "warning"],
  ["notice", "info"],
  ["verbose", "debug"],
  ["silly", "debug"],
  [60, "fatal"],
  [50, "error"],
  [45, "warning"],
  ["30", "info"],
  [10, "debug"],
  [0, "fatal"],
  [3, "error"],
  [4, "warning"],
  [7, "debug"],
  ["loud", undefined],
  [-1, undefined],
  [8, undefined],
  [null, undefined],
])("levelFrom(%j) is %s", (level, expected) => {
  expect(levelFrom(level)).toBe(expected);
});
