/** Rollbar, without its default limit of 60 items a minute, with which there would be little to measure. */
import { createRequire } from "node:module";

export const title = "rollbar";
export const protocol = "rollbar";
export const packages = ["rollbar"];

let rollbar;

export async function start(port) {
  const Rollbar = createRequire(import.meta.url)("rollbar");
  rollbar = new Rollbar({
    accessToken: "0123456789abcdef0123456789abcdef",
    itemsPerMinute: 1_000_000,
    endpoint: `http://127.0.0.1:${port}/api/1/item/`,
  });
}

export function capture(error) {
  rollbar.error(error);
}
