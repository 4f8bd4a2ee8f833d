/** A healthy request: what a client's middleware adds to it in an Express application. */
import { startProcess } from "../harness/conversation.mjs";
import { load } from "../harness/load.mjs";
import { atMost } from "../harness/report.mjs";
import { median, spread } from "../harness/statistics.mjs";

/** Many short turns: what else the machine does hits neighbouring turns alike. */
const FULL = { processes: 3, rounds: 100, requests: 400 };
const QUICK = { processes: 1, rounds: 30, requests: 400 };
const WARM_UP_ROUNDS = 10;
const CONNECTIONS = 10;
const TITLES = {
  bare: "Express alone",
  context: "with AsyncLocalStorage alone",
  corvid: "with Corvid",
  "sentry-10": "with @sentry/node 10",
};
const ALWAYS = ["bare", "context"];

export async function measure({ sink, clients, quick }) {
  const plan = quick ? QUICK : FULL;
  const variants = Object.keys(TITLES).filter((name) => ALWAYS.includes(name) || clients.includes(name));
  const costs = Object.fromEntries(variants.map((variant) => [variant, []]));
  const alone = Object.fromEntries(variants.map((variant) => [variant, []]));
  for (let n = 0; n < plan.processes; n += 1) await measureProcesses(sink, variants, plan, costs, alone);

  const added = (variant) => costs[variant].map((us, at) => us - costs.bare[at]);
  return {
    title: "A healthy request",
    note: `CPU of the server's process per request of a small JSON route, ${plan.requests} requests over ${CONNECTIONS} kept connections at a time, by turns; "added" is the median difference of neighbouring turns. Keeping requests apart takes an AsyncLocalStorage; what that costs by itself stands beside it. ${plan.processes} process(es) of each, ${plan.rounds} turns each.`,
    tables: [
      {
        caption: "",
        columns: ["application", "CPU per request, µs", "range", "added, µs", "the middleware by itself, µs"],
        rows: variants.map((variant) => [
          TITLES[variant],
          median(costs[variant]),
          spread(costs[variant]),
          variant === "bare" ? "" : median(added(variant)),
          median(alone[variant]),
        ]),
      },
    ],
    targets: clients.includes("corvid")
      ? [atMost("CPU added to a healthy request", median(added("corvid")), 5, " µs")]
      : [],
  };
}

/** One process of each variant, under load by turns; the first turns only warm up. */
async function measureProcesses(sink, variants, { rounds, requests }, costs, alone) {
  const endpoint = await sink.open("sentry");
  const servers = variants.map((variant) => ({
    variant,
    worker: startProcess(new URL("../workloads/request.mjs", import.meta.url), { limitMs: 5 * 60_000 }),
  }));
  try {
    for (const server of servers)
      server.port = await server.worker.ask("start", server.variant, endpoint.port);
    for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1)
      for (const { variant, worker, port } of round % 2 === 0 ? servers : servers.toReversed()) {
        const before = await worker.ask("cpuUs");
        await load(`http://127.0.0.1:${port}/orders/41`, { count: requests, connections: CONNECTIONS });
        const spent = (await worker.ask("cpuUs")) - before;
        if (round >= 0) costs[variant].push(spent / requests);
      }
    for (const { variant, worker } of servers) alone[variant].push(await worker.ask("middlewareUs", 100_000));
  } finally {
    await Promise.all(servers.map(({ worker }) => worker.end()));
    await endpoint.close();
  }
}
