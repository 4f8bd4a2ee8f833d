import { expect, test } from "vitest";
import { describeLoss } from "./notices.js";
import type { SpoolLoss } from "./store.js";

test.each<[SpoolLoss["reason"], one: string, many: string]>([
  ["full", "1 event was lost: the spool was full", "2 events were lost: the spool was full"],
  [
    "too_old",
    "1 event was lost: it had waited too long in the spool",
    "2 events were lost: they had waited too long in the spool",
  ],
  [
    "corrupt",
    "1 event was lost: it could not be read back from the spool",
    "2 events were lost: they could not be read back from the spool",
  ],
  [
    "gone",
    "1 event was lost: its file in the spool was deleted or spoilt",
    "2 events were lost: their files in the spool were deleted or spoilt",
  ],
])("describeLoss() says it of one and of many: %s", (reason, one, many) => {
  const loss = { reason, captures: 2, from: 0, until: 0 };

  expect([describeLoss({ ...loss, events: 1 }), describeLoss({ ...loss, events: 2 })]).toEqual([one, many]);
});
