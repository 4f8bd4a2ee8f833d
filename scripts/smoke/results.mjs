/** What was tried, and how it went. */

/** Collects the results of cases and prints them as one table. */
export function createResults() {
  const results = [];
  return {
    /** Runs a case; a failure is kept, and the others go on. */
    async attempt(title, column, body) {
      const startedAt = performance.now();
      const result = { title, column, seconds: 0, failure: undefined };
      results.push(result);
      try {
        await body();
      } catch (error) {
        result.failure = error;
      }
      result.seconds = (performance.now() - startedAt) / 1000;
      const mark = result.failure === undefined ? "✓" : "✗";
      process.stdout.write(`${mark} ${title}, ${column} (${result.seconds.toFixed(1)} s)\n`);
    },

    get failures() {
      return results.filter(({ failure }) => failure !== undefined);
    },

    /** One line for each title, with every place it ran at. */
    table() {
      const cells = new Map();
      for (const { title, column, seconds, failure } of results) {
        const cell = `${failure === undefined ? "✓" : "✗"} ${column} ${seconds.toFixed(1)} s`;
        cells.set(title, [...(cells.get(title) ?? []), cell]);
      }
      const width = Math.max(...[...cells.keys()].map((title) => title.length));
      return [...cells].map(([title, ran]) => `${title.padEnd(width)}  ${ran.join("   ")}`).join("\n");
    },
  };
}

/** Runs tasks two at a time, in order. */
export async function inPairs(tasks) {
  const waiting = [...tasks];
  const work = async () => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) await task();
  };
  await Promise.all([work(), work()]);
}
