import { describe, expect, test } from "vitest";
import { createTestClock, type TestClock } from "../../test/support/clock.js";
import { createDiagnostics, type Diagnostics } from "./diagnostics.js";

function create(debug: boolean): { diagnostics: Diagnostics; clock: TestClock; lines: string[] } {
  const clock = createTestClock();
  const lines: string[] = [];
  const diagnostics = createDiagnostics({ debug, clock, write: (line) => void lines.push(line) });
  return { diagnostics, clock, lines };
}

const SEE = "(see @corvid/core/dist/docs/troubleshooting.md#";

describe("createDiagnostics()", () => {
  test("says a warning once a minute for each code and first fact, and how many were not shown", () => {
    const { diagnostics, clock, lines } = create(false);
    const warn = (transport: string): void => diagnostics.warn("kept", transport, "event", "1", "503");

    for (let n = 0; n < 1000; n++) warn("http");
    warn("file");
    clock.advance(60_000);
    warn("http");

    expect(lines).toEqual([
      `[corvid] http: event 1 kept for another try: 503 ${SEE}kept)\n`,
      `[corvid] file: event 1 kept for another try: 503 ${SEE}kept)\n`,
      `[corvid] http: event 1 kept for another try: 503 ${SEE}kept) (999 more like this were not shown)\n`,
    ]);
  });

  test("says in debug mode everything, and where to read more of it once", () => {
    const { diagnostics, lines } = create(true);

    diagnostics.debug("merged", "1");
    diagnostics.debug("merged", "2");
    diagnostics.debug("dropped", "3", "ignored");

    expect(lines).toEqual([
      `[corvid] event 1 merged: the same failure was seen again ${SEE}merged)\n`,
      "[corvid] event 2 merged: the same failure was seen again\n",
      `[corvid] event 3 dropped: ignored ${SEE}dropped)\n`,
    ]);
  });

  test("says nothing of events without debug mode", () => {
    const { diagnostics, lines } = create(false);

    diagnostics.debug("merged", "1");

    expect(lines).toEqual([]);
  });

  test("remembers a bounded number of subjects", () => {
    const { diagnostics, lines } = create(false);

    for (let n = 0; n < 1000; n++) diagnostics.warn("not-closed", `destination ${n}`, "no");
    diagnostics.warn("not-closed", "destination 0", "no");
    diagnostics.warn("not-closed", "destination 0", "no");

    expect(lines).toHaveLength(1001);
  });

  test("cuts what is very long, and still says where to read more", () => {
    const { diagnostics, lines } = create(false);

    diagnostics.warn("hook-threw", "beforeSend", "x".repeat(5_000_000), "event");

    expect(lines[0]!.length).toBeLessThan(9000);
    expect(lines[0]).toContain(`… ${SEE}hook-threw)`);
  });

  test("bears a stream that is closed", () => {
    const diagnostics = createDiagnostics({
      debug: true,
      clock: createTestClock(),
      write: () => {
        throw new Error("EPIPE");
      },
    });

    expect(() => diagnostics.warn("internal-error", "sending", "x")).not.toThrow();
  });
});
