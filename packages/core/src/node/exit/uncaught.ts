import type { Integration } from "../../client/integration.js";
import { type CaptureTarget, currentClient } from "../../context/current.js";
import { UNHANDLED_REJECTION } from "./rejections.js";

const watchers = new Set<CaptureTarget>();

/**
 * Reports uncaught exceptions as `fatal`, and does nothing else: whether the process survives is decided by Node and the
 * application, as without Corvid. Rejections that Node turns into exceptions come this way too.
 */
export const uncaughtExceptions: Integration = {
  name: "uncaught-exceptions",
  setup(client) {
    if (watchers.size === 0) process.on("uncaughtExceptionMonitor", onUncaught);
    watchers.add(client);
    return () => {
      watchers.delete(client);
      if (watchers.size === 0) process.off("uncaughtExceptionMonitor", onUncaught);
    };
  },
};

function onUncaught(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
  // Of several clients the one whose work has failed; all the others have nothing to do with it.
  const client = currentClient();
  if (client === undefined || !watchers.has(client)) return;
  const mechanism =
    origin === "unhandledRejection"
      ? UNHANDLED_REJECTION
      : { type: "auto.node.onuncaughtexception", handled: false };
  client.captureException(error, { level: "fatal", mechanism });
}
