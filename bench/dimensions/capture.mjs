/** One capture, all being well: the caller's time, the whole cost of the event, and connections. */
import { atMost } from "../harness/report.mjs";
import { median, spread } from "../harness/statistics.mjs";
import { alternate, startTrial } from "./trial.mjs";

const FULL = { rounds: 5, events: 3000, everyMs: 3 };
const QUICK = { rounds: 1, events: 500, everyMs: 3 };

export async function measure({ sink, clients, quick }) {
  const plan = quick ? QUICK : FULL;
  const runs = await alternate(["none", ...clients], plan.rounds, (client) =>
    measureClient(sink, client, plan),
  );
  const idle = median(runs.get("none").map(({ cpuUs }) => cpuUs));
  const figures = [...runs]
    .filter(([client]) => client !== "none")
    .map(([client, of]) => ({
      client,
      title: of[0].title,
      callerUs: median(of.map(({ medianUs }) => medianUs)),
      callerSpread: spread(of.map(({ medianUs }) => medianUs)),
      meanUs: median(of.map(({ meanUs }) => meanUs)),
      p99Us: median(of.map(({ p99Us }) => p99Us)),
      cpuUs: median(of.map(({ cpuUs }) => cpuUs - idle)),
      cpuSpread: spread(of.map(({ cpuUs }) => cpuUs - idle)),
      delivered: Math.min(...of.map(({ distinct }) => distinct)),
      connections: Math.max(...of.map(({ connections }) => connections)),
    }));
  const own = figures.find(({ client }) => client === "corvid");
  const sentry = figures.find(({ client }) => client === "sentry-10");

  return {
    title: "One capture",
    note: `${plan.events} different errors, one every ${plan.everyMs} ms, to a healthy server; the application's stack is 10 deep. CPU is the process's, both system and user, less that of the same work with no client (${idle.toFixed(0)} µs). Median of ${plan.rounds} round(s), and the range; in the last column CPU as a multiple of Corvid's.`,
    tables: [
      {
        caption: "",
        columns: [
          "client",
          "caller, µs",
          "range",
          "mean, µs",
          "p99, µs",
          "CPU per event, µs",
          "range",
          "delivered",
          "connections",
          "× Corvid",
        ],
        rows: figures.map((one) => [
          one.title,
          one.callerUs,
          one.callerSpread,
          one.meanUs,
          one.p99Us,
          one.cpuUs,
          one.cpuSpread,
          one.delivered,
          one.connections,
          one.cpuUs / (own?.cpuUs ?? Number.NaN),
        ]),
      },
    ],
    targets: own
      ? [
          atMost("connections", own.connections, 2),
          atMost("events lost", plan.events - own.delivered, 0),
          ...(sentry
            ? [
                atMost("caller's time beside @sentry/node 10", own.callerUs / sentry.callerUs, 1, "×"),
                atMost("CPU per event beside @sentry/node 10", own.cpuUs / sentry.cpuUs, 1, "×"),
              ]
            : []),
        ]
      : [],
  };
}

async function measureClient(sink, client, { events, everyMs }) {
  const trial = await startTrial(sink, client);
  try {
    await trial.worker.ask("watch");
    const caller = await trial.worker.ask("capture", { count: events, burst: 1, everyMs });
    const seen =
      client === "none"
        ? await trial.endpoint.read()
        : await trial.endpoint.settle(({ distinct }) => distinct === events);
    const { cpuMs } = await trial.worker.ask("stop");
    return {
      title: trial.title,
      ...caller,
      cpuUs: (cpuMs * 1000) / (client === "none" ? events : Math.max(1, seen.distinct)),
      distinct: seen.distinct,
      connections: seen.connections,
    };
  } finally {
    await trial.end();
  }
}
