import { expect, test } from "vitest";
import { interleave, SOCKETS, streamsOn } from "./run.js";

test("requests have their own scope through multer, busboy, formidable, streams, timers, a pool, ws and HTTP/2", async () => {
  expect(await interleave(360)).toEqual({
    events: 360 + SOCKETS + streamsOn(Number.parseInt(process.versions.node, 10)),
    wrong: [],
    process: null,
  });
}, 60_000);
