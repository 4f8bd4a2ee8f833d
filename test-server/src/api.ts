import { readBody } from "./body.js";
import type { EventStream } from "./event-stream.js";
import { type Exchange, send } from "./exchange.js";
import { checkedFault, type Fault, type FaultPlan } from "./fault.js";
import { groupIdOf, groupsOf, headlineOf, weightOf } from "./groups.js";
import { Refusal } from "./refusal.js";
import type { ReceivedEvent, Store } from "./store.js";
import type { Traffic } from "./traffic.js";

/** What the JSON API reads and changes. */
export interface ApiSide {
  readonly store: Store;
  readonly traffic: Traffic;
  readonly faults: FaultPlan;
  readonly stream: EventStream;
  /** Forgets the events, also in the file. */
  readonly forget: () => void;
}

const PREFIX = "/api/0/";
const FAULT_BYTES = 64 * 1024;
const EVENTS_PER_PAGE = 100;
const MOST_PER_PAGE = 1000;
const LONE_SURROGATE = /\p{Surrogate}/gu;

/** Whether a path belongs to the API: project 0 is nobody's. */
export function isApiPath(pathname: string): boolean {
  return pathname.startsWith(PREFIX);
}

/**
 * Answers a request to the JSON API.
 *
 * @throws {Refusal} with the status to answer
 */
export async function answerApi(exchange: Exchange, side: ApiSide): Promise<void> {
  const segments = exchange.url.pathname.slice(PREFIX.length).replace(/\/$/, "").split("/");
  const [resource, id, part, number] = segments;
  const method = exchange.request.method === "HEAD" ? "GET" : exchange.request.method;
  switch (`${method} ${shapeOf(segments)}`) {
    case "GET groups":
      return reply(exchange, groupsOf(side.store.events()));
    case "GET groups/:id":
      return reply(exchange, oneGroup(id!, side.store));
    case "GET events":
      return reply(exchange, pageOfEvents(exchange.url.searchParams, side.store));
    case "GET events/:id":
      return reply(exchange, whole(oneEvent(id!, side.store)));
    case "GET events/:id/attachments/:n":
      return sendAttachment(exchange, oneEvent(id!, side.store), Number(number));
    case "DELETE events":
      side.forget();
      return send(exchange, 204, "");
    case "GET stats":
      return reply(exchange, statsOf(side));
    case "GET problems":
      return reply(exchange, side.store.problems());
    case "GET fault":
      return reply(exchange, side.faults.describe());
    case "PUT fault":
      side.faults.set((await readFaults(exchange))[0]);
      return reply(exchange, side.faults.describe());
    case "POST fault":
      side.faults.push(...(await readFaults(exchange)));
      return reply(exchange, side.faults.describe());
    case "DELETE fault":
      side.faults.clear();
      return reply(exchange, side.faults.describe());
    case "GET stream":
      if (!side.stream.add(exchange.response)) throw new Refusal(503, "too many readers of the stream");
      return;
    default:
      throw new Refusal(404, `no ${method} ${resource}${part === undefined ? "" : "/…"} in this API`);
  }
}

/** `events/4f…/attachments/0` → `events/:id/attachments/:n`. */
function shapeOf([resource, id, part, number, ...rest]: readonly string[]): string {
  const shape = [resource, id === undefined ? [] : ":id", part ?? [], number === undefined ? [] : ":n", rest];
  return shape.flat().join("/");
}

function reply(exchange: Exchange, body: object): void {
  send(exchange, 200, body, { "cache-control": "no-store" });
}

/** An event in a list. */
export interface EventSummary {
  readonly id: string;
  readonly group: string;
  readonly project: string;
  readonly type: string;
  readonly value: string;
  readonly level: string;
  /** Failures it stands for. */
  readonly count: number;
  readonly receivedAt: number;
  readonly release?: string;
  readonly environment?: string;
  readonly transaction?: string;
}

/** An event, short. */
export function summaryOf(received: ReceivedEvent): EventSummary {
  const { id, project, event, receivedAt } = received;
  const { level, release, environment, transaction } = event;
  const { type, value } = headlineOf(event);
  return {
    id,
    group: groupIdOf(received),
    project,
    type: type.slice(0, 256),
    value: value.slice(0, 1024),
    level: typeof level === "string" ? level : "error",
    count: weightOf(event),
    receivedAt,
    ...Object.fromEntries(
      Object.entries({ release, environment, transaction }).filter(([, text]) => typeof text === "string"),
    ),
  };
}

function whole(received: ReceivedEvent): object {
  const { attachments, requestIndex: _, ...rest } = received;
  return {
    ...rest,
    group: groupIdOf(received),
    attachments: attachments.map(({ data, ...attachment }) => ({ ...attachment, bytes: data.length })),
  };
}

/** @throws {Refusal} 404 */
function oneEvent(id: string, store: Store): ReceivedEvent {
  const event = store.event(id);
  if (event === undefined) throw new Refusal(404, `no event ${id}`);
  return event;
}

function oneGroup(id: string, store: Store): object {
  const members = store.events().filter((event) => groupIdOf(event) === id);
  const [group] = groupsOf(members);
  if (group === undefined) throw new Refusal(404, `no group ${id}`);
  return { ...group, latest: members.slice(-EVENTS_PER_PAGE).reverse().map(summaryOf) };
}

/** The newest first; `?limit=` (100, at most 1000) and `?offset=`. */
function pageOfEvents(query: URLSearchParams, store: Store): object {
  const limit = Math.min(wholeNumber(query, "limit", EVENTS_PER_PAGE), MOST_PER_PAGE);
  const offset = wholeNumber(query, "offset", 0);
  return store
    .events()
    .toReversed()
    .slice(offset, offset + limit)
    .map(summaryOf);
}

function wholeNumber(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,9}$/.test(text))
    throw new Refusal(400, `${name}: expected a whole number, received ${JSON.stringify(text)}`);
  return Number(text);
}

function sendAttachment(exchange: Exchange, { attachments }: ReceivedEvent, number: number): void {
  const attachment = attachments[number];
  if (attachment === undefined) throw new Refusal(404, "no such attachment");
  // Never as what it says it is: a page that came as an attachment must not run here.
  send(exchange, 200, attachment.data, {
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(attachment.filename.replace(LONE_SURROGATE, "\ufffd"))}`,
  });
}

function statsOf({ store, traffic }: ApiSide): object {
  const events = store.events();
  const discarded: Record<string, number> = Object.create(null);
  for (const { reason, quantity } of store.reports().flatMap((report) => report.discarded_events)) {
    discarded[reason] = (discarded[reason] ?? 0) + quantity;
  }
  return {
    events: events.length,
    failures: events.reduce((sum, { event }) => sum + weightOf(event), 0),
    groups: groupsOf(events).length,
    duplicates: store.duplicates(),
    forgotten: store.forgotten(),
    problems: store.problems().length,
    reports: store.reports().length,
    discarded,
    requests: traffic.requests().length,
    connections: traffic.connections(),
  };
}

/** One fault, or a list of them. @throws {Refusal} 400 when the body holds anything else */
async function readFaults({ request }: Exchange): Promise<Fault[]> {
  const body = await readBody(request, FAULT_BYTES, () => undefined);
  try {
    return [JSON.parse(body.toString("utf8")) as unknown].flat().map(checkedFault);
  } catch (error) {
    throw new Refusal(
      400,
      `Expected a fault such as {"kind":"status","status":503}: ${(error as Error).message}`,
    );
  }
}
