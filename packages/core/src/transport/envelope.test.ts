import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeEnvelope, eventEnvelope, eventOf, reportEnvelope, sentryText, toPayload } from "./envelope.js";

const SDK = { name: "example.node", version: "1.0.0" };
const SENT_AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const ID = "fc6d8c0c43fc4630ad850ee518f1b9d0";
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("encodeEnvelope()", () => {
  test("writes the protocol's example to the byte", () => {
    const payload = toPayload({
      event_id: ID,
      timestamp: 1767323045.678,
      platform: "node",
      level: "error",
      exception: { values: [{ type: "Error", value: "café" }] },
    });

    expect(text(encodeEnvelope(eventEnvelope({ id: ID, payload }), SDK, SENT_AT))).toBe(
      `{"event_id":"${ID}","sent_at":"2026-01-02T03:04:05.678Z","sdk":{"name":"example.node","version":"1.0.0"}}\n` +
        '{"type":"event","length":166}\n' +
        `{"event_id":"${ID}","timestamp":1767323045.678,"platform":"node","level":"error","exception":{"values":[{"type":"Error","value":"café"}]}}\n`,
    );
  });

  test("puts attachments behind their event, with their length in bytes", () => {
    const attachments = [
      { filename: "ü.txt", data: "é\n", contentType: "text/plain" },
      { filename: "empty", data: new Uint8Array() },
    ];

    const [, , , ...items] = text(
      encodeEnvelope(eventEnvelope({ id: ID, payload: "{}", attachments }), SDK, SENT_AT),
    ).split("\n");

    expect(items).toEqual([
      '{"type":"attachment","length":3,"filename":"ü.txt","content_type":"text/plain","attachment_type":"event.attachment"}',
      "é",
      "",
      '{"type":"attachment","length":0,"filename":"empty","content_type":"application/octet-stream","attachment_type":"event.attachment"}',
      "",
      "",
    ]);
  });

  test("writes a report without an event id", () => {
    const report = reportEnvelope(ID, 1767323045.678, [
      { reason: "sample_rate", category: "error", quantity: 3 },
    ]);

    expect(
      text(encodeEnvelope(report, SDK, SENT_AT))
        .split("\n")
        .slice(0, 3),
    ).toEqual([
      '{"sent_at":"2026-01-02T03:04:05.678Z","sdk":{"name":"example.node","version":"1.0.0"}}',
      '{"type":"client_report","length":106}',
      '{"timestamp":1767323045.678,"discarded_events":[{"reason":"sample_rate","category":"error","quantity":3}]}',
    ]);
  });
});

describe("toPayload()", () => {
  test.each([
    ["line separators", "a\u2028b\u2029c\u0085d", '"a\\u2028b\\u2029c\\u0085d"'],
    ["NUL", "a\0b", '"a\\ufffdb"'],
    ["lone surrogates", "a\ud800b\udfffc", '"a\\ufffdb\\ufffdc"'],
    ["pairs of surrogates, which stay", "😀", '"😀"'],
    ["text that only looks like an escape, which stays", "C:\\u0000 \\ud800", '"C:\\\\u0000 \\\\ud800"'],
  ])("is one line that every reader can read: %s", (_what, value, json) => {
    expect(toPayload(value)).toBe(json);
    expect(JSON.parse(toPayload({ value }))).toEqual({ value: JSON.parse(json) });
  });
});

describe("eventOf()", () => {
  test("reads an event back and knows none in a report", () => {
    expect(eventOf(eventEnvelope({ id: ID, payload: '{"level":"info"}' }))).toEqual({ level: "info" });
    expect(eventOf(reportEnvelope(ID, 0, []))).toBeUndefined();
  });
});

describe("sentryText()", () => {
  test("writes message and breadcrumbs last, in the protocol's form, and every other member to the byte", () => {
    const payload =
      '{"message":"a \\"b\\" \\\\","tags":{"message":"x","breadcrumbs":"]}"},"breadcrumbs":[{"message":"}"}],"level":"info"}';

    expect(sentryText(payload)).toBe(
      '{"tags":{"message":"x","breadcrumbs":"]}"},"level":"info","logentry":{"formatted":"a \\"b\\" \\\\"},"breadcrumbs":{"values":[{"message":"}"}]}}',
    );
    expect(sentryText('{"message":"a 1"}', { message: "a %s", params: ["1"], formatted: "a 1" })).toBe(
      '{"logentry":{"message":"a %s","params":["1"],"formatted":"a 1"}}',
    );
    expect(sentryText("{}")).toBe("{}");
  });

  test("says the same as an event that is read, changed and written", () => {
    const event = fc.record(
      {
        message: fc.string(),
        breadcrumbs: fc.array(fc.jsonValue()),
        level: fc.string(),
        extra: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const others = fc.dictionary(fc.string(), fc.jsonValue());
    const indent = fc.constantFrom(0, 2);
    fc.assert(
      fc.property(others, event, indent, (before, given, spaces) => {
        const payload = JSON.stringify({ ...before, ...given }, undefined, spaces);
        const { message, breadcrumbs, ...same } = JSON.parse(payload) as Record<string, unknown>;
        expect(JSON.parse(sentryText(payload))).toEqual({
          ...same,
          ...(message === undefined ? {} : { logentry: { formatted: message } }),
          ...(breadcrumbs === undefined ? {} : { breadcrumbs: { values: breadcrumbs } }),
        });
      }),
    );
  });

  test("ends on a text that is no object", () => {
    for (const text of ["", '"', '{"a', '{"a\\', '{"a":[', '{"a":"b'])
      expect(() => sentryText(text)).not.toThrow();
  });
});
