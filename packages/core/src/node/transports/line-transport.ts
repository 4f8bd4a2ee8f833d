import type { Envelope } from "../../transport/envelope.js";
import type { SendResult, Transport } from "../../transport/transport.js";
import type { LineWriter } from "./line-writer.js";

/** Where the lines of a transport go. */
export interface LineSink {
  /** The writer for now; a file may have been rotated since the last one. @throws what the system says */
  writer(): LineWriter;
  close?(): void;
}

const LINES_PER_WRITE = 64;

/** A transport that writes each event as one line of JSON. Attachments and what is no event are left out. */
export function createLineTransport(name: string, sink: LineSink): Transport {
  let underWay: readonly Envelope[] = [];

  return {
    name,
    maxBatch: LINES_PER_WRITE,
    maxInFlight: 1,
    async send(batch) {
      underWay = batch;
      try {
        await sink.writer().write(linesOf(batch));
        return batch.map(() => ACCEPTED);
      } finally {
        underWay = [];
      }
    },
    sendSync(batch, deadlineMs) {
      // What is half-way out is finished by the writer, and must not be said twice.
      const begun = new Set(underWay);
      sink.writer().writeNow(linesOf(batch.filter((envelope) => !begun.has(envelope))), deadlineMs);
      return batch.map(() => ACCEPTED);
    },
    async close() {
      sink.close?.();
    },
  };
}

const ACCEPTED: SendResult = { kind: "accepted" };

function linesOf(batch: readonly Envelope[]): string {
  return batch.map(({ kind, payload }) => (kind === "event" ? `${payload}\n` : "")).join("");
}
