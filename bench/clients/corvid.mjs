/** Corvid as published: the packed tarball, unpacked into this folder's node_modules. */
export const title = "Corvid";
export const protocol = "sentry";
export const packages = ["@corvid/core"];

let corvid;
let client;

export async function start(port, options = {}) {
  corvid = await import("@corvid/core");
  client = corvid.init({ dsn: `http://benchkey@127.0.0.1:${port}/1`, ...options });
}

export function capture(error) {
  corvid.captureException(error);
}

/** What became of every capture, by its own account. */
export function stats() {
  return client.stats();
}

export function flush(timeoutMs) {
  return corvid.flush(timeoutMs);
}

export async function mount(app, addRoutes) {
  const { errorHandler, requestHandler } = await import("@corvid/express");
  app.use(requestHandler());
  addRoutes(app);
  app.use(errorHandler());
}
