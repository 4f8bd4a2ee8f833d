/** The one sink of a run, seen from the bench. */
import { setTimeout as wait } from "node:timers/promises";
import { startProcess } from "./conversation.mjs";

const POLL_MS = 100;

/** Starts the sink's process. It lives as long as the run. */
export function startSink() {
  const process = startProcess(new URL("../sink/main.mjs", import.meta.url), { limitMs: 45 * 60_000 });
  return {
    end: () => process.end(),
    /** Opens an endpoint that speaks `protocol`. */
    async open(protocol) {
      const port = await process.ask("open", protocol);
      return {
        port,
        fault: (fault) => process.ask("fault", port, fault),
        read: (prefix) => process.ask("read", port, prefix),
        clear: () => process.ask("clear", port),
        close: () => process.ask("close", port),
        /** Waits until `wanted` is content with what has arrived, or nothing more arrives, or the time is up. */
        async settle(wanted, { quietMs = 1500, limitMs = 20_000 } = {}) {
          const deadline = Date.now() + limitMs;
          let last = await process.ask("read", port);
          let quietSince = Date.now();
          while (Date.now() < deadline && Date.now() - quietSince < quietMs && !wanted(last)) {
            await wait(POLL_MS);
            const next = await process.ask("read", port);
            if (next.requests !== last.requests || next.events !== last.events) quietSince = Date.now();
            last = next;
          }
          return last;
        },
      };
    },
  };
}
