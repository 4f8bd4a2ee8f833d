import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { withCapturedEvents } from "@corvid/core/testing";
import { pino } from "pino";
import { expect, test } from "vitest";
import { handler } from "./index.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

test("handler() keeps nothing alive of what is logged, not even while its events wait", async () => {
  const log = pino({ hooks: handler() }, { write: () => undefined });
  const logged: WeakRef<object>[] = [];
  const uploaded = (): Buffer => {
    const body = Buffer.alloc(2_000_000, "y");
    logged.push(new WeakRef(body), new WeakRef(body.buffer));
    return body;
  };

  const events = await withCapturedEvents(async () => {
    log.info({ body: uploaded() }, "uploaded");
    log.error({ body: uploaded() }, "no place for it");
    log.error({ err: new Error("no place"), body: uploaded() });
    log.child({ body: uploaded() }).error("no place for it");

    // What a WeakRef has shown lives until the turn is over, and buffers go some turns after their owners.
    for (let round = 0; round < 20 && logged.some((held) => held.deref() !== undefined); round++) {
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
    }
    expect(logged.filter((held) => held.deref() !== undefined)).toEqual([]);
  });

  expect(events).toHaveLength(3);
  expect(JSON.stringify(events).length).toBeLessThan(200_000);
});
