/** The spool, Corvid alone: what writing a capture down costs its caller, and what draining a backlog costs the loop. */
import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "../harness/conversation.mjs";
import { atMost } from "../harness/report.mjs";
import { mebibytes, median } from "../harness/statistics.mjs";

const FULL = { rounds: 5, captures: 2000, everyMs: 2, backlogBytes: 30e6 };
const QUICK = { rounds: 2, captures: 600, everyMs: 2, backlogBytes: 30e6 };
const LIMITS_US = { empty: 60, request: 100 };
const SCOPES = {
  empty: "an empty scope",
  request: "a request's: 20 breadcrumbs, 16 headers",
};

export async function measure({ sink, clients, quick }) {
  if (!clients.includes("corvid"))
    return { title: "The spool", note: "Corvid alone.", tables: [], targets: [] };
  const plan = quick ? QUICK : FULL;
  const captures = await measureCaptures(sink, plan);
  const backlog = await measureBacklog(sink, plan);
  return report(captures, backlog, plan);
}

/** With and without a spool by turns, so that whatever else the machine does hits both alike. */
async function measureCaptures(sink, { rounds, captures, everyMs }) {
  const runs = new Map();
  for (let round = 0; round < rounds; round += 1)
    for (const scope of Object.keys(SCOPES))
      for (const isSpooled of [true, false]) {
        const key = `${scope} ${isSpooled}`;
        const figures = await withWorker(sink, isSpooled, async ({ worker }) => {
          await worker.ask("capture", { scope, count: 100, everyMs });
          return worker.ask("capture", { scope, count: captures, everyMs });
        });
        runs.set(key, [...(runs.get(key) ?? []), figures]);
      }
  return Object.keys(SCOPES).map((scope) => {
    const middle = (isSpooled, name) => median(runs.get(`${scope} ${isSpooled}`).map((run) => run[name]));
    return {
      scope,
      medianUs: middle(true, "medianUs"),
      p99Us: middle(true, "p99Us"),
      withoutUs: middle(false, "medianUs"),
    };
  });
}

/** One process fills the spool while the server takes nothing, and is killed; the next drains it. */
async function measureBacklog(sink, { backlogBytes }) {
  return withWorker(sink, true, async ({ worker, endpoint, dir }) => {
    await endpoint.fault("503");
    const count = await worker.ask("fill", backlogBytes);
    await worker.end();
    await endpoint.fault("none");
    for (const name of readdirSync(dir)) utimesSync(join(dir, name), 0, 0);
    const heir = startWorker();
    try {
      await heir.ask("start", { port: endpoint.port, dir });
      const figures = await heir.ask("drain", count);
      const { distinct } = await endpoint.read();
      return { ...figures, count, distinct };
    } finally {
      await heir.end();
    }
  });
}

async function withWorker(sink, isSpooled, use) {
  const dir = isSpooled ? mkdtempSync(join(tmpdir(), "corvid-bench-spool-")) : undefined;
  const endpoint = await sink.open("sentry");
  const worker = startWorker();
  try {
    await worker.ask("start", { port: endpoint.port, dir });
    return await use({ worker, endpoint, dir });
  } finally {
    await worker.end();
    await endpoint.close();
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  }
}

function startWorker() {
  return startProcess(new URL("../workloads/spool.mjs", import.meta.url), { limitMs: 3 * 60_000 });
}

function report(captures, backlog, { rounds, captures: count, everyMs }) {
  const { longestMs, p999Ms, tookMs } = backlog;
  return {
    title: "The spool",
    note: `Corvid alone. ${count} different errors, one every ${everyMs} ms, stack depth 10; each is on disk when \`captureException\` returns. Median of ${rounds} round(s). Then a backlog of ${mebibytes(30e6).toFixed(0)} MiB that a killed process left, drained by the next.`,
    tables: [
      {
        caption: "The caller's time",
        columns: ["scope", "with spool, µs", "p99, µs", "without, µs"],
        rows: captures.map((one) => [SCOPES[one.scope], one.medianUs, one.p99Us, one.withoutUs]),
      },
      {
        caption: "Draining the backlog",
        columns: [
          "events",
          "delivered",
          "seconds",
          "99.9 % of turns within, ms",
          "longest hold of the loop, ms",
        ],
        rows: [[backlog.count, backlog.distinct, tookMs / 1000, p999Ms, longestMs]],
      },
    ],
    targets: [
      ...captures.map(({ scope, medianUs }) =>
        atMost(`caller with spool, ${SCOPES[scope]}`, medianUs, LIMITS_US[scope], " µs"),
      ),
      atMost("events of the backlog lost", backlog.count - backlog.distinct, 0),
      atMost("longest hold of the loop while draining", longestMs, 5, " ms"),
    ],
  };
}
