import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventOfRun } from "./run-finding.js";
import { type RunRecord, readRunHead, readRunRecord } from "./run-record.js";
import { judgeRun } from "./run-verdict.js";

const sample = { at: 2000, heapUsed: 1, rss: 2, lateMs: 3, busy: 0.5 };
const record: RunRecord = {
  startedAt: 1000,
  node: "v20.19.0",
  pid: 4711,
  identity: "boot space 4711 99",
  heapLimit: 10,
  memoryLimit: 20,
  group: "1:2",
  terminal: false,
  head: { release: "shop@1.0.0" },
  samples: [sample],
  external: 5,
  groupCurrent: 6,
  oomKills: 7,
  signals: [{ name: "SIGTERM", at: 1500 }],
  crumbs: [{ message: "a step" }],
};

/** All that is done with what was read. */
function use(text: string): void {
  const read = readRunRecord(text);
  if (read === undefined) return;
  const verdict = judgeRun(read, { now: 3000 });
  if (verdict !== undefined) JSON.stringify(eventOfRun({ record: read, verdict }));
}

describe("readRunRecord()", () => {
  test("reads what was written", () => {
    expect(readRunRecord(JSON.stringify({ format: 1, ...record }))).toEqual(record);
  });

  test("leaves a newer format alone", () => {
    expect(readRunRecord(JSON.stringify({ ...record, format: 2 }))).toBeUndefined();
  });

  test.for(["startedAt", "node", "pid", "heapLimit", "memoryLimit", "samples"])("needs %s", (key) => {
    expect(readRunRecord(JSON.stringify({ format: 1, ...record, [key]: undefined }))).toBeUndefined();
  });

  test("keeps lists and texts short, and leaves out what is none", () => {
    const read = readRunRecord(
      JSON.stringify({
        format: 1,
        ...record,
        node: "v".repeat(10_000),
        head: { release: 7, environment: "live", other: "x" },
        samples: [...Array<unknown>(1000).fill({ ...sample, at: 1 }), null, { at: 1 }, sample],
        signals: Array(1000).fill({ name: "SIGTERM", at: 1 }),
        crumbs: [null, 1, "text", ...Array<unknown>(1000).fill({ message: "m" })],
      }),
    );

    expect(read?.node).toHaveLength(256);
    expect(read?.head).toEqual({ environment: "live" });
    expect(read?.samples.length).toBeLessThanOrEqual(12);
    expect(read?.samples.at(-1)).toEqual(sample);
    expect(read?.signals).toHaveLength(4);
    expect(read?.crumbs).toHaveLength(500);
  });

  test("survives whatever it is given, and so does what is made of it", () => {
    const nasty = fc.oneof(
      fc.jsonValue(),
      fc.double(),
      fc.constantFrom(-1, 1e300, Number.MAX_SAFE_INTEGER, "x"),
    );
    const key = fc.constantFrom(...Object.keys(record), ...Object.keys(sample), "format");

    fc.assert(fc.property(fc.string(), use));
    fc.assert(
      fc.property(key, nasty, (changed, value) => {
        use(JSON.stringify({ format: 1, ...record, [changed]: value }));
        use(JSON.stringify({ format: 1, ...record, samples: [{ ...sample, [changed]: value }] }));
        use(JSON.stringify({ format: 1, ...record, signals: [{ name: "SIGTERM", [changed]: value }] }));
      }),
    );
  });

  test("reads a record that is nested beyond reason as none", () => {
    expect(readRunRecord(`{"format":1,"samples":${"[".repeat(16_000)}`)).toBeUndefined();
  });
});

describe("readRunHead()", () => {
  test("takes the parts that it knows, of anything", () => {
    expect(readRunHead('{"release":"a","dist":"b","env":{"TOKEN":"made-up"}}')).toEqual({
      release: "a",
      dist: "b",
    });
    for (const text of ["", "{", "null", "[]", '"x"']) expect(readRunHead(text)).toEqual({});
  });
});
