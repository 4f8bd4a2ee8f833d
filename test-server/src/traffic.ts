import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Fault } from "./fault.js";

/** One request as it came; `status` and `bytes` fill in while it goes on. */
export interface ReceivedRequest {
  /** Counts from 0, and again after `clear()`. */
  readonly index: number;
  readonly method: string;
  /** With the query string. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Body bytes received so far, as sent: compressed ones count compressed. */
  readonly bytes: number;
  /** Status answered; `undefined` while, or for ever when, there is no answer. */
  readonly status: number | undefined;
  /** Number of the TCP connection it came over; equal numbers are one connection. */
  readonly connection: number;
  /** The fault it met. */
  readonly fault?: Fault["kind"];
}

/** A {@link ReceivedRequest} that is still being written. */
export type OpenRequest = { -readonly [key in keyof ReceivedRequest]: ReceivedRequest[key] };

/** Counts of TCP connections. */
export interface ConnectionCounts {
  readonly total: number;
  readonly open: number;
  /** The most that were open at once. */
  readonly peak: number;
}

/** Who came, over which connection. */
export interface Traffic {
  addConnection(socket: Socket): void;
  addRequest(request: IncomingMessage): OpenRequest;
  requests(): readonly ReceivedRequest[];
  connections(): ConnectionCounts;
  /** Cuts every connection. */
  destroyConnections(): void;
  clear(): void;
}

const REQUESTS_KEPT = 50_000;

/** Makes the record of a server that has seen nobody. */
export function createTraffic(): Traffic {
  const numbers = new Map<Socket, number>();
  let total = 0;
  let peak = 0;
  let lastNumber = 0;
  let requests: OpenRequest[] = [];
  let nextIndex = 0;

  return {
    addConnection(socket) {
      total++;
      lastNumber++;
      numbers.set(socket, lastNumber);
      peak = Math.max(peak, numbers.size);
      socket.once("close", () => numbers.delete(socket));
    },
    addRequest(request) {
      const entry: OpenRequest = {
        index: nextIndex++,
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        bytes: 0,
        status: undefined,
        connection: numbers.get(request.socket) ?? 0,
      };
      requests.push(entry);
      if (requests.length > REQUESTS_KEPT) requests.splice(0, REQUESTS_KEPT / 8);
      return entry;
    },
    requests: () => [...requests],
    connections: () => ({ total, open: numbers.size, peak }),
    destroyConnections() {
      for (const socket of numbers.keys()) socket.destroy();
    },
    clear() {
      requests = [];
      nextIndex = 0;
      total = peak = numbers.size;
    },
  };
}
