/**
 * The clients that are measured. Each has an adapter file beside this one that exports
 *
 * - `title`, and `protocol`: what the sink must speak to it
 * - `packages`: what an application has to install, as named in package.json
 * - `start(port)`: loads the client and points it at the sink, with its defaults but for what is named in the file
 * - `capture(error)`: hands over one error, the way an application does in a try/catch; never throws
 * - `flush(timeoutMs)`, where the client has it
 * - `mount(app, addRoutes)`, where the client has middleware for Express: adds the routes with its middleware around them
 *
 * An adapter loads nothing before `start`, so that loading can be measured.
 */
export const CLIENTS = [
  "corvid",
  "sentry-10",
  "sentry-11",
  "bugsnag",
  "rollbar",
  "honeybadger",
  "airbrake",
  "raygun",
  "raven",
];

/** Loads the adapter of `name`; `none` is the workload without any client, `stack` the least that one can do. */
export function loadClient(name) {
  return import(new URL(`./${name}.mjs`, import.meta.url).href);
}
