/** Heavy values, Corvid alone: what it costs to be given the largest things an application has. */
import { startProcess } from "../harness/conversation.mjs";
import { atMost } from "../harness/report.mjs";
import { mebibytes, median } from "../harness/statistics.mjs";

const FULL = { rounds: 7, partMs: 2000 };
const QUICK = { rounds: 3, partMs: 300 };

export async function measure({ clients, quick }) {
  if (!clients.includes("corvid"))
    return { title: "Heavy values", note: "Corvid alone.", tables: [], targets: [] };
  const plan = quick ? QUICK : FULL;
  const worker = startProcess(new URL("../workloads/values.mjs", import.meta.url), {
    limitMs: 3 * 60_000,
    execArgv: ["--expose-gc"],
  });
  try {
    const heavy = await measureHeavy(worker, plan.rounds);
    const keysMs = median(await worker.ask("listKeys", plan.rounds));
    const parts = await worker.ask("parts", plan.partMs);
    return report(heavy, keysMs, parts, plan);
  } finally {
    await worker.end();
  }
}

async function measureHeavy(worker, rounds) {
  const runs = new Map((await worker.ask("names")).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, of] of runs) of.push(await worker.ask("heavy", name));
  return [...runs].map(([name, of]) => ({
    name,
    callerMs: median(of.map(({ callerMs }) => callerMs)),
    longestHoldMs: median(of.map(({ longestHoldMs }) => longestHoldMs)),
    kilobytes: median(of.map(({ bytes }) => bytes)) / 1024,
    heapGrowth: median(of.map(({ heapGrowth }) => mebibytes(heapGrowth))),
  }));
}

function report(heavy, keysMs, parts, { rounds }) {
  return {
    title: "Heavy values",
    note: `Corvid alone, to a destination that accepts at once. "Longest hold": of the loop, from the capture's end until the event has left. As a measure of the machine: \`Object.keys\` of an object of 200,000 keys takes ${keysMs.toFixed(0)} ms. Median of ${rounds} rounds.`,
    tables: [
      {
        caption: "",
        columns: ["captured", "caller, ms", "longest hold, ms", "sent, KiB", "heap kept, MiB"],
        rows: heavy.map((one) => [one.name, one.callerMs, one.longestHoldMs, one.kilobytes, one.heapGrowth]),
      },
      {
        caption: "The parts of a typical event's way",
        columns: ["part", "median, µs", "p99, µs"],
        rows: parts.map(({ name, medianUs, p99Us }) => [name, medianUs, p99Us]),
      },
    ],
    targets: heavy.flatMap(({ name, callerMs, longestHoldMs }) => [
      atMost(`caller beside listing 200,000 keys, ${name}`, callerMs / keysMs, 4, "×"),
      atMost(`longest hold beside it, ${name}`, longestHoldMs / keysMs, 4, "×"),
    ]),
  };
}
