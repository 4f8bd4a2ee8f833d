/** One client's service: a loopback server that takes reports, counts them, and fails the way it is told to. */
import { createServer } from "node:http";
import { PROTOCOLS } from "./protocols.mjs";
import { readReport } from "./reports.mjs";

const BODY_LIMIT = 32 * 1024 * 1024;

/**
 * Opens an endpoint on a free port.
 *
 * Faults: `none` · `down` (the port is closed) · `cut` (the connection is destroyed in the middle of a request) ·
 * `hang` (read, and never answered) · `500` · `503` · `429` (with `retry-after: 2`).
 *
 * @param {string} protocol - a key of {@link PROTOCOLS}
 */
export async function openEndpoint(protocol) {
  const service = PROTOCOLS[protocol];
  const sockets = new Set();
  const tally = createTally(() => sockets.size);
  let fault = "none";
  let server = await listen(0);
  const { port } = server.address();

  function listen(where) {
    const opened = createServer({ keepAliveTimeout: 60_000 }, handle);
    opened.on("connection", (socket) => {
      tally.connections += 1;
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => undefined);
    });
    opened.on("clientError", (_error, socket) => socket.destroy());
    return new Promise((resolve, reject) => {
      opened.once("error", reject);
      opened.listen(where, "127.0.0.1", 4096, () => resolve(opened));
    });
  }

  async function shut() {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  function handle(request, response) {
    tally.requests += 1;
    if (fault === "cut") return request.once("data", () => request.socket.destroy());
    const parts = [];
    let size = 0;
    request.on("data", (part) => {
      size += part.length;
      if (size > BODY_LIMIT) request.socket.destroy();
      else parts.push(part);
    });
    request.on("error", () => undefined);
    request.on("end", () => reply(request, response, Buffer.concat(parts)));
  }

  function reply(request, response, body) {
    if (fault === "hang" || fault === "cut") return;
    if (fault !== "none") {
      response.writeHead(Number(fault), fault === "429" ? { "retry-after": "2" } : {});
      return response.end();
    }
    try {
      const id = tally.accept(readReport(body, request.headers["content-encoding"], service.read));
      response.writeHead(service.status, { "content-type": "application/json" });
      response.end(service.answer(id));
    } catch {
      response.writeHead(400);
      response.end();
    }
  }

  return {
    port,
    tally,
    async setFault(next) {
      if (next === fault) return;
      const before = fault;
      fault = next;
      if (next === "down") await shut();
      else if (before === "down") server = await listen(port);
    },
    async close() {
      if (fault !== "down") await shut();
    },
  };
}

/** Counts what was accepted: by a server that knows the id of a report it already has, and discards the copy. */
function createTally(openConnections) {
  const ids = new Set();
  const cases = new Map();
  let events = 0;
  let copies = 0;

  return {
    requests: 0,
    connections: 0,
    /** @returns {string} the id to answer with */
    accept({ id, cases: named, weight }) {
      if (named.length === 0) return id ?? "none";
      if (id !== undefined && ids.has(id)) {
        copies += 1;
        return id;
      }
      if (id !== undefined) ids.add(id);
      events += 1;
      for (const word of named) cases.set(word, (cases.get(word) ?? 0) + weight);
      return id ?? `report-${events}`;
    },
    /** @param {string} [prefix] - only cases that begin with it; up to 100 of them are listed with their sums */
    read(prefix) {
      const wanted = [...cases].filter(([word]) => prefix === undefined || word.startsWith(prefix));
      return {
        requests: this.requests,
        connections: this.connections,
        events,
        copies,
        distinct: wanted.length,
        total: wanted.reduce((sum, [, count]) => sum + count, 0),
        cases: wanted.length <= 100 ? Object.fromEntries(wanted) : undefined,
      };
    },
    /** Forgets all but the connections that are open. */
    clear() {
      ids.clear();
      cases.clear();
      events = copies = this.requests = 0;
      this.connections = openConnections();
    },
  };
}
