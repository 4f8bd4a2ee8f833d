/** A healthy request: what a client's middleware adds to it in an Express application. */
import { startProcess } from "../harness/conversation.mjs";
import { openLoad } from "../harness/load.mjs";
import { atMost } from "../harness/report.mjs";
import { median, middleHalf, spread } from "../harness/statistics.mjs";

/**
 * Many short rounds, of which the quietest count: what else the machine does then hits all least, and neighbouring turns
 * alike. And several processes, because they differ too.
 */
const FULL = { processes: 6, rounds: 150, requests: 200 };
const QUICK = { processes: 3, rounds: 48, requests: 150 };
const QUIET_SHARE = 1 / 3;
const WARM_UP_ROUNDS = 15;
const CONNECTIONS = 10;
const PATH = "/orders/41";
const TITLES = {
  bare: "Express alone",
  again: "Express alone, once more",
  context: "with AsyncLocalStorage alone",
  scope: "with Corvid, no middleware",
  corvid: "with Corvid",
  "sentry-10": "with @sentry/node 10",
};
const ALWAYS = ["bare", "again", "context"];
/** Applications of a client beside the one that has its name. */
const CLIENT_OF = { scope: "corvid" };

export async function measure({ sink, clients, quick }) {
  const plan = quick ? QUICK : FULL;
  const variants = Object.keys(TITLES).filter(
    (name) => ALWAYS.includes(name) || clients.includes(CLIENT_OF[name] ?? name),
  );
  const costs = Object.fromEntries(variants.map((variant) => [variant, []]));
  const alone = Object.fromEntries(variants.map((variant) => [variant, []]));
  for (let n = 0; n < plan.processes; n += 1) await measureProcesses(sink, variants, plan, costs, alone);

  const quiet = quietRounds(costs);
  const cost = (variant) => quiet.map((round) => costs[variant][round]);
  const beyond = (variant, other) => quiet.map((round) => costs[variant][round] - costs[other][round]);
  return {
    title: "A healthy request",
    note: `CPU of the server's process per request of a small JSON route, ${plan.requests} requests over ${CONNECTIONS} kept connections at a time, by turns; "added" is the median difference of neighbouring turns, with its middle half; that of the second Express alone is what the measurement itself is good for. Keeping requests apart takes an AsyncLocalStorage; what that costs by itself stands beside it. Every request has a scope once Corvid is started; "no middleware" is that alone. ${plan.processes} processes of each, ${plan.rounds} turns each, of which the quietest third counts: the rounds in which all applications together took least.`,
    tables: [
      {
        caption: "",
        columns: [
          "application",
          "CPU per request, µs",
          "range",
          "added, µs",
          "middle half",
          "beyond AsyncLocalStorage, µs",
          "the middleware by itself, µs",
        ],
        rows: variants.map((variant) => [
          TITLES[variant],
          median(cost(variant)),
          spread(cost(variant)),
          ...(variant === "bare"
            ? ["", ""]
            : [median(beyond(variant, "bare")), middleHalf(beyond(variant, "bare"), 1)]),
          ALWAYS.includes(variant) ? "" : median(beyond(variant, "context")),
          median(alone[variant]),
        ]),
      },
    ],
    targets: clients.includes("corvid")
      ? [
          atMost("CPU added to a healthy request", median(beyond("corvid", "bare")), 5, " µs"),
          atMost("CPU of a request's scope alone", median(beyond("scope", "bare")), 5, " µs"),
        ]
      : [],
  };
}

/** The rounds in which all variants together took least, so that none of them is favoured. */
function quietRounds(costs) {
  const all = Object.values(costs);
  const total = (round) => all.reduce((sum, of) => sum + of[round], 0);
  const rounds = [...all[0].keys()].sort((left, right) => total(left) - total(right));
  return rounds.slice(0, Math.ceil(rounds.length * QUIET_SHARE));
}

/** One process of each variant, under load by turns; the first turns only warm up. */
async function measureProcesses(sink, variants, { rounds, requests }, costs, alone) {
  const endpoint = await sink.open("sentry");
  const servers = [];
  try {
    for (const variant of variants) servers.push(await startServer(variant, endpoint.port));
    for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1)
      for (const { variant, worker, load } of round % 2 === 0 ? servers : servers.toReversed()) {
        const before = await worker.ask("cpuUs");
        await load.send(requests);
        const spent = (await worker.ask("cpuUs")) - before;
        if (round >= 0) costs[variant].push(spent / requests);
      }
    for (const { variant, worker } of servers) alone[variant].push(await worker.ask("middlewareUs", 100_000));
  } finally {
    for (const { load } of servers) load.close();
    await Promise.all(servers.map(({ worker }) => worker.end()));
    await endpoint.close();
  }
}

async function startServer(variant, sinkPort) {
  const worker = startProcess(new URL("../workloads/request.mjs", import.meta.url), { limitMs: 5 * 60_000 });
  try {
    const port = await worker.ask("start", variant, sinkPort);
    return { variant, worker, load: await openLoad(port, PATH, CONNECTIONS) };
  } catch (error) {
    await worker.end();
    throw error;
  }
}
