/** A hung server: what 10,000 errors cost an application whose error service takes requests and never answers. */
import { setTimeout as wait } from "node:timers/promises";
import { atMost } from "../harness/report.mjs";
import { mebibytes, median } from "../harness/statistics.mjs";
import { alternate, startTrial } from "./trial.mjs";

const ERRORS = 10_000;
const FULL = { rounds: 3, atOnce: 1, everyMs: 10, burst: 10, restMs: 3000, endMs: 15_000 };
const QUICK = { rounds: 1, atOnce: 2, everyMs: 5, burst: 20, restMs: 500, endMs: 3000 };

export async function measure({ sink, clients, quick }) {
  const plan = quick ? QUICK : FULL;
  const runs = await alternate(
    ["none", ...clients],
    plan.rounds,
    (client) => measureClient(sink, client, plan),
    plan.atOnce,
  );
  const rows = [...runs].map(([, of]) => {
    const middle = (figure) => median(of.map(figure));
    return [
      of[0].title,
      middle(({ rssGrowth }) => mebibytes(rssGrowth)),
      middle(({ longestHoldMs }) => longestHoldMs),
      middle(({ cpuMs }) => (cpuMs / ERRORS) * 1000),
      middle(({ connections }) => connections),
      endText(of, plan),
    ];
  });
  const own = runs.get("corvid");

  return {
    title: "A hung server",
    note: `${ERRORS} different errors, ${(plan.burst / plan.everyMs) * 1000}/s, to a server that never answers. "Ends after": how long a process that has nothing left to do stays alive. Median of ${plan.rounds} round(s).`,
    tables: [
      {
        caption: "",
        columns: [
          "client",
          "memory growth, MiB",
          "longest hold of the loop, ms",
          "CPU per error, µs",
          "connections",
          "ends after",
        ],
        rows,
      },
    ],
    targets: own
      ? [
          atMost("memory growth", mebibytes(median(own.map(({ rssGrowth }) => rssGrowth))), 30, " MiB"),
          atMost("process ends by itself within", Math.max(...own.map(({ endsMs }) => endsMs)), 2500, " ms"),
        ]
      : [],
  };
}

async function measureClient(sink, client, plan) {
  const trial = await startTrial(sink, client);
  try {
    await trial.endpoint.fault("hang");
    await trial.worker.ask("watch");
    await trial.worker.ask("capture", { count: ERRORS, burst: plan.burst, everyMs: plan.everyMs });
    await wait(plan.restMs);
    const figures = await trial.worker.ask("stop");
    const { connections } = await trial.endpoint.read();
    return { title: trial.title, connections, ...figures, endsMs: await timeToEnd(trial.worker, plan.endMs) };
  } finally {
    await trial.end();
  }
}

/** Milliseconds from having nothing left to do to the end of the process; Infinity beyond `limitMs`. */
async function timeToEnd(worker, limitMs) {
  const from = performance.now();
  worker.letGo();
  const isOver = await Promise.race([worker.exited.then(() => true), wait(limitMs, false)]);
  return isOver ? performance.now() - from : Number.POSITIVE_INFINITY;
}

function endText(of, { endMs }) {
  const longest = Math.max(...of.map(({ endsMs }) => endsMs));
  return Number.isFinite(longest) ? `${(longest / 1000).toFixed(1)} s` : `not in ${endMs / 1000} s`;
}
