/** The start: what having a client costs a process before anything has gone wrong, and on disk. */
import { loadClient } from "../clients/client.mjs";
import { startProcess } from "../harness/conversation.mjs";
import { footprint } from "../harness/footprint.mjs";
import { atMost, exactly } from "../harness/report.mjs";
import { mebibytes, median, spread } from "../harness/statistics.mjs";
import { alternate } from "./trial.mjs";

const ROUNDS = { full: 11, quick: 3 };

export async function measure({ sink, clients, quick }) {
  const rounds = quick ? ROUNDS.quick : ROUNDS.full;
  const runs = await alternate(clients, rounds, (client) => measureStart(sink, client));
  const figures = new Map(
    [...runs].map(([client, of]) => [
      client,
      {
        title: of[0].title,
        cpuMs: median(of.map(({ cpuMs }) => cpuMs)),
        range: spread(of.map(({ cpuMs }) => cpuMs)),
        wallMs: median(of.map(({ wallMs }) => wallMs)),
        rss: median(of.map(({ rss }) => mebibytes(rss))),
        firstCpuMs: median(of.map(({ firstCpuMs }) => firstCpuMs)),
        ...footprint(of[0].packages),
      },
    ]),
  );
  const own = figures.get("corvid");
  const sentry = figures.get("sentry-10");

  return {
    title: "The start",
    note: `Loading the client and calling its init, in a fresh process that has nothing loaded; then its first error, until it has arrived (some load only then what they send with). Packages and bytes are what an application installs. Median of ${rounds} rounds.`,
    tables: [
      {
        caption: "",
        columns: [
          "client",
          "CPU, ms",
          "range",
          "wall, ms",
          "memory, MiB",
          "first error, CPU ms",
          "packages",
          "MiB on disk",
        ],
        rows: [...figures.values()].map((one) => [
          one.title,
          one.cpuMs,
          one.range,
          one.wallMs,
          one.rss,
          one.firstCpuMs,
          one.packages,
          mebibytes(one.bytes),
        ]),
      },
    ],
    targets: own
      ? [
          exactly("packages", own.packages, 1),
          ...(sentry ? [atMost("CPU beside @sentry/node 10", own.cpuMs / sentry.cpuMs, 0.2, "×")] : []),
        ]
      : [],
  };
}

async function measureStart(sink, client) {
  const { protocol, title, packages } = await loadClient(client);
  const endpoint = await sink.open(protocol);
  const worker = startProcess(new URL("../workloads/start.mjs", import.meta.url), { limitMs: 30_000 });
  try {
    const figures = await worker.ask("start", client, endpoint.port);
    await worker.ask("first");
    await endpoint.settle(({ distinct }) => distinct === 1, { quietMs: 5000 });
    return { title, packages, ...figures, firstCpuMs: await worker.ask("firstCpuMs") };
  } finally {
    await worker.end();
    await endpoint.close();
  }
}
