import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Envelope, eventEnvelope } from "../transport/envelope.js";
import { finishedText, readFinished } from "./finished.js";

const ID = "fc6d8c0c43fc4630ad850ee518f1b9d0";

describe("readFinished()", () => {
  test("gives back what finishedText() wrote", () => {
    const attachment = fc.record(
      {
        filename: fc.string(),
        data: fc.oneof(fc.string({ unit: "grapheme" }), fc.uint8Array()),
        contentType: fc.string(),
      },
      { requiredKeys: ["filename", "data"] },
    );
    const envelope: fc.Arbitrary<Envelope> = fc
      .record({
        payload: fc.json(),
        attachments: fc.array(attachment, { maxLength: 3 }),
        weight: fc.nat(),
        trace: fc.dictionary(fc.string(), fc.string()),
      })
      .map((parts) => eventEnvelope({ id: ID, ...parts }));

    fc.assert(
      fc.property(envelope, (sent) => {
        const text = finishedText(sent);
        expect(text).not.toContain("\n");
        expect(readFinished(text)).toEqual(sent);
      }),
    );
  });

  test("refuses anything else", () => {
    const good = JSON.parse(finishedText(eventEnvelope({ id: ID, payload: "{}" }))) as Record<
      string,
      unknown
    >;
    expect(readFinished(JSON.stringify(good))).toBeDefined();
    const broken = [
      { ...good, id: "1" },
      { ...good, kind: "metric" },
      { ...good, payload: "{" },
      { ...good, weight: -1 },
      { ...good, bytes: "1" },
      { ...good, attachments: [{ filename: "a" }] },
      { ...good, attachments: {} },
      null,
      [],
      "text",
    ];

    for (const value of broken) expect(readFinished(JSON.stringify(value))).toBeUndefined();
    expect(readFinished("")).toBeUndefined();
    expect(readFinished('{"kind":"event"')).toBeUndefined();
  });

  test("never throws, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => readFinished(text)).not.toThrow();
      }),
    );
  });
});
