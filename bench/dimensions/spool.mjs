/** The spool, Corvid alone: what writing a capture down costs its caller, and what draining a backlog costs the loop. */
import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "../harness/conversation.mjs";
import { atMost, exactly } from "../harness/report.mjs";
import { mebibytes } from "../harness/statistics.mjs";

const FULL = { rounds: 5, captures: 4000, lone: 1000, drains: 3 };
const QUICK = { rounds: 2, captures: 2000, lone: 300, drains: 2 };
/** Before it is measured, a process has captured so many: an application that fails has failed before. */
const WARM_UP = 3000;
const IN_A_ROW = 20;
const EVERY_MS = 2;
const STORM = 13_678;
const BACKLOG_BYTES = 30e6;
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
  const storm = await measureStorm(sink);
  const drains = [];
  for (let n = 0; n < plan.drains; n += 1) drains.push(await measureBacklog(sink));
  return report({ captures, storm, drains, plan });
}

/** With and without a spool by turns, so that whatever else the machine does hits both alike. */
async function measureCaptures(sink, { rounds, captures, lone }) {
  const runs = new Map();
  for (let round = 0; round < rounds; round += 1)
    for (const scope of Object.keys(SCOPES))
      for (const isSpooled of [true, false]) {
        const key = `${scope} ${isSpooled}`;
        const figures = await withWorker(sink, isSpooled, ({ worker }) =>
          captureIn(worker, scope, captures, lone),
        );
        runs.set(key, [...(runs.get(key) ?? []), figures]);
      }
  return Object.keys(SCOPES).map((scope) => {
    const quietest = (isSpooled, kind, name) =>
      Math.min(...runs.get(`${scope} ${isSpooled}`).map((run) => run[kind][name]));
    return {
      scope,
      medianUs: quietest(true, "inRow", "medianUs"),
      p99Us: quietest(true, "inRow", "p99Us"),
      withoutUs: quietest(false, "inRow", "medianUs"),
      loneUs: quietest(true, "lone", "medianUs"),
      loneWithoutUs: quietest(false, "lone", "medianUs"),
    };
  });
}

async function captureIn(worker, scope, captures, lone) {
  const inRow = { scope, atATime: IN_A_ROW, everyMs: EVERY_MS };
  await worker.ask("capture", { ...inRow, count: WARM_UP });
  return {
    inRow: await worker.ask("capture", { ...inRow, count: captures }),
    lone: await worker.ask("capture", { ...inRow, atATime: 1, count: lone }),
  };
}

/** The same failure over and over, and the end of the process by force: what the next one can tell of it. */
async function measureStorm(sink) {
  const without = await withWorker(sink, false, ({ worker }) => worker.ask("storm", STORM));
  return withWorker(sink, true, async ({ worker, endpoint, dir }) => {
    const spent = await worker.ask("storm", STORM);
    await worker.end();
    const { count } = await inHeir(endpoint, dir, async (heir) => {
      await heir.ask("drainAll");
      return { count: (await endpoint.read("storm")).total };
    });
    return { ...spent, withoutUs: without.medianUs, count };
  });
}

/** One process fills the spool while the server takes nothing, and is killed; the next drains it. */
async function measureBacklog(sink) {
  return withWorker(sink, true, async ({ worker, endpoint, dir }) => {
    await endpoint.fault("503");
    const count = await worker.ask("fill", BACKLOG_BYTES);
    await worker.end();
    await endpoint.fault("none");
    const idle = startWorker();
    try {
      await idle.ask("rest");
      return await inHeir(endpoint, dir, async (heir) => {
        const figures = await heir.ask("drain", count);
        const control = await idle.ask("rested");
        const { distinct } = await endpoint.read();
        return { ...figures, control, count, distinct };
      });
    } finally {
      await idle.end();
    }
  });
}

/** A process that takes over at once what another left, as if that had been silent for long. */
async function inHeir({ port }, dir, use) {
  for (const name of readdirSync(dir)) utimesSync(join(dir, name), 0, 0);
  const heir = startWorker();
  try {
    await heir.ask("start", { port, dir });
    return await use(heir);
  } finally {
    await heir.end();
  }
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

function report({ captures, storm, drains, plan }) {
  const least = (name) => Math.min(...drains.map((run) => run[name]));
  const beyondRest = Math.min(...drains.map(({ ownMs, control }) => ownMs - control.ownMs));
  return {
    title: "The spool",
    note: `Corvid alone, stack depth 10; each capture is on disk when \`captureException\` returns. Different errors, after a warm-up of ${WARM_UP}: ${IN_A_ROW} in a row, then ${EVERY_MS} ms of nothing; and lone ones, ${EVERY_MS} ms after each other, when caches and clock have gone cold. Medians, of the quietest of ${plan.rounds} rounds. Then ${STORM} equal errors and SIGKILL. Then a backlog of ${mebibytes(BACKLOG_BYTES).toFixed(0)} MiB that a killed process left, drained by the next, ${plan.drains} times. How long a turn of the loop held it is the clock's time less what the thread waited for a processor, where the system tells, and no more than the processor time of the process, so that what others take of the machine is not in it; the clock's alone stands beside. Both also stand there for a process that did nothing meanwhile: what it shows is the machine's. The engine's pauses to collect garbage are in it and, in a column of their own, not. The beginning, until the first event is delivered, is told of by itself: it holds what any first event costs, above all the loading of what speaks HTTP. The targets are for the run that held least.`,
    tables: [
      {
        caption: "The caller's time",
        columns: [
          "scope",
          "in a row, µs",
          "p99, µs",
          "without a spool, µs",
          "a lone one, µs",
          "without a spool, µs",
        ],
        rows: captures.map((one) => [
          SCOPES[one.scope],
          one.medianUs,
          one.p99Us,
          one.withoutUs,
          one.loneUs,
          one.loneWithoutUs,
        ]),
      },
      {
        caption: `${STORM} equal errors`,
        columns: ["a repeat, µs", "p99, µs", "without a spool, µs", "accounted after SIGKILL"],
        rows: [[storm.medianUs, storm.p99Us, storm.withoutUs, storm.count]],
      },
      {
        caption: "Draining the backlog",
        columns: [
          "events",
          "delivered",
          "seconds",
          "99.9 % of turns within, ms",
          "longest, ms",
          "without collecting, ms",
          "by the clock, ms",
          "at rest, without collecting, ms",
          "at rest, by the clock, ms",
          "in the beginning, ms",
        ],
        rows: drains.map((run) => [
          run.count,
          run.distinct,
          run.tookMs / 1000,
          run.p999Ms,
          run.longestMs,
          run.ownMs,
          run.byClockMs,
          run.control.ownMs,
          run.control.byClockMs,
          run.beginningMs,
        ]),
      },
    ],
    targets: [
      ...captures.map(({ scope, medianUs }) =>
        atMost(`caller with spool, ${SCOPES[scope]}`, medianUs, LIMITS_US[scope], " µs"),
      ),
      exactly("captures of a storm accounted after SIGKILL", storm.count, STORM),
      atMost("events of the backlog lost", Math.max(...drains.map((run) => run.count - run.distinct)), 0),
      atMost("99.9 % of turns while draining", least("p999Ms"), 5, " ms"),
      atMost("longest hold while draining, beyond that of a process at rest", beyondRest, 5, " ms"),
    ],
  };
}
