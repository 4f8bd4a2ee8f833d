/** The storm: 13,678 equal errors, in one turn of the loop and spread over as many; and what is not equal in it. */
import { openLoad } from "../harness/load.mjs";
import { atMost, exactly } from "../harness/report.mjs";
import { mebibytes, median, spread } from "../harness/statistics.mjs";
import { alternate, startTrial } from "./trial.mjs";

const COUNT = 13_678;
const SITES = 10;
const KEYS = 10_000;
const CONNECTIONS = 10;
const WARM_UP_REQUESTS = 500;
const BESIDE = ["corvid", "sentry-10", "sentry-11"];
/** One per turn takes long with a client that sends them all. */
const ROUNDS = {
  full: { inOneTurn: 5, spread: 3, inRequests: 5 },
  quick: { inOneTurn: 3, spread: 1, inRequests: 3 },
};
/** What the work itself takes, and the least that a client can add which tells failures apart by their stacks. */
const YARDSTICKS = ["none", "stack"];

export async function measure({ sink, clients, quick }) {
  const rounds = quick ? ROUNDS.quick : ROUNDS.full;
  const beside = BESIDE.filter((client) => clients.includes(client));
  const run = (isSpread, times) =>
    alternate([...YARDSTICKS, ...beside], times, (client) =>
      weather(sink, client, { count: COUNT, kinds: 1, isSpread }),
    );
  const oneTurn = await run(false, rounds.inOneTurn);
  const turns = await run(true, rounds.spread);
  const requests = await alternate([...YARDSTICKS, ...beside], rounds.inRequests, (client) =>
    requestStorm(sink, client),
  );
  const own = clients.includes("corvid") ? await ownStorms(sink) : undefined;

  return {
    title: "The storm",
    note: `${COUNT} equal errors. "Accounted": what the server can tell of them, the sum of 1 per event or of \`contexts.repeats.count\`. CPU until the client says it has sent everything, less that of the same work with no client. The caller's time is that of a repeat. A client that tells failures apart has to read their stacks: what that costs by itself stands beside. Median of ${rounds.inOneTurn} round(s) in one turn, of ${rounds.spread} spread, of ${rounds.inRequests} in requests. In requests the error is thrown by a route and reported by the client's own middleware; the first ${WARM_UP_REQUESTS} requests only warm up.`,
    tables: [
      { caption: "All in one turn of the loop", ...compare(oneTurn) },
      { caption: "One per turn of the loop", ...compare(turns) },
      { caption: `Inside ${COUNT} requests of an Express application`, ...compareRequests(requests) },
      ...(own ? [{ caption: "Storms that are not all equal (Corvid)", ...own.table }] : []),
    ],
    targets: own
      ? [
          ...equalTargets(oneTurn, "in one turn", 0.75),
          ...equalTargets(turns, "spread", 0.05),
          ...requestTargets(requests),
          ...own.targets,
        ]
      : [],
  };
}

async function weather(sink, client, storm) {
  const trial = await startTrial(sink, client, { workload: "storm", execArgv: ["--expose-gc"] });
  try {
    const figures = await trial.worker.ask("storm", storm);
    const seen = await trial.endpoint.settle(() => false, { quietMs: 300, limitMs: 5000 });
    return { title: trial.title, ...figures, ...seen };
  } finally {
    await trial.end();
  }
}

async function requestStorm(sink, client) {
  const trial = await startTrial(sink, client, { workload: "storm", execArgv: ["--expose-gc"] });
  try {
    const port = await trial.worker.ask("serveFailures");
    const load = await openLoad(port, "/fail/17", CONNECTIONS, 500);
    await load.send(WARM_UP_REQUESTS);
    const before = await trial.worker.ask("sent");
    await load.send(COUNT - WARM_UP_REQUESTS);
    const cpuMs = (await trial.worker.ask("sent")) - before;
    load.close();
    const seen = await trial.endpoint.settle(() => false, { quietMs: 300, limitMs: 5000 });
    return { title: trial.title, cpuMs, stats: await trial.worker.ask("stats"), ...seen };
  } finally {
    await trial.end();
  }
}

function compareRequests(runs) {
  const idle = idleCpu(runs);
  const cpu = (of) => median(of.map(({ cpuMs }) => cpuMs - idle));
  const own = runs.has("corvid") ? cpu(runs.get("corvid")) : Number.NaN;
  return {
    columns: ["client", "requests", `accounted of ${COUNT}`, "CPU, ms", "range", "CPU × Corvid"],
    rows: [...runs]
      .filter(([client]) => client !== "none")
      .map(([, of]) => [
        of[0].title,
        median(of.map(({ requests }) => requests)),
        median(of.map(({ total }) => total)),
        cpu(of),
        spread(of.map(({ cpuMs }) => cpuMs - idle)),
        cpu(of) / own,
      ]),
  };
}

function requestTargets(runs) {
  const own = runs.get("corvid");
  const sentry = runs.get("sentry-10");
  const cpu = (of) => median(of.map(({ cpuMs }) => cpuMs)) - idleCpu(runs);
  return [
    exactly(
      "rounds not all accounted for, in requests",
      own.filter(({ total }) => total !== COUNT).length,
      0,
    ),
    ...(sentry ? [atMost("CPU beside @sentry/node 10, in requests", cpu(own) / cpu(sentry), 0.75, "×")] : []),
  ];
}

function compare(runs) {
  const idle = idleCpu(runs);
  const cpu = (of) => median(of.map(({ cpuMs }) => cpuMs - idle));
  const own = runs.has("corvid") ? cpu(runs.get("corvid")) : Number.NaN;
  return {
    columns: [
      "client",
      "requests",
      `accounted of ${COUNT}`,
      "CPU, ms",
      "range",
      "caller, µs",
      "heap growth, MiB",
      "memory growth, MiB",
      "CPU × Corvid",
    ],
    rows: [...runs]
      .filter(([client]) => client !== "none")
      .map(([, of]) => [
        of[0].title,
        median(of.map(({ requests }) => requests)),
        median(of.map(({ total }) => total)),
        cpu(of),
        spread(of.map(({ cpuMs }) => cpuMs - idle)),
        median(of.map(({ medianUs }) => medianUs)),
        median(of.map(({ heapGrowth }) => mebibytes(heapGrowth))),
        median(of.map(({ rssGrowth }) => mebibytes(rssGrowth))),
        cpu(of) / own,
      ]),
  };
}

function idleCpu(runs) {
  return median(runs.get("none").map(({ cpuMs }) => cpuMs));
}

function equalTargets(runs, name, share) {
  const own = runs.get("corvid");
  const sentry = runs.get("sentry-10");
  const cpu = (of) => median(of.map(({ cpuMs }) => cpuMs)) - idleCpu(runs);
  const heap = Math.max(...own.map(({ heapGrowth }) => heapGrowth));
  return [
    exactly(`rounds not all accounted for, ${name}`, own.filter(({ total }) => total !== COUNT).length, 0),
    atMost(`caller of a repeat, ${name}`, median(own.map(({ medianUs }) => medianUs)), 20, " µs"),
    atMost(`heap growth, ${name}`, mebibytes(heap), 2, " MiB"),
    ...(sentry ? [atMost(`CPU beside @sentry/node 10, ${name}`, cpu(own) / cpu(sentry), share, "×")] : []),
  ];
}

async function ownStorms(sink) {
  const sites = await weather(sink, "corvid", { count: COUNT, kinds: SITES, isSpread: true });
  const surprise = await weather(sink, "corvid", {
    count: COUNT,
    kinds: 1,
    isSpread: false,
    newcomerAt: Math.floor(COUNT / 2),
  });
  const keys = await weather(sink, "corvid", { count: KEYS, kinds: KEYS, isSpread: false });
  const offSites = Object.entries(sites.cases ?? {}).filter(
    ([, count]) => Math.abs(count - COUNT / SITES) >= 1,
  );
  const row = (name, { requests, total, cpuMs, medianUs, heapGrowth, rssGrowth }) => [
    name,
    requests,
    total,
    cpuMs,
    medianUs,
    mebibytes(heapGrowth),
    mebibytes(rssGrowth),
  ];
  return {
    table: {
      columns: [
        "storm",
        "requests",
        "accounted",
        "CPU, ms",
        "caller, µs",
        "heap growth, MiB",
        "memory growth, MiB",
      ],
      rows: [
        row(`${COUNT} of ${SITES} kinds, by turns`, sites),
        row(`${COUNT} equal and one new, in one turn`, surprise),
        row(`${KEYS} of as many kinds, in one turn`, keys),
      ],
    },
    targets: [
      exactly("accounted, by turns", sites.total, COUNT),
      exactly("kinds whose count is wrong", offSites.length + Math.abs(SITES - sites.distinct), 0),
      atMost("requests, by turns", sites.requests, 100),
      exactly("the new one arrives", surprise.cases?.newcomer ?? 0, 1),
      exactly("accounted with it", surprise.total, COUNT),
      atMost("heap kept after as many kinds", mebibytes(keys.heapGrowth), 8, " MiB"),
      ...[sites, surprise, keys].map(({ stats }, at) =>
        exactly(`captures unaccounted for, storm ${at + 1}`, missing(stats), 0),
      ),
    ],
  };
}

/** Captures of which the client's own statistics do not say what became of them. */
function missing({ captured, delivered, merged, folded, dropped, queued, spooled }) {
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  return captured - delivered - merged - folded - lost - queued - spooled;
}
