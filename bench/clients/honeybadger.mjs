/**
 * Honeybadger. It ignores the port of a custom endpoint, so in its process plain HTTP goes to the sink's port when a
 * request names none.
 */
import http from "node:http";
import { createRequire } from "node:module";

export const title = "@honeybadger-io/js";
export const protocol = "honeybadger";
export const packages = ["@honeybadger-io/js"];

let honeybadger;

export async function start(port) {
  http.globalAgent.defaultPort = port;
  honeybadger = createRequire(import.meta.url)("@honeybadger-io/js");
  honeybadger.configure({
    apiKey: "hbp_benchkey",
    endpoint: `http://127.0.0.1:${port}`,
    reportData: true,
    enableUncaught: false,
    enableUnhandledRejection: false,
    logger: { log() {}, info() {}, debug() {}, warn() {}, error() {} },
  });
}

export function capture(error) {
  honeybadger.notify(error);
}
