import type { ChildProcess } from "node:child_process";
import { type EventEmitter, errorMonitor } from "node:events";
import { basename } from "node:path";
import type { Integration } from "../../client/integration.js";
import { requestScope } from "../../context/current.js";
import type { Level } from "../../model/event.js";
import { listenOn } from "./channel.js";
import { leaveSeenStep } from "./seen-step.js";
import { joinHook } from "./shared-hook.js";

/**
 * `ChildProcess`: child processes become breadcrumbs of the scope they were started from, once they have ended or could
 * not be started: the program's name and how it ended, never its arguments. Those of `spawnSync` and its like are
 * not seen.
 */
export function childProcessIntegration(): Integration {
  return {
    name: "ChildProcess",
    setup: (client) =>
      joinHook("child-process", client, true, (listening) =>
        listenOn({
          child_process: ({ process }: { process: ChildProcess }) => {
            if (listening() === true) watchChild(process);
          },
        }),
      ),
  };
}

function watchChild(child: ChildProcess): void {
  const scope = requestScope();
  const leave = (level: Level, end: Readonly<Record<string, string | number>>): void => {
    leaveSeenStep(scope, {
      category: "child_process",
      level,
      message: basename(child.spawnfile ?? ""),
      data: { ...end, ...(child.pid === undefined ? {} : { pid: child.pid }) },
    });
  };
  child.once("exit", (code, signal) => {
    if (code === 0) leave("info", { exit_code: 0 });
    else leave("warning", code === null ? { signal: signal ?? "" } : { exit_code: code });
  });
  // A listener for `error` itself would keep alive a process that ends for want of one.
  const emitter: EventEmitter = child;
  emitter.once(errorMonitor, (error: NodeJS.ErrnoException) =>
    leave("error", { error: error.code ?? error.name }),
  );
}
