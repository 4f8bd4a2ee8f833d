/** Bugsnag, without its session tracking: that would be requests of another kind. */
import { createRequire } from "node:module";

export const title = "@bugsnag/js";
export const protocol = "bugsnag";
export const packages = ["@bugsnag/js"];

let bugsnag;

export async function start(port) {
  const sink = `http://127.0.0.1:${port}/`;
  bugsnag = createRequire(import.meta.url)("@bugsnag/js");
  bugsnag.start({
    apiKey: "0123456789abcdef0123456789abcdef",
    endpoints: { notify: sink, sessions: sink },
    autoTrackSessions: false,
    logger: null,
  });
}

export function capture(error) {
  bugsnag.notify(error);
}
