/**
 * Answers what the bench asks of a process it started (`conversation.mjs`). It loads nothing, so that the process
 * begins with nothing loaded.
 *
 * @param {Record<string, (...details: unknown[]) => unknown>} answers - by the name of the question; may be async
 * @param {{ outlives?: boolean }} [options] - `outlives`: the process goes on when the bench lets go of it, to see
 *   whether it ends by itself, and for a minute at most; by default it ends then
 */
export function serve(answers, { outlives = false } = {}) {
  process.on("message", async ({ id, question, details }) => {
    let reply;
    try {
      reply = { id, value: await answers[question](...details) };
    } catch (error) {
      reply = { id, error: String(error?.stack ?? error) };
    }
    if (process.connected) process.send(reply);
  });
  process.on("disconnect", () => {
    if (!outlives) process.exit(0);
    setTimeout(() => process.exit(1), 60_000).unref();
  });
}
