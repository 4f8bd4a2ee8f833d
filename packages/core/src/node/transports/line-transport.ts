import { type Check, demand, expecting, shape } from "../../model/option-checks.js";
import type { Envelope } from "../../transport/envelope.js";
import type { SendResult, Transport } from "../../transport/transport.js";
import { systemClock } from "../clock.js";

/** A stream to a destination: a file, a pipe, a socket. */
export interface Carrier {
  /**
   * Opens the stream where it is closed; called before each batch.
   *
   * @returns `true` when it was opened anew, so that a handshake is due
   */
  open(): boolean | Promise<boolean>;
  /** Writes all bytes. Rejects when some of them may not have been taken; the batch is tried again then. */
  write(bytes: Uint8Array): Promise<void>;
  /** Calls `listener` with everything that arrives, and with `undefined` when the other side closes. */
  onData?(listener: (chunk: Uint8Array | undefined) => void): void;
  /**
   * Finishes a write that is under way, then writes the bytes, synchronously: for the end of the process. Throws when
   * that takes longer than `deadlineMs`. Without it, envelopes that wait at the end are left to a spool or dropped.
   */
  writeSync?(bytes: Uint8Array, deadlineMs: number): void;
  /** Closes the stream; {@link open} may be called again. */
  close(): void | Promise<void>;
}

/** The two sides of a stream that was just opened. */
export interface Handshake {
  /** Sends bytes; strings as UTF-8. */
  write(bytes: Uint8Array | string): Promise<void>;
  /** The next bytes that arrive. */
  read(): Promise<Uint8Array>;
}

/** Options of {@link lineTransport}. */
export interface LineTransportOptions {
  /** In statistics and messages. Default `line`. */
  readonly name?: string;
  readonly carrier: Carrier;
  /** Writes an envelope as one record; `undefined` leaves it out. Default: the event as JSON. */
  readonly encode?: (envelope: Envelope) => Uint8Array | string | undefined;
  /** Marks where a record ends. Default: a newline behind it. */
  readonly frame?: (record: Uint8Array) => Uint8Array;
  /** Runs each time the stream was opened, before the first batch. */
  readonly handshake?: (stream: Handshake) => Promise<void>;
  /**
   * Reads acknowledgements.
   *
   * @param received - everything that arrived since the batch was written
   * @returns one result per envelope, or `undefined` while something is missing. Default: a batch that was written
   * counts as accepted.
   */
  readonly acknowledge?: (
    received: Uint8Array,
    batch: readonly Envelope[],
  ) => readonly SendResult[] | undefined;
  /** The most envelopes of one write. Default 64. */
  readonly maxBatch?: number;
  /** One deadline for opening, handshake, writing and acknowledgement, in milliseconds. Default 10 000. */
  readonly timeoutMs?: number;
}

/**
 * Writes events to a stream, one record after another. Attachments are left out.
 *
 * @throws {OptionsError} for an option that cannot be used
 */
export function lineTransport(options: LineTransportOptions): Transport {
  demand("lineTransport", options, optionsCheck);
  demand("lineTransport.carrier", options.carrier, isCarrier);
  const { carrier, encode = asJson, frame = withNewline, handshake, acknowledge } = options;
  const { name = "line", maxBatch = 64, timeoutMs = 10_000 } = options;
  const inbox = new Inbox();
  let underWay: readonly Envelope[] = [];
  carrier.onData?.((chunk) => inbox.receive(chunk));

  const bytesOf = (batch: readonly Envelope[]): Uint8Array =>
    Buffer.concat(
      batch.map((envelope) => {
        const record = encode(envelope);
        return record === undefined ? NO_BYTES : frame(toBytes(record));
      }),
    );

  async function exchange(batch: readonly Envelope[]): Promise<readonly SendResult[]> {
    const bytes = bytesOf(batch);
    if (await carrier.open()) {
      inbox.clear();
      await handshake?.({ write: (data) => carrier.write(toBytes(data)), read: () => inbox.read() });
    }
    inbox.clear();
    await carrier.write(bytes);
    if (acknowledge === undefined) return batch.map(() => ACCEPTED);
    for (let received: Uint8Array = NO_BYTES; ; ) {
      received = Buffer.concat([received, await inbox.read()]);
      const results = acknowledge(received, batch);
      if (results !== undefined) return results;
    }
  }

  return {
    name,
    maxBatch,
    async send(batch) {
      underWay = batch;
      try {
        return await within(timeoutMs, exchange(batch));
      } catch (error) {
        // The rest of an answer must not count as that to the next batch.
        if (handshake !== undefined || acknowledge !== undefined) await carrier.close();
        throw error;
      } finally {
        underWay = [];
      }
    },
    ...(carrier.writeSync !== undefined && {
      sendSync(batch: readonly Envelope[], deadlineMs: number) {
        // The carrier finishes the write that is under way.
        const begun = new Set(underWay);
        carrier.writeSync?.(bytesOf(batch.filter((envelope) => !begun.has(envelope))), deadlineMs);
        return acknowledge === undefined ? batch.map(() => ACCEPTED) : undefined;
      },
    }),
    async close() {
      await carrier.close();
    },
  };
}

const ACCEPTED: SendResult = { kind: "accepted" };
const NO_BYTES = new Uint8Array();
const NEWLINE = Buffer.from("\n");

function asJson({ kind, payload }: Envelope): string | undefined {
  return kind === "event" ? payload : undefined;
}

function withNewline(record: Uint8Array): Uint8Array {
  return Buffer.concat([record, NEWLINE]);
}

function toBytes(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : data;
}

/** Bytes that arrived and were not read yet. */
class Inbox {
  #chunks: Uint8Array[] = [];
  #isClosed = false;
  #wake: () => void = () => undefined;

  receive(chunk: Uint8Array | undefined): void {
    if (chunk === undefined) this.#isClosed = true;
    else this.#chunks.push(chunk);
    this.#wake();
  }

  clear(): void {
    this.#chunks = [];
    this.#isClosed = false;
  }

  async read(): Promise<Uint8Array> {
    while (this.#chunks.length === 0) {
      if (this.#isClosed) throw new Error("the other side closed the stream");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return Buffer.concat(this.#chunks.splice(0));
  }
}

async function within<T>(timeoutMs: number, task: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = systemClock.schedule(
      () => reject(new Error(`no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    task.then(resolve, reject).finally(() => timer.cancel());
  });
}

const aFunction: Check = expecting("a function", (value) => typeof value === "function");
const aCount: Check = expecting(
  "a whole number from 1",
  (value) => Number.isInteger(value) && Number(value) >= 1,
);

const isCarrier: Check = expecting("a carrier: an object with open, write and close", (value) =>
  ["open", "write", "close"].every(
    (method) => typeof (value as Record<string, unknown> | undefined)?.[method] === "function",
  ),
);

const optionsCheck: Check = shape({
  name: expecting("a string", (value) => typeof value === "string" && value !== ""),
  carrier: () => undefined,
  encode: aFunction,
  frame: aFunction,
  handshake: aFunction,
  acknowledge: aFunction,
  maxBatch: aCount,
  timeoutMs: aCount,
});
