import { expect, test } from "vitest";
import { createTestBench } from "../../test/support/client.js";
import type { Integration } from "../client/integration.js";

const broken: Integration = {
  name: "Modules",
  process() {
    throw new TypeError("createRequire is not a function");
  },
};

test("createEventBuilder() leaves out what Corvid adds where it fails, with one warning each", async () => {
  const fail = (): never => {
    throw new Error("out of order");
  };
  const place = { integrations: [broken], release: fail, serverName: fail };
  const { client, arrived, said } = createTestBench({}, place);

  client.captureException(new Error("first"));
  client.captureException(new RangeError("second"));
  const events = await arrived();

  expect(events.map((event) => event.exception?.values[0]?.value)).toEqual(["first", "second"]);
  expect(client.stats().dropped).toEqual({});
  expect(said.map((line) => /^\[corvid\] (.*?) failed: /.exec(line)?.[1])).toEqual([
    "release",
    "server name",
    "integration Modules",
  ]);
});

test("createEventBuilder() drops the event where an integration of the application's fails", async () => {
  const { client, arrived } = createTestBench({ integrations: [broken] });

  client.captureException(new Error("a secret"));

  expect(await arrived()).toEqual([]);
  expect(client.stats().dropped).toEqual({ event_processor: 1 });
});
