import { constants, openSync } from "node:fs";
import { describe, OptionsError } from "../../model/option-checks.js";
import type { Transport } from "../../transport/transport.js";
import { lineTransport } from "./line-transport.js";
import { LineWriter, writerCarrier } from "./line-writer.js";

/** Options of {@link consoleTransport}. */
export interface ConsoleTransportOptions {
  /** Default `stdout`. */
  readonly stream?: "stdout" | "stderr";
}

/**
 * Writes each event as one line of JSON to standard output, for the collector of a container or service. Attachments are
 * left out. Undelivered events are written before the process ends.
 *
 * @throws {OptionsError} when `stream` is neither `stdout` nor `stderr`
 */
export function consoleTransport(options: ConsoleTransportOptions = {}): Transport {
  const stream = options.stream ?? "stdout";
  if (stream !== "stdout" && stream !== "stderr") {
    throw new OptionsError("consoleTransport.stream", '"stdout" or "stderr"', describe(stream));
  }
  let opened: LineWriter | undefined;
  const writer = (): LineWriter => {
    opened ??= new LineWriter(openStream(stream));
    return opened;
  };
  return lineTransport({ name: stream, carrier: writerCarrier(writer, () => undefined) });
}

/**
 * A descriptor that does not block, because a reader that is stuck would otherwise stop the whole process. A pipe or
 * file is opened anew; a socket cannot be, but becomes non-blocking when Node creates its stream.
 */
function openStream(stream: "stdout" | "stderr"): number {
  const fd = stream === "stdout" ? 1 : 2;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
  } catch {
    void process[stream].writable;
    return fd;
  }
}
