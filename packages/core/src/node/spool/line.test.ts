import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checksum, checksumByTable } from "./checksum.js";
import { type Line, LineWriter, LONGEST_PAYLOAD_BYTES, readLine } from "./line.js";

const ID = "fc6d8c0c43fc4630ad850ee518f1b9d0";
const OTHER = "0c6d8c0c43fc4630ad850ee518f1b9d1";

interface Read {
  readonly kind: string;
  readonly id: string;
  readonly payload: string;
}

function read(bytes: Buffer): { lines: Read[]; isDamaged: boolean } {
  const lines: Read[] = [];
  const isDamaged = readLine(bytes, 0, bytes.length, ({ kind, id, payloadStart, end }: Line) => {
    lines.push({ kind, id, payload: bytes.toString("utf8", payloadStart, end) });
  });
  return { lines, isDamaged };
}

function line(id: string, payload: string): Buffer {
  const written = new LineWriter().write("raw", id, payload)!;
  return Buffer.from(written.subarray(0, written.length - 1));
}

describe("LineWriter", () => {
  test("write() ends in the only newline, whatever the payload", () => {
    const writer = new LineWriter();
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 100 }), (payload) => {
        const bytes = writer.write("finished", ID, payload)!;
        expect(bytes.indexOf("\n")).toBe(bytes.length - 1);

        const { lines, isDamaged } = read(bytes.subarray(0, bytes.length - 1));
        const stored = Buffer.from(payload.replaceAll("\n", " ")).toString();
        expect(lines).toEqual([{ kind: "finished", id: ID, payload: stored }]);
        expect(isDamaged).toBe(false);
      }),
    );
  });

  test("write() takes payloads of any size up to the longest", () => {
    const writer = new LineWriter();
    for (const size of [0, 11_000, 33_000, 90_000, 1_000_000]) {
      const bytes = writer.write("raw", ID, "é".repeat(size))!;
      expect(read(bytes.subarray(0, bytes.length - 1)).lines[0]?.payload.length).toBe(size);
    }
    expect(writer.write("raw", ID, "é".repeat(LONGEST_PAYLOAD_BYTES / 2))).toBeDefined();
    expect(writer.write("raw", ID, "é".repeat(LONGEST_PAYLOAD_BYTES / 2 + 1))).toBeUndefined();
  });
});

describe("readLine()", () => {
  test("refuses a line with any one bit changed", () => {
    const good = line(ID, '{"a":"é"}');
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Buffer.from(good);
      bad[bit >> 3]! ^= 1 << (bit & 7);
      expect(read(bad)).toEqual({ lines: [], isDamaged: true });
    }
  });

  test("refuses a line that was cut off, and one that was begun", () => {
    const good = line(ID, '{"a":1}');
    for (let length = 1; length < good.length; length++)
      expect(read(good.subarray(0, length))).toEqual({ lines: [], isDamaged: true });
  });

  test("finds both records when the newline between them is damaged or missing", () => {
    const both = [
      { kind: "raw", id: ID, payload: "{}" },
      { kind: "raw", id: OTHER, payload: "[]" },
    ];

    expect(read(Buffer.concat([line(ID, "{}"), Buffer.from("x"), line(OTHER, "[]")]))).toEqual({
      lines: both,
      isDamaged: false,
    });
    expect(read(Buffer.concat([line(ID, "{}"), line(OTHER, "[]")]))).toEqual({
      lines: both,
      isDamaged: false,
    });
  });

  test("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        expect(() => read(Buffer.from(bytes))).not.toThrow();
      }),
    );
  });
});

test("checksumByTable() agrees with checksum()", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(checksumByTable(bytes)).toBe(checksum(bytes));
    }),
  );
  expect(checksumByTable(Buffer.from("123456789"))).toBe(0xcbf43926);
});
