import { describe, expect, test } from "vitest";
import { sampleEnvelope } from "../test/sample.js";
import { readEnvelope } from "./envelope-reader.js";

const read = (text: string | Buffer) => readEnvelope(Buffer.from(text));

describe("readEnvelope()", () => {
  test("takes header and items apart by their length in bytes", () => {
    const { header, items, notes } = read(
      '{"event_id":"1"}\n{"type":"a","length":6}\n"é\n"{\n{"type":"b","length":0}\n\n',
    );

    expect(header).toEqual({ event_id: "1" });
    expect(items.map(({ type, payload }) => [type, payload.toString()])).toEqual([
      ["a", '"é\n"{'],
      ["b", ""],
    ]);
    expect(notes).toEqual([]);
  });

  test("reads up to the next newline when there is no length", () => {
    expect(
      read('{}\n{"type":"a"}\none\n{"type":"b"}\ntwo').items.map(({ payload }) => payload.toString()),
    ).toEqual(["one", "two"]);
  });

  test("takes an envelope of a header alone", () => {
    expect(read("{}").items).toEqual([]);
    expect(read("{}\n").items).toEqual([]);
  });

  test("keeps binary payloads to the byte", () => {
    const payload = Buffer.from([0, 10, 255, 13, 10, 10]);

    expect(read(sampleEnvelope({}, { header: { type: "attachment" }, payload })).items[0]!.payload).toEqual(
      payload,
    );
  });

  test.each([
    ["", "byte 0: expected the envelope header, found the end"],
    ["\n", "byte 0: expected the envelope header, found an empty line"],
    ["[]", "byte 0: the envelope header must be a JSON object"],
    ["null", "byte 0: the envelope header must be a JSON object"],
    ["\ufeff{}", "byte 0: the envelope header is not valid JSON"],
    [Buffer.from([0x7b, 0xff, 0x7d]), "byte 0: the envelope header is not valid UTF-8"],
    ['{}\n{"length":1}\na\n', 'byte 3: the header of item 1 has no "type"'],
    ['{}\n{"type":"a","length":-1}\n', 'byte 3: "length" of item 1 must be a whole number from 0, not -1'],
    [
      '{}\n{"type":"a","length":"3"}\nabc',
      'byte 3: "length" of item 1 must be a whole number from 0, not "3"',
    ],
    ['{}\n{"type":"a","length":9}\nabc\n', "byte 27: item 1 (a) says length 9, but only 4 bytes follow"],
    ['{}\n{"type":"a","length":9}', "byte 27: item 1 (a) says length 9, but only 0 bytes follow"],
    ['{}\n{"type":"a","length":9}\nb', "byte 27: item 1 (a) says length 9, but only 1 byte follows"],
    ['{}\n{"type":"a","length":3}\nabcd\n', "byte 30: a newline must follow item 1 (a), found 0x64"],
    ['{}\n{"type":"a","length":3}\nabc\n\n', "byte 31: expected the header of item 2, found an empty line"],
  ])("refuses %j with 400 and the byte", (text, detail) => {
    expect(() => read(text)).toThrowError(
      expect.objectContaining({ status: 400, message: expect.stringContaining(detail) }),
    );
  });

  test("notes what only some receivers take", () => {
    const long = JSON.stringify({ trace: "x".repeat(9000) });

    expect(read(`${long}\r\n{"type":"attachment"}\nabc\n`).notes).toEqual([
      `the envelope header is ${long.length + 1} bytes long; some receivers take 8192`,
      "the envelope header ends in CR LF; the protocol's newline is LF alone",
      'item 1 (attachment) has no "length": a newline in its bytes would end it',
    ]);
  });
});
