/** One client in a process of its own, with an endpoint of its own: what every dimension with a network begins with. */
import { loadClient } from "../clients/client.mjs";
import { startProcess } from "../harness/conversation.mjs";

const LIMIT_MS = 120_000;

/**
 * Starts `workload` with `client`, warmed up; what the sink has counted so far is forgotten.
 *
 * @param {ReturnType<import("../harness/sink.mjs").startSink>} sink
 * @param {string} client - as listed in `clients/client.mjs`
 * @param {{ workload?: string, execArgv?: string[] }} [options] - a file of `workloads/`, default `traffic`
 */
export async function startTrial(sink, client, { workload = "traffic", execArgv = [] } = {}) {
  const { protocol, title } = await loadClient(client);
  const endpoint = await sink.open(protocol);
  const worker = startProcess(new URL(`../workloads/${workload}.mjs`, import.meta.url), {
    limitMs: LIMIT_MS,
    execArgv,
  });
  const end = async () => {
    await worker.end();
    await endpoint.close();
  };
  try {
    await worker.ask("start", client, endpoint.port);
    await endpoint.settle(() => false, { quietMs: 500, limitMs: 3000 });
    await endpoint.clear();
  } catch (error) {
    await end();
    throw error;
  }
  return { client, title, endpoint, worker, end };
}

/**
 * Runs `measureOne` for every client in turn, `rounds` times over: A B C A B C, so that slow drift hits all alike.
 *
 * @param {number} [atOnce] - clients measured side by side, default 1
 * @returns {Promise<Map<string, object[]>>} by client, one figure per round
 */
export async function alternate(clients, rounds, measureOne, atOnce = 1) {
  const runs = new Map(clients.map((client) => [client, []]));
  for (let round = 0; round < rounds; round += 1)
    for (let at = 0; at < clients.length; at += atOnce)
      await Promise.all(
        clients.slice(at, at + atOnce).map(async (client) => runs.get(client).push(await measureOne(client))),
      );
  return runs;
}

/** Titles by name. */
export async function titlesOf(clients) {
  return new Map(
    await Promise.all(clients.map(async (client) => [client, (await loadClient(client)).title])),
  );
}
