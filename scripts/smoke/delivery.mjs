/** A server at the other end of every program, and what must have reached it. */
import assert from "node:assert/strict";
import { run, tail } from "./command.mjs";

/** Of core: what a process may wait for its last events. */
const SHUTDOWN_TIMEOUT_MS = 2000;

/**
 * Makes the check that all cases share.
 *
 * @param server - a running test-server
 */
export function createDelivery(server) {
  let projects = 0;

  /**
   * Runs a command with a DSN of its own in `SENTRY_DSN`; it must end as said, and exactly these events must have arrived.
   * Where a process took longer than it may wait for its events, they may rightly be missing: it gets a second chance.
   *
   * @param events - `type: value`, and `| transaction` where that matters; of messages their text
   * @param code - exit code
   * @param check - called with each event; throws where one is wrong
   * @param isOwnCode - whether errors come from code whose lines must be told; not so for commands of ours
   */
  return async function delivers(program) {
    const first = await attempt(program);
    const { missing, tookMs } =
      first.missing && first.tookMs > SHUTDOWN_TIMEOUT_MS ? await again(program, first) : first;
    assert.ok(
      !missing,
      `ended after ${Math.round(tookMs)} ms, and nothing of ${program.events.join("; ")} arrived`,
    );
  };

  function again(program, { tookMs }) {
    process.stdout.write(
      `! ${program.args.at(-1)} took ${Math.round(tookMs)} ms on a busy machine; once more\n`,
    );
    return attempt(program);
  }

  async function attempt({ command, args, cwd, env = {}, events, code = 0, isOwnCode = true, check }) {
    const project = `${++projects}`;
    const startedAt = performance.now();
    const ended = await run(command, args, {
      cwd,
      env: { ...env, SENTRY_DSN: server.dsnFor(project) },
      timeoutMs: 90_000,
    });
    const tookMs = performance.now() - startedAt;
    assert.equal(ended.code, code, `ended with ${ended.code}:\n${tail(ended.stdout + ended.stderr)}`);
    const arrived = server.events().filter((received) => received.project === project);
    if (arrived.length === 0) return { missing: true, tookMs };
    assert.deepEqual(arrived.map(({ event }) => summary(event, events[0])).sort(), [...events].sort());
    if (isOwnCode) for (const { event } of arrived) assertReadable(event);
    if (check !== undefined) for (const { event } of arrived) check(event);
    return { missing: false, tookMs };
  }
}

function summary(event, like) {
  if (event.exception === undefined) return event.logentry.formatted;
  const { type, value } = event.exception.values.at(-1);
  const headline = `${type}: ${value}`;
  return like?.includes(" | ") ? `${headline} | ${event.transaction}` : headline;
}

/** The crash site is told with its line. */
function assertReadable(event) {
  if (event.exception === undefined) return;
  const frames = event.exception.values.at(-1).stacktrace.frames;
  const site = frames.findLast((frame) => frame.in_app);
  assert.ok(site?.context_line, `no source line in ${JSON.stringify(frames.slice(-3))}`);
}
