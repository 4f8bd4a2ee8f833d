/** Airbrake, without its remote configuration (another host) and its performance statistics. */
import { createRequire } from "node:module";

export const title = "@airbrake/node";
export const protocol = "airbrake";
export const packages = ["@airbrake/node"];

let notifier;

export async function start(port) {
  const { Notifier } = createRequire(import.meta.url)("@airbrake/node");
  notifier = new Notifier({
    projectId: 1,
    projectKey: "benchkey",
    host: `http://127.0.0.1:${port}`,
    remoteConfig: false,
    performanceStats: false,
    queryStats: false,
    queueStats: false,
  });
}

export function capture(error) {
  notifier.notify(error).catch(() => undefined);
}
