import { expect, test } from "vitest";
import { createTestClock } from "../../test/support/clock.js";
import { snapshotBytes, snapshotOf } from "../capture/snapshot.js";
import { resolveOptions } from "../client/options.js";
import { Destinations } from "../delivery/destinations.js";
import { Ledger } from "../delivery/ledger.js";
import { silentDiagnostics } from "../model/diagnostics.js";
import { createScrubber } from "../process/scrub.js";
import { recordingTransport } from "../testing.js";
import { Tracer } from "../trace/tracer.js";
import type { EventBuilder } from "./build.js";
import { CaptureQueue } from "./capture-queue.js";
import { AT_ONCE, queuedCapture } from "./queued-capture.js";

test.each([
  { from: "the application", isFromDisk: false, inOneTurn: 4 },
  { from: "disk", isFromDisk: true, inOneTurn: 1 },
])(
  "CaptureQueue makes $inOneTurn ms of events from $from in one turn of the loop",
  async ({ isFromDisk, inOneTurn }) => {
    const options = resolveOptions({ dsn: false }, {});
    const clock = createTestClock();
    const turns: number[] = [];
    let turn = 0;
    const afterTurn = (fn: () => void): void =>
      void setImmediate(() => {
        turn++;
        fn();
      });
    const place = { random: () => 0.5, newId: () => "0".repeat(32) };
    const builder: EventBuilder = {
      options,
      frames: { projectRoot: "/app", inAppInclude: [], inAppExclude: [] },
      facts: {
        environment: "test",
        tags: {},
        extra: {},
        sdk: { name: "corvid.node", version: "1.2.3" },
        maxBreadcrumbs: 100,
        contexts: () => ({}),
        tracer: new Tracer({ environment: "test", env: {}, ...place }),
      },
      contextLines: { addTo: async () => undefined, addToSync: () => undefined },
      processors: [
        {
          name: "one millisecond",
          reason: "event_processor",
          run: (event) => {
            clock.advance(1);
            turns.push(turn);
            return event;
          },
        },
      ],
      scrubber: createScrubber(),
    };
    const transports = [recordingTransport()];
    const shared = { options, diagnostics: silentDiagnostics, builder, ledger: new Ledger(), transports };
    const destinations = new Destinations({ ...shared, platform: { clock, ...place } });
    const queue = new CaptureQueue({ ...shared, platform: { clock, afterTurn }, destinations });
    for (let n = 0; n < 8; n++) {
      const around = { layers: [], trails: [], hint: { tags: {}, extra: {}, contexts: {}, attachments: [] } };
      const subject = { exceptions: [], message: { formatted: `case ${n}` } };
      const snapshot = snapshotOf(`${n}`.padStart(32, "0"), 1, subject, around, undefined);
      queue.push(queuedCapture(snapshot, AT_ONCE, { bytes: snapshotBytes(snapshot), isFromDisk }));
    }
    await queue.empty(1000);

    expect(turns).toEqual(Array.from({ length: 8 }, (_, n) => 1 + Math.floor(n / inOneTurn)));
  },
);
