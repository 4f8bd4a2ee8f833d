import { describe, expect, test } from "vitest";
import { sampleEvent } from "../test/sample.js";
import { schemaErrors } from "./schema.js";

describe("schemaErrors()", () => {
  test("lets a clean event pass", () => {
    expect(schemaErrors(sampleEvent())).toEqual([]);
  });

  test("says where an event fails", () => {
    expect(schemaErrors(sampleEvent(1, { colour: "red" }))).toEqual([
      expect.stringContaining("must NOT have additional properties: colour"),
    ]);
    expect(schemaErrors(sampleEvent(1, { user: { id: 7 } }))).toContainEqual(
      expect.stringContaining("/user/id"),
    );
  });
});
