import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createProgram, ended, type Program } from "./support/child.js";

/** Uses the console in all its ways; with the argument `watched`, under a client that sees it. */
const PROGRAM = `
import { Client } from "./node/client.js";
import { setCurrentClient } from "./context/current.js";

const transport = { name: "none", send: async (batch) => batch.map(() => ({ kind: "accepted" })) };
if (process.argv.includes("watched")) setCurrentClient(new Client({ dsn: false, transport }));

if (process.argv.includes("heap")) {
  for (let n = 0; n < Number(process.argv.at(-1)); n++) {
    console.log(Buffer.alloc(2_000_000, "y").toString() + n, Buffer.alloc(2_000_000));
    console.info({ body: Buffer.alloc(2_000_000).toString("latin1"), n });
  }
  // A pipe keeps what it was given until the other side has read it, and buffers are freed some turns after their owners.
  process.stdout.write("\\n", async () => {
    let least = Infinity;
    for (let round = 0; round < 20; round++) {
      globalThis.gc();
      await new Promise((resolve) => setImmediate(resolve));
      const { heapUsed, external } = process.memoryUsage();
      least = Math.min(least, heapUsed + external);
    }
    process.stderr.write(String(least));
  });
} else {
  const { log } = console;
  log("taken before use %s", 1);
  console.log();
  console.log("%s %d %i %f %j %o %O %c%%", "a", 1.5, 2.7, 3.1, { a: 1 }, [1], { b: { c: { d: {} } } }, "css", "rest");
  console.info("info", Symbol("s"), 5n, null, undefined, new Map([[1, 2]]), () => 1);
  console.debug("debug\\n\\u001b[31mred\\u001b[0m\\u0000");
  console.warn(new Error("warned").message);
  console.error("%s", "error", { circular: console.constructor.name });
  console.trace("traced");
  console.assert(false, "asserted %s", "x");
  console.group("group");
  console.table([{ a: 1 }, { a: 2 }]);
  console.groupEnd();
  console.dir({ a: 1 }, { depth: 0 });
  console.dirxml({ a: 1 });
  console.count();
  console.countReset();
  for (const method of ["log", "info", "debug", "warn", "error"])
    process.stdout.write([method, console[method].name, console[method].length, Object.keys(console).indexOf(method)] + "\\n");
  try {
    console.log({ [Symbol.for("nodejs.util.inspect.custom")]() { throw new TypeError("from inspect"); } });
  } catch (error) {
    process.stdout.write(String(error));
  }
}
`;

let program: Program;

beforeAll(async () => {
  program = await createProgram(PROGRAM);
});

afterAll(() => {
  program.remove();
});

describe("a watched console", () => {
  test("writes what it would have written, byte for byte", async () => {
    const [plain, watched] = await Promise.all([ended(program.start()), ended(program.start(["watched"]))]);

    expect({ code: watched.code, out: watched.out, err: watched.err }).toEqual({
      code: 0,
      out: plain.out,
      err: plain.err,
    });
    expect(plain.out).toContain("taken before use 1");
  });

  test("keeps nothing alive of what an application logs", async () => {
    const nodeOptions = { NODE_OPTIONS: "--expose-gc" };
    Object.assign(process.env, nodeOptions);
    const runs = ["1", "100"].map((count) => program.start(["heap", "watched", count]));
    delete process.env["NODE_OPTIONS"];
    const [few, many] = await Promise.all(runs.map(ended));

    expect([few?.code, many?.code]).toEqual([0, 0]);
    // Ninety-nine more of these would be 600 MB.
    expect(Number(many?.err) - Number(few?.err)).toBeLessThan(4_000_000);
  });
});
