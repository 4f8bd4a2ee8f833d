/** raven-node, the one Corvid is named after. */
import { createRequire } from "node:module";

export const title = "raven";
export const protocol = "sentry";
export const packages = ["raven"];

let raven;

export async function start(port) {
  raven = createRequire(import.meta.url)("raven");
  raven.config(`http://benchkey@127.0.0.1:${port}/1`, { autoBreadcrumbs: false });
  raven.on("error", () => undefined);
}

export function capture(error) {
  raven.captureException(error);
}
