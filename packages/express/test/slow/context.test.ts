import { expect, test } from "vitest";
import { nodeOfMajor } from "../../../core/test/support/node-major.js";
import { interleave, SOCKETS, streamsOn } from "../context/run.js";

test.each([20, 22, 24, 26])("2,000 interleaved requests keep their scopes on Node %i", async (major) => {
  const found = await interleave(2000, nodeOfMajor(major));

  expect(found).toEqual({ events: 2000 + SOCKETS + streamsOn(major), wrong: [], process: null });
});
