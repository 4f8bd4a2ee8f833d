/** No client at all: what the workload itself costs. */
export const title = "(no client)";
export const protocol = "sentry";
export const packages = [];

export async function start() {}

export function capture() {}
