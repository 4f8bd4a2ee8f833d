/**
 * `@corvid/core/testing`: see in tests what an application reports, without a network.
 *
 * @packageDocumentation
 */

import type { ClientOptions } from "./client/options.js";
import { setCurrentClient, unsetCurrentClient } from "./context/current.js";
import type { Event } from "./model/event.js";
import { Client } from "./node/client.js";
import { type Envelope, eventOf } from "./transport/envelope.js";
import type { SendResult, Transport } from "./transport/transport.js";

export type {
  AsymmetricMatcher,
  ExpectedEvent,
  ExpectedFacts,
  ExpectedText,
} from "./testing/expected-event.js";
export {
  type CorvidMatchers,
  corvidMatchers,
  type MatcherContext,
  type MatcherResult,
} from "./testing/matchers.js";

/** A transport that keeps what it is given. */
export interface RecordingTransport extends Transport {
  /** Events in the order they were sent, as they would have left. */
  readonly events: readonly Event[];
  /** The same with attachments, and client reports. */
  readonly envelopes: readonly Envelope[];
  /** Forgets what it was given so far. */
  clear(): void;
}

/** Makes a transport that accepts everything and keeps it. */
export function recordingTransport(): RecordingTransport {
  const envelopes: Envelope[] = [];
  const events: Event[] = [];
  const keep = (batch: readonly Envelope[]): SendResult[] =>
    batch.map((envelope) => {
      envelopes.push(envelope);
      const event = eventOf(envelope);
      if (event !== undefined) events.push(event);
      return { kind: "accepted" };
    });

  return {
    name: "recording",
    maxBatch: 100,
    envelopes,
    events,
    send: async (batch) => keep(batch),
    sendSync: (batch) => keep(batch),
    clear() {
      envelopes.length = 0;
      events.length = 0;
    },
  };
}

/**
 * Runs `fn` with a client of its own as the current one, and returns what was captured meanwhile. Afterwards the client
 * before is current again.
 *
 * @param options - for the client; `transport` and `dsn` are set. By default nothing is sampled, folded or waits
 * @returns the events as they would have left, in order
 * @throws what `fn` throws
 */
export async function withCapturedEvents(
  fn: () => unknown,
  options: Omit<ClientOptions, "transport" | "dsn"> = {},
): Promise<readonly Event[]> {
  const transport = recordingTransport();
  const client = new Client({
    once: { mergeMs: 0, full: Number.MAX_SAFE_INTEGER },
    ...options,
    dsn: false,
    transport,
  });
  const previous = setCurrentClient(client);
  try {
    await fn();
  } finally {
    await client.close();
    unsetCurrentClient(client);
    setCurrentClient(previous);
  }
  return transport.events;
}
