import { startTestServer } from "@corvid/test-server";
import { describe, expect, test } from "vitest";
import { inParallel, runCode } from "./node-process.js";

// Not the default deadline: what is counted is arrivals, on a machine that may be doing much else.
const START = `corvid.init({ shutdownTimeoutMs: 15_000 }); corvid.captureMessage("first");`;
const TIMES = 20;

describe(`of ${TIMES} processes`, () => {
  test.each<[string, string, NodeJS.Signals?]>([
    ["exit right after a capture", `corvid.captureException(new Error("second")); process.exit(1);`],
    ["throw", `throw new Error("second");`],
    ["reject", `Promise.reject(new Error("second"));`],
    [
      "get SIGTERM",
      `corvid.captureException(new Error("second"));
      setInterval(() => undefined, 1000); setTimeout(() => console.log("ready"), 1);`,
      "SIGTERM",
    ],
  ])("that %s, all tell of both events", { timeout: 60_000 }, async (_, code, signal) => {
    const results = await inParallel(Array.from({ length: TIMES }), 2, async () => {
      const server = await startTestServer();
      const ending = await runCode(START + code, {
        env: { SENTRY_DSN: server.dsn, SENTRY_RELEASE: "exit@1.0.0" },
        ...(signal === undefined ? {} : { signal }),
      });
      const events = server.events().length;
      await server.close();
      return { signal: ending.signal, events };
    });

    expect(results).toEqual(results.map(() => ({ signal: signal ?? null, events: 2 })));
  });
});
