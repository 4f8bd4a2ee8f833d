/** Delivery: what arrives of 200 errors while the server is in trouble for a while, and well again afterwards. */
import { setTimeout as wait } from "node:timers/promises";
import { atMost, exactly } from "../harness/report.mjs";
import { mebibytes, median } from "../harness/statistics.mjs";
import { startTrial, titlesOf } from "./trial.mjs";

const FAULTS = ["down", "503", "500", "429", "hang", "cut"];
const PER_SECOND = 50;
const SETTLE_MS = 15_000;
const FULL = { events: 200, faultMs: 3000, rounds: 2, atOnce: 1 };
const QUICK = { events: 100, faultMs: 1500, rounds: 1, atOnce: 2 };

export async function measure({ sink, clients, quick }) {
  const plan = quick ? QUICK : FULL;
  const runs = [];
  for (let round = 0; round < plan.rounds; round += 1)
    for (let at = 0; at < FAULTS.length; at += plan.atOnce)
      runs.push(
        ...(
          await Promise.all(
            FAULTS.slice(at, at + plan.atOnce).map((fault) => measureFault(sink, clients, fault, plan)),
          )
        ).flat(),
      );
  return report(runs, clients, plan);
}

/** All clients at once, each with a process and an endpoint of its own: arrivals are counted here, not time. */
async function measureFault(sink, clients, fault, plan) {
  const trials = await Promise.all(clients.map((client) => startTrial(sink, client)));
  try {
    await Promise.all(trials.map(({ worker }) => worker.ask("watch")));
    await Promise.all(trials.map(({ endpoint }) => endpoint.fault(fault)));
    const captured = trials.map(({ worker }) =>
      worker.ask("capture", { count: plan.events, burst: 1, everyMs: 1000 / PER_SECOND }),
    );
    await wait(plan.faultMs);
    await Promise.all(trials.map(({ endpoint }) => endpoint.fault("none")));
    await Promise.all(captured);
    await settled(trials, plan.events);
    return await Promise.all(trials.map((trial) => read(trial, fault)));
  } finally {
    await Promise.all(trials.map((trial) => trial.end()));
  }
}

async function settled(trials, events) {
  const deadline = Date.now() + SETTLE_MS;
  let isDone = false;
  while (!isDone && Date.now() < deadline) {
    await wait(250);
    const seen = await Promise.all(trials.map(({ endpoint }) => endpoint.read("case")));
    isDone = seen.every(({ distinct }) => distinct === events);
  }
}

async function read({ client, endpoint, worker }, fault) {
  const seen = await endpoint.read("case");
  const { rssGrowth } = await worker.ask("read");
  return { client, fault, ...seen, duplicates: seen.total - seen.distinct, rssGrowth };
}

async function report(runs, clients, plan) {
  const of = (client, fault, figure) =>
    runs.filter((run) => run.client === client && run.fault === fault).map((run) => run[figure]);
  const titles = await titlesOf(clients);
  const grid = (caption, cell) => ({
    caption,
    columns: ["client", ...FAULTS],
    rows: clients.map((client) => [titles.get(client), ...FAULTS.map((fault) => cell(client, fault))]),
  });

  return {
    title: "Delivery",
    note: `${plan.events} different errors at ${PER_SECOND}/s; for the first ${plan.faultMs} ms the server is in trouble: its port closed, answering 503, 500 or 429 (\`Retry-After: 2\`), never answering, or cutting the connection in the middle of the request. Counted after at most ${SETTLE_MS / 1000} s more; the worst of ${plan.rounds} round(s).`,
    tables: [
      grid(`Delivered of ${plan.events}`, (...cell) => Math.min(...of(...cell, "distinct"))),
      grid("Accepted twice, by a server that knows ids", (...cell) => Math.max(...of(...cell, "duplicates"))),
      grid("Requests", (...cell) => Math.max(...of(...cell, "requests"))),
      grid("Connections", (...cell) => Math.max(...of(...cell, "connections"))),
      grid("Growth of resident memory at its highest, MiB", (...cell) =>
        mebibytes(median(of(...cell, "rssGrowth"))),
      ),
    ],
    targets: clients.includes("corvid")
      ? FAULTS.flatMap((fault) => [
          exactly(`delivered, ${fault}`, Math.min(...of("corvid", fault, "distinct")), plan.events),
          exactly(`duplicates, ${fault}`, Math.max(...of("corvid", fault, "duplicates")), 0),
          atMost(`memory, ${fault}`, mebibytes(median(of("corvid", fault, "rssGrowth"))), 15, " MiB"),
        ])
      : [],
  };
}
