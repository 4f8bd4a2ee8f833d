import { describe, expect, test } from "vitest";
import { createTestBench } from "../../test/support/client.js";
import type { Integration } from "../client/integration.js";
import { showsErrors } from "./build.js";

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
