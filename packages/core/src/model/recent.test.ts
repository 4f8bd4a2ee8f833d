import { expect, test } from "vitest";
import { Recent } from "./recent.js";

test("Recent keeps the last few items and no more", () => {
  const recent = new Recent<number>(3);
  for (let n = 1; n <= 7; n++) recent.add(n);

  expect(recent.items.toSorted()).toEqual([5, 6, 7]);
});
