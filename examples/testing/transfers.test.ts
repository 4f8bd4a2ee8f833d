// #region setup
import "@corvid/core/testing/vitest";
// #endregion
import { close, flush, init } from "@corvid/core";
import { recordingTransport, withCapturedEvents } from "@corvid/core/testing";
import { afterEach, describe, expect, test } from "vitest";
import { bookAll, withoutIban } from "./src/transfers.js";

const small = { id: 1, iban: "DE02120300000000202051", amount: 10 };
const large = { id: 2, iban: "DE02500105170137075030", amount: 250 };

// #region captured
test("a transfer over the limit is reported, and the others are booked", async () => {
  let booked = 0;
  const events = await withCapturedEvents(async () => {
    booked = await bookAll([small, large]);
  });

  expect(booked).toBe(1);
  expect(events).toHaveLength(1);
  expect(events).toHaveCaptured({
    type: "RangeError",
    message: "The limit is 100, received 250",
    tags: { transfer: 2 },
    user: { id: "clerk-1" },
  });
});

test("what can be booked is not reported", async () => {
  const events = await withCapturedEvents(() => bookAll([small]));

  expect(events).not.toHaveCaptured();
});
// #endregion

// #region hooks
test("no account number leaves the process", async () => {
  const events = await withCapturedEvents(() => bookAll([large]), { beforeSend: withoutIban });

  expect(events).toHaveCaptured({ extra: { transfer: { id: 2, iban: "[Redacted]" } } });
  expect(JSON.stringify(events)).not.toContain(large.iban);
});
// #endregion

// #region plain
test("an event is a plain object, for whatever a matcher does not say", async () => {
  const [event] = await withCapturedEvents(() => bookAll([large]));

  expect(event?.breadcrumbs?.map(({ message }) => message)).toEqual(["booking 2"]);
});
// #endregion

describe("the whole application", () => {
  // #region recorder
  const recorder = recordingTransport();

  afterEach(async () => {
    await close();
    recorder.clear();
  });

  test("reports under the release that is deployed", async () => {
    init({ dsn: false, transport: recorder, release: "bank@1.2.3" });
    await bookAll([large]);
    await flush();

    expect(recorder).toHaveCaptured({ message: /limit/, release: "bank@1.2.3" });
  });
  // #endregion
});
