import { expect, test } from "vitest";
import { interleave, SOCKETS } from "./run.js";

test("requests have their own scope through multer, busboy, formidable, streams, timers, a pool and ws", async () => {
  expect(await interleave(360)).toEqual({ events: 360 + SOCKETS, wrong: [], process: null });
}, 60_000);
