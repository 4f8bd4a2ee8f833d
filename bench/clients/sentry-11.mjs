/** @sentry/node 11, errors only: no tracing. */
import { createRequire } from "node:module";

export const title = "@sentry/node 11";
export const protocol = "sentry";
export const packages = ["sentry-node-11"];

let sentry;

export async function start(port) {
  sentry = createRequire(import.meta.url)("sentry-node-11");
  sentry.init({ dsn: `http://benchkey@127.0.0.1:${port}/1` });
}

export function capture(error) {
  sentry.captureException(error);
}

export function flush(timeoutMs) {
  return sentry.flush(timeoutMs);
}

export function mount(app, addRoutes) {
  addRoutes(app);
  sentry.setupExpressErrorHandler(app);
}
