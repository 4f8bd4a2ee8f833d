/** A server at the other end of every program, and what must have reached it. */
import assert from "node:assert/strict";
import { run, tail } from "./command.mjs";

/**
 * Makes the check that all cases share.
 *
 * @param server - a running test-server
 */
export function createDelivery(server) {
  let projects = 0;

  /**
   * Runs a command with a DSN of its own in `SENTRY_DSN`; it must end as said, and exactly these events must have arrived.
   *
   * @param events - `type: value`, and `| transaction` where that matters
   * @param code - exit code
   * @returns the events
   */
  return async function delivers({ command, args, cwd, env = {}, events, code = 0 }) {
    const project = `${++projects}`;
    const ended = await run(command, args, {
      cwd,
      env: { ...env, SENTRY_DSN: server.dsnFor(project) },
      timeoutMs: 90_000,
    });
    assert.equal(ended.code, code, `ended with ${ended.code}:\n${tail(ended.stdout + ended.stderr)}`);
    const arrived = server.events().filter((received) => received.project === project);
    assert.deepEqual(arrived.map(({ event }) => summary(event, events[0])).sort(), [...events].sort());
    for (const { event } of arrived) assertReadable(event);
    return arrived.map(({ event }) => event);
  };
}

function summary(event, like) {
  const { type, value } = event.exception.values.at(-1);
  const headline = `${type}: ${value}`;
  return like?.includes(" | ") ? `${headline} | ${event.transaction}` : headline;
}

/** The crash site is told with its line. */
function assertReadable(event) {
  const frames = event.exception.values.at(-1).stacktrace.frames;
  const site = frames.findLast((frame) => frame.in_app);
  assert.ok(site?.context_line, `no source line in ${JSON.stringify(frames.slice(-3))}`);
}
