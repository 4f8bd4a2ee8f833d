import { setTimeout as sleep } from "node:timers/promises";
import { readBody } from "./body.js";
import { type Exchange, send } from "./exchange.js";
import type { Fault } from "./fault.js";
import { type Arrival, type IngestRules, ingest } from "./ingest.js";
import { Refusal } from "./refusal.js";
import type { Store } from "./store.js";

/** What an ingest request meets. */
export interface IngestSide {
  readonly rules: IngestRules;
  readonly store: Store;
  readonly closing: AbortSignal;
  readonly now: () => number;
}

/** Answers a request to `/api/{project}/envelope/` or the legacy `/api/{project}/store/`, or lets it meet `fault`. */
export async function answerIngest(
  exchange: Exchange,
  side: IngestSide,
  fault: Fault | undefined,
): Promise<void> {
  switch (fault?.kind) {
    case undefined:
      return accept(exchange, side);
    case "slow":
      await sleep(fault.delayMs, undefined, { signal: side.closing });
      return accept(exchange, side);
    case "hang":
      await receive(exchange, side);
      return;
    case "redirect":
      await receive(exchange, side);
      return send(exchange, 307, { detail: "fault: redirect" }, { location: fault.location });
    case "status": {
      const arrival = await receive(exchange, side);
      if (fault.accept) await ingest(arrival, side.rules, side.store);
      return send(exchange, fault.status, fault.body ?? { detail: `fault: ${fault.status}` }, fault.headers);
    }
    case "cut":
      return cut(exchange, side, fault);
  }
}

async function accept(exchange: Exchange, side: IngestSide): Promise<void> {
  const id = await ingest(await receive(exchange, side), side.rules, side.store);
  send(exchange, 200, id === undefined ? {} : { id });
}

/** Reads the request, without looking into its body. */
async function receive({ request, url, entry }: Exchange, side: IngestSide): Promise<Arrival> {
  const [, , project = "", endpoint] = url.pathname.split("/");
  const body = await readBody(request, side.rules.limits.bodyBytes, (total) => {
    if (entry !== undefined) entry.bytes = total;
  });
  return {
    endpoint: endpoint === "store" ? "store" : "envelope",
    project: decodeProject(project),
    headers: request.headers,
    query: url.searchParams,
    body,
    requestIndex: entry?.index ?? -1,
    receivedAt: side.now(),
  };
}

async function cut(
  exchange: Exchange,
  side: IngestSide,
  fault: Extract<Fault, { kind: "cut" }>,
): Promise<void> {
  const { request, response, entry } = exchange;
  const hangUp = (): void => void request.socket.destroy();
  if (fault.when === "before-read") return hangUp();
  if (fault.when === "mid-body") {
    request.once("data", (chunk: Buffer) => {
      if (entry !== undefined) entry.bytes = chunk.length;
      hangUp();
    });
    request.once("end", hangUp);
    return;
  }
  const arrival = await receive(exchange, side);
  if (fault.accept) await ingest(arrival, side.rules, side.store);
  if (fault.when === "after-read") return hangUp();
  if (entry !== undefined) entry.status = 200;
  // Promises more bytes than it sends.
  response.writeHead(200, { "content-type": "application/json", "content-length": 1000 });
  response.write('{"id":"', hangUp);
}

function decodeProject(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Refusal(400, `the project ${JSON.stringify(segment)} is not percent-encoded text`);
  }
}
