import { startTestServer, type TestServer } from "@corvid/test-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createProgram, ended, type Program } from "./support/child.js";

let server: TestServer;
const programs: Program[] = [];

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  for (const program of programs) program.remove();
  await server.close();
});

/** Runs `body` in a process of its own, with `init` and the DSN at hand, and gives what it prints as JSON. */
async function run(body: string): Promise<unknown> {
  const program = await createProgram(`
    import { captureException, close, init } from "./index.js";
    const dsn = process.argv[2];
    const open = () => process.getActiveResourcesInfo().filter((name) => name !== "PipeWrap" && name !== "TTYWrap").sort();
    const listeners = () => process.eventNames().map((name) => [String(name), process.listenerCount(name)]);
    ${body}
  `);
  programs.push(program);
  const { code, out, err } = await ended(program.start([server.dsn]));
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out);
}

describe("close()", () => {
  test("leaves no socket, timer, file or listener behind", async () => {
    const seen = await run(`
      (async () => {
        const before = { open: open(), listeners: listeners() };
        init({ dsn });
        captureException(new Error("one"));
        const isDone = await close();
        await new Promise((resolve) => setImmediate(resolve));
        console.log(JSON.stringify({ isDone, before, after: { open: open(), listeners: listeners() } }));
      })();
    `);

    const { isDone, before, after } = seen as { isDone: boolean; before: unknown; after: unknown };
    expect(isDone).toBe(true);
    expect(after).toEqual(before);
  });

  test("a thousand times leaks nothing", async () => {
    const seen = await run(`
      const heap = () => { global.gc?.(); return process.memoryUsage().heapUsed; };
      (async () => {
        require("node:v8").setFlagsFromString("--expose-gc");
        global.gc = require("node:vm").runInNewContext("gc");
        const cycle = async (n) => {
          init({ dsn });
          if (n % 10 === 0) captureException(new Error("cycle " + n));
          await close();
        };
        for (let n = 0; n < 200; n++) await cycle(n);
        const before = { heap: heap(), open: open(), listeners: listeners() };
        for (let n = 0; n < 1000; n++) await cycle(n);
        console.log(JSON.stringify({ grown: heap() - before.heap, before, after: { open: open(), listeners: listeners() } }));
      })();
    `);

    const { grown, before, after } = seen as {
      grown: number;
      before: { open: unknown; listeners: unknown };
      after: unknown;
    };
    expect(after).toEqual({ open: before.open, listeners: before.listeners });
    expect(grown).toBeLessThan(1_000_000);
  }, 60_000);
});

describe("init()", () => {
  test("with an unusable DSN in the environment warns once and stays off", async () => {
    const program = await createProgram(`
      import { captureException, init } from "./index.js";
      process.env.SENTRY_DSN = "https://host-without-a-key/1";
      const client = init();
      captureException(new Error("x"));
      console.log(client.enabled);
    `);
    programs.push(program);

    const { code, out, err } = await ended(program.start());

    expect({ code, out }).toEqual({ code: 0, out: "false\n" });
    expect(err).toBe(
      "[corvid] SENTRY_DSN: public key: expected a key in front of the host: https://KEY@host/1, received none; nothing is reported (see @corvid/core/dist/docs/troubleshooting.md#dsn-in-environment)\n",
    );
  });
});
