import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type ApiSide, answerApi, isApiPath, summaryOf } from "./api.js";
import { ClientGone } from "./body.js";
import { counted } from "./counted.js";
import { type EventFile, openEventFile } from "./event-file.js";
import { createEventStream } from "./event-stream.js";
import { type Exchange, send } from "./exchange.js";
import { createFaultPlan, type Fault } from "./fault.js";
import { type Group, groupsOf } from "./groups.js";
import { answerIngest, type IngestSide } from "./ingest-endpoint.js";
import { DEFAULT_LIMITS, type Limits } from "./limits.js";
import { checkBrowser, PAGE_HEADERS, pageHtml } from "./page.js";
import { Refusal } from "./refusal.js";
import { type ClientReport, createStore, type OtherItem, type Problem, type ReceivedEvent } from "./store.js";
import { type ConnectionCounts, createTraffic, type ReceivedRequest } from "./traffic.js";
import { waitForEvents } from "./wait.js";

/** How {@link startTestServer} starts. */
export interface TestServerOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** `127.0.0.1` (default) or `::1`: the server is for development and never listens beyond this machine. */
  readonly host?: "127.0.0.1" | "::1";
  /** Answer 400 to events that fail the schema. Default false: accept them, as servers do, and note a problem. */
  readonly strict?: boolean;
  /** Keeps events in this file, one JSON line each, and reads it at the start. Default: in memory alone. */
  readonly file?: string;
  /** Size at which the file takes no more. Default 1 GiB. */
  readonly maxFileBytes?: number;
  /** Events kept in memory, the newest. Default 50 000. */
  readonly maxEvents?: number;
  /** Bytes of events kept in memory. Default 256 MiB. */
  readonly maxBytes?: number;
  /** Sizes that are refused with 413. */
  readonly limits?: Partial<Limits>;
  /** Milliseconds since the Unix epoch; for tests. */
  readonly now?: () => number;
}

/** A running server. */
export interface TestServer {
  /** Of the page; without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** For project 1. The key is made up. */
  readonly dsn: string;
  /** The same for another project. */
  dsnFor(project: string | number): string;
  /** In order of arrival. */
  events(): readonly ReceivedEvent[];
  /** The events as issues, the most recently seen first. */
  groups(): readonly Group[];
  /** Client reports, in order of arrival. */
  reports(): readonly ClientReport[];
  /** Items of other types: check-ins, sessions, logs, unknown ones. */
  items(): readonly OtherItem[];
  /** Every request but those to the page and its API, faulted ones included. */
  requests(): readonly ReceivedRequest[];
  /** TCP connections so far, those of the page included. */
  connections(): ConnectionCounts;
  /** What was refused, and what other servers would refuse, cut or lose. */
  problems(): readonly Problem[];
  /** How many events came whose id was known already: accepted, and not kept again. */
  duplicates(): number;
  /**
   * Waits for a number of events in all, or until a condition on all of them holds.
   *
   * @param timeoutMs - default 5000
   * @throws {Error} (as rejection) when the time is over or the server closes, telling what did arrive
   */
  waitForEvents(
    countOrPredicate: number | ((events: readonly ReceivedEvent[]) => boolean),
    timeoutMs?: number,
  ): Promise<readonly ReceivedEvent[]>;
  /** Calls `listener` for every event that arrives. @returns what ends it */
  onEvent(listener: (event: ReceivedEvent) => void): () => void;
  /** For all following requests; `undefined` ends it. @throws {TypeError} when the fault is none */
  setFault(fault: Fault | undefined): void;
  /** One each for the next requests; they come before the fault of `setFault`. */
  pushFaults(...faults: Fault[]): void;
  /** Forgets everything that arrived, in the file too, and all faults. */
  clear(): void;
  /** Cuts every connection, hung ones too, and gives back the port. */
  close(): Promise<void>;
}

const PUBLIC_KEY = "c0ffeec0ffeec0ffeec0ffeec0ffee00";
const MIB = 1024 * 1024;

/**
 * Starts a loopback server that speaks the ingest side of the Sentry protocol. For development and tests only.
 *
 * @throws {TypeError} when an option is unusable; the system's error when the port is taken or the file not to be had
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { port = 0, host = "127.0.0.1", strict = false, now = Date.now } = options;
  if (host !== "127.0.0.1" && host !== "::1") {
    throw new TypeError(`host: expected "127.0.0.1" or "::1", received ${JSON.stringify(host)}`);
  }
  const store = createStore({ events: options.maxEvents ?? 50_000, bytes: options.maxBytes ?? 256 * MIB });
  const traffic = createTraffic();
  const faults = createFaultPlan();
  const stream = createEventStream();
  const file =
    options.file === undefined ? undefined : openFile(options.file, options.maxFileBytes ?? 1024 * MIB);
  const closing = new AbortController();
  const forget = (): void => {
    store.clear();
    file?.clear();
    stream.publish("clear", {});
  };
  store.onEvent((event) => stream.publish("event", summaryOf(event)));

  const rules = { strict, limits: { ...DEFAULT_LIMITS, ...options.limits } };
  const sides: Sides = {
    ingest: { rules, store, closing: closing.signal, now },
    api: { store, traffic, faults, stream, forget },
  };
  // Plain node:http: faults act on sockets and half-written answers, where a framework would only stand in the way.
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void answer(request, response, sides);
  });
  server.on("connection", (socket) => traffic.addConnection(socket));
  try {
    await listen(server, port, host);
  } catch (error) {
    file?.close();
    throw error;
  }
  const { port: bound } = server.address() as AddressInfo;
  const authority = `${host === "::1" ? "[::1]" : host}:${bound}`;
  const dsnFor = (project: string | number): string =>
    `http://${PUBLIC_KEY}@${authority}/${encodeURIComponent(String(project))}`;

  return {
    url: `http://${authority}`,
    port: bound,
    dsn: dsnFor(1),
    dsnFor,
    events: store.events,
    groups: () => groupsOf(store.events()),
    reports: store.reports,
    items: store.items,
    requests: traffic.requests,
    connections: traffic.connections,
    problems: store.problems,
    duplicates: store.duplicates,
    waitForEvents: (awaited, timeoutMs = 5000) =>
      waitForEvents(awaited, timeoutMs, { store, traffic, closing: closing.signal }),
    onEvent: store.onEvent,
    setFault: faults.set,
    pushFaults: faults.push,
    clear() {
      forget();
      traffic.clear();
      faults.clear();
    },
    async close() {
      closing.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      traffic.destroyConnections();
      await closed;
      file?.close();
    },
  };

  function openFile(path: string, maxBytes: number): EventFile {
    const opened = openEventFile(path, maxBytes, (event, bytes) => void store.addEvent(event, bytes));
    if (opened.skipped > 0) {
      store.addProblem({
        kind: "file",
        detail: `${counted(opened.skipped, "line")} of ${path} skipped: damaged`,
      });
    }
    let full = false;
    store.onEvent((event) => {
      if (opened.append(event) || full) return;
      full = true;
      store.addProblem({ kind: "file", detail: `${path} is full: events are kept in memory alone` });
    });
    return opened;
  }
}

/** The two sides of the server: clients post events to one, people look at them through the other. */
interface Sides {
  readonly ingest: IngestSide;
  readonly api: ApiSide;
}

/** Stands before paths, so that they can be read as addresses. */
const ORIGIN = "http://localhost";
const INGEST_PATH = /^\/api\/[^/]+\/(?:envelope|store)\/?$/;

async function answer(request: IncomingMessage, response: ServerResponse, sides: Sides): Promise<void> {
  response.on("error", () => undefined);
  const { store, traffic, faults } = sides.api;
  const target = request.url ?? "/";
  const url = new URL(URL.canParse(target, ORIGIN) ? target : "/unreadable", ORIGIN);
  const forPeople = isApiPath(url.pathname) || url.pathname === "/";
  const exchange: Exchange = {
    request,
    response,
    url,
    ...(forPeople ? {} : { entry: traffic.addRequest(request) }),
  };
  try {
    if (forPeople) await answerPeople(exchange, sides.api);
    else if (!INGEST_PATH.test(url.pathname)) throw new Refusal(404, `nothing here: ${target}`);
    else if (request.method !== "POST") throw new Refusal(405, `expected POST, received ${request.method}`);
    else {
      const fault = faults.next();
      if (fault !== undefined) exchange.entry!.fault = fault.kind;
      await answerIngest(exchange, sides.ingest, fault);
    }
  } catch (error) {
    if (error instanceof ClientGone || sides.ingest.closing.aborted) return;
    const refusal =
      error instanceof Refusal ? error : new Refusal(500, `the test server failed: ${String(error)}`);
    if (!forPeople) store.addProblem({ kind: "refused", detail: `${refusal.status}: ${refusal.message}` });
    send(exchange, refusal.status, { detail: refusal.message });
  }
}

async function answerPeople(exchange: Exchange, side: ApiSide): Promise<void> {
  checkBrowser(exchange.request);
  if (isApiPath(exchange.url.pathname)) await answerApi(exchange, side);
  else send(exchange, 200, pageHtml(), PAGE_HEADERS);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
